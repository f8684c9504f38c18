package flinkprometheusreceiver

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"

	"weir.example/internal/cputime"
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
		name string
		body func(i int) []byte
	}{
		{"same lines", func(int) []byte { return body }},
		{"one line is new", func(i int) []byte {
			return bytes.Join([][]byte{middle, fmt.Appendf(nil, "flink_new{n=\"%d\"} 1\n", i), body[len(middle):]}, nil)
		}},
		{"a tenth is new", func(i int) []byte {
			changed := bytes.Buffer{}
			for n, l := range lines {
				if n%10 == 0 && len(l) > 0 && l[0] != '#' {
					l = bytes.Replace(l, []byte("{"), fmt.Appendf(nil, "{n=\"%d\",", i), 1)
				}
				changed.Write(l)
			}
			return changed.Bytes()
		}},
		{"a job restarted", func(i int) []byte {
			return bytes.ReplaceAll(body, job, fmt.Appendf(job[:len(job):len(job)], "%d", i))
		}},
		{"lines in another order", func(int) []byte {
			rand.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			return bytes.Join(lines, nil)
		}},
		{"first scrape", nil},
	} {
		b.Run(bb.name, func(b *testing.B) {
			d, bodies := newDrawnTarget("tm:9249"), [3][]byte{body, body, body}
			for i := range bodies {
				if bb.body != nil {
					bodies[i] = bb.body(i)
				}
			}
			i := 0
			cputime.Loop(b, 4140, func() {
				if bb.body == nil {
					d = newDrawnTarget("tm:9249")
				}
				d.t += 3600e9 // so that what vanished is forgotten
				d.see(b, bodies[i%len(bodies)])
				d.deliver()
				i++
			})
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

// TestLinesMeanWhatTheySay is the law of the catalog: whatever scrapes came before, in whatever order their lines were,
// delivered or not, a scrape reads as it would if it were the first.
func TestLinesMeanWhatTheySay(t *testing.T) {
	texts := []string{
		"a 1", "a 2", "a NaN", "a x", "a{x=\"1\"} 1", "a{x=\"1\",y=\"2\"} 1", "a{y=\"2\",x=\"1\"} 3", "a{x=\"1\",x=\"2\"} 1", "a{__x=\"1\"} 1",
		"b{host=\"h\",tm_id=\"t\"} 1", "b{tm_id=\"t\",host=\"h\"} 2", "b{host=\"h\",tm_id=\"u\"} 1", "b{tm_id=\"t\"} 1", "b{job=\"j\"} 1",
		"c_count{tm_id=\"t\"} 7", "c_count{tm_id=\"t\"} 5", "{} 1", "c 0x1p3", "# HELP a b", "# HELP a c", " # HELP a b", "# TYPE a counter", "# TYPE a gauge\r",
		"# TYPE b counter", "# remark", "not 1 a line",
	}
	rapid.Check(t, func(rt *rapid.T) {
		d := newDrawnTarget("tm:9249")
		d.history.retention = pcommon.Timestamp(40e9)
		for range rapid.IntRange(1, 12).Draw(rt, "scrapes") {
			body := "# TYPE c_count counter\nup 1\n" + strings.Join(rapid.SliceOf(rapid.SampledFrom(texts)).Draw(rt, "lines"), "\n") + "\n"
			if rapid.IntRange(0, 4).Draw(rt, "fails") == 0 {
				d.fail(body)
				continue
			}
			d.see(rt, []byte(body))
			c, want := read(rt, []byte(body))
			require.True(rt, maps.Equal(want.drops, d.reading.drops))
			require.Equal(rt, want.exposed, d.reading.exposed)
			for i, p := range want.points {
				require.Equal(rt, c.flat(p), d.catalog.flat(d.reading.points[i]))
				require.Equal(rt, math.Float64bits(p.value), math.Float64bits(d.reading.points[i].value))
			}
			d.requireToldAs(rt, c, want)
			if rapid.Bool().Draw(rt, "delivered") {
				d.deliver()
			}
			d.requireSound(rt)
		}
	})
}

// requireToldAs checks that the comments of the last scrape mean what they mean to c, which has read nothing else.
func (d *drawnTarget) requireToldAs(t require.TestingT, c *catalog, want *reading) {
	require.Len(t, d.catalog.families, len(c.families))
	for i, p := range want.points {
		wanted, m := c.metricOf(p), d.catalog.metricOf(d.reading.points[i])
		said := c.families[wanted.name]
		if said != nil && said.helpScan > 0 {
			require.Equal(t, wanted.description, m.description)
		}
		if said != nil && said.typeScan > 0 {
			require.Equal(t, wanted.sum, m.sum)
		}
	}
}

// TestAnIgnoredCommentIsNotRemembered: the first TYPE of a name counts, also when the line of the last scrape comes second.
func TestAnIgnoredCommentIsNotRemembered(t *testing.T) {
	d := newDrawnTarget("tm:9249")
	d.read(t, "a 1\n# TYPE a gauge\n")
	d.read(t, "# TYPE a counter\na 1\n# TYPE a gauge\n")
	require.True(t, d.catalog.metricOf(d.reading.points[0]).sum)
	d.read(t, "a 1\n# TYPE a gauge\n")
	require.False(t, d.catalog.metricOf(d.reading.points[0]).sum)
}

// fail reads a body that breaks off.
func (d *drawnTarget) fail(body string) {
	d.reading.reset()
	d.catalog.begin()
	_ = d.catalog.read([]byte(body), &d.reading, createDefaultConfig().(*Config).Limits)
	d.reading.reset()
	d.catalog.abandon()
	d.t += 15e9
	d.history.judge(&d.reading, d.t, d.catalog.scan)
	d.deliver()
}

// requireSound checks that each series that somebody has is one, and each that is one somebody has.
func (d *drawnTarget) requireSound(t require.TestingT) {
	c := d.catalog
	used := map[id]bool{}
	for _, l := range c.lines {
		used[l.series] = true
	}
	for _, gone := range d.history.gone {
		require.True(t, c.series[gone.series].known)
		require.False(t, c.series[gone.series].exposed)
		used[gone.series] = true
	}
	counters, exposed := map[id]bool{none: true}, 0
	for i, s := range c.series {
		if s.entity == none {
			require.False(t, used[id(i)], "what is used is not free")
			require.Contains(t, c.free, id(i))
			continue
		}
		if s.exposed {
			exposed++
			used[id(i)] = true
		}
		require.False(t, s.known && !used[id(i)])
		require.False(t, s.counter != none && counters[s.counter], "a counter has one series")
		counters[s.counter] = true
	}
	require.Equal(t, d.history.exposed, exposed)
	require.Equal(t, c.live()+len(c.free), len(c.series))
	require.Equal(t, len(counters)-1+len(c.freed), len(c.counts))
	require.LessOrEqual(t, c.live(), len(c.lines)+d.history.remembered())
}
