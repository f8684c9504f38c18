package flinkprometheusreceiver

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"weir.example/internal/flinktest"
)

// BenchmarkLayoutChange reads and judges scrapes whose lines are not those of the scrape before.
func BenchmarkLayoutChange(b *testing.B) {
	body := largeBodies(b)[0]
	lines := bytes.SplitAfter(body, []byte("\n"))
	middle := bytes.Join(lines[:len(lines)/2], nil)
	job := []byte(`job_id="`)
	require.Greater(b, bytes.Count(body, job), 4000)
	for _, bb := range []struct {
		name  string
		first bool
		body  func(i int) []byte
	}{
		{"same lines", false, func(int) []byte { return body }},
		{"one line is new", false, func(i int) []byte {
			return bytes.Join([][]byte{middle, fmt.Appendf(nil, "flink_new{n=\"%d\"} 1\n", i), body[len(middle):]}, nil)
		}},
		{"a tenth is new", false, func(i int) []byte {
			changed := bytes.Buffer{}
			for n, l := range lines {
				if n%10 == i%10 && len(l) > 0 && l[0] != '#' {
					l = bytes.Replace(l, []byte("{"), fmt.Appendf(nil, "{n=\"%d\",", i), 1)
				}
				changed.Write(l)
			}
			return changed.Bytes()
		}},
		{"a job restarted", false, func(i int) []byte {
			return bytes.ReplaceAll(body, job, fmt.Appendf(job[:len(job):len(job)], "%d", i))
		}},
		{"lines in another order", false, func(int) []byte {
			rand.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			return bytes.Join(lines, nil)
		}},
		{"first scrape", true, func(int) []byte { return body }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			d := newDrawnTarget("tm:9249")
			d.read(b, string(body))
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				b.StopTimer()
				given := string(bb.body(i))
				if bb.first {
					d = newDrawnTarget("tm:9249")
				}
				d.t += 3600e9 // so that what vanished is not remembered
				b.StartTimer()
				d.read(b, given)
				i++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4140, "ns/line")
		})
	}
}

// TestASeriesIsHeldInLittleMemory measures what is kept of a large target between its scrapes.
func TestASeriesIsHeldInLittleMemory(t *testing.T) {
	const most = 64 // bytes per series
	body := string(flinktest.Exposition{Subtasks: 20, Tasks: 5, Operators: 3, TaskMetrics: 30, OperatorMetrics: 20}.Page(1).Body)
	held := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	newDrawnTarget("warm:9249").read(t, body)
	targets := make([]*drawnTarget, 10)
	before := held()
	for i := range targets {
		targets[i] = newDrawnTarget("tm:9249")
		targets[i].read(t, body)
		targets[i].read(t, body)
		targets[i].reading.release()
	}
	bytes := held() - before
	live := targets[0].catalog.live()
	require.Greater(t, live, 5000)
	perSeries := float64(bytes) / float64(len(targets)*live)
	t.Logf("%.0f B per series, of %d", perSeries, live)
	require.Less(t, perSeries, float64(most))
	runtime.KeepAlive(targets)
	runtime.KeepAlive(body)
}
