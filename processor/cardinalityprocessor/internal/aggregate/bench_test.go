package aggregate

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	benchInputs = 200_000
	perOutput   = 20 // inputs of each output
)

// bench is an Aggregator with inputs of one type.
type bench struct {
	a      *Aggregator
	refs   []Ref
	points []pmetric.NumberDataPoint
	at     pcommon.Timestamp
	value  float64
}

func newBench(tb testing.TB, inputs int, kind pmetric.MetricType) *bench {
	w := &bench{a: New(Options{}), at: 1_700_000_000e9, value: 1e6}
	o := Output{Resource: pcommon.NewMap(), Attributes: pcommon.NewMap(), Type: kind, Monotonic: kind == pmetric.MetricTypeSum}
	o.Resource.PutStr("service.name", "flink")
	o.Resource.PutStr("job_name", "orders")
	for i := range inputs {
		if i%perOutput == 0 {
			n := i / perOutput
			o.Name = fmt.Sprintf("flink.task.metric%d", n%50)
			o.Attributes.PutStr("task_name", fmt.Sprintf("task-%d", n/50))
			o.Attributes.PutStr("cluster", "production")
		}
		var id ID
		binary.LittleEndian.PutUint64(id[:], uint64(i)*0x9e3779b97f4a7c15)
		ref, err := w.a.Resolve(id, &o)
		require.NoError(tb, err)
		w.refs = append(w.refs, ref)
		p := pmetric.NewNumberDataPoint()
		p.SetStartTimestamp(pcommon.Timestamp(i%3/2) * 1_600_000_000e9)
		p.SetDoubleValue(0)
		w.points = append(w.points, p)
	}
	return w
}

// scrape gives all inputs their next points. One counter in three tells its start.
func (w *bench) scrape() {
	w.at += 15e9
	w.value += 17
	for i, p := range w.points {
		p.SetTimestamp(w.at)
		p.SetDoubleValue(w.value + float64(i))
	}
}

// absorb encodes and applies the points.
func (w *bench) absorb(tb testing.TB) (record int) {
	b := w.a.Begin()
	for i, ref := range w.refs {
		b.Number(ref, w.points[i], pmetric.AggregationTemporalityCumulative)
	}
	bytes := b.Record(w.at)
	if _, err := w.a.Apply(bytes); err != nil {
		tb.Fatal(err)
	}
	b.Release()
	return len(bytes)
}

func (w *bench) round(tb testing.TB) {
	w.scrape()
	w.absorb(tb)
}

func (w *bench) tick(tb testing.TB) {
	record, due := w.a.Tick(w.at + 1e9)
	require.True(tb, due)
	_, err := w.a.Apply(record)
	require.NoError(tb, err)
}

func (w *bench) done(tb testing.TB) {
	_, err := w.a.Apply(w.a.Done())
	require.NoError(tb, err)
}

func BenchmarkAbsorb(b *testing.B) {
	w := newBench(b, benchInputs, pmetric.MetricTypeSum)
	for range 3 {
		w.round(b)
	}
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		w.scrape()
		b.StartTimer()
		size = w.absorb(b)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchInputs, "ns/sample")
	b.ReportMetric(float64(size)/benchInputs, "B/sample")
}

func BenchmarkApply(b *testing.B) {
	w := newBench(b, benchInputs, pmetric.MetricTypeSum)
	for range 3 {
		w.round(b)
	}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		w.scrape()
		batch := w.a.Begin()
		for i, ref := range w.refs {
			batch.Number(ref, w.points[i], pmetric.AggregationTemporalityCumulative)
		}
		record := batch.Record(w.at)
		b.StartTimer()
		_, err := w.a.Apply(record)
		b.StopTimer()
		require.NoError(b, err)
		batch.Release()
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchInputs, "ns/sample")
}

func BenchmarkTick(b *testing.B) {
	for _, kind := range []pmetric.MetricType{pmetric.MetricTypeSum, pmetric.MetricTypeGauge} {
		b.Run(kind.String(), func(b *testing.B) {
			w := newBench(b, benchInputs, kind)
			for range 3 {
				w.round(b)
			}
			b.ReportAllocs()
			for b.Loop() {
				w.at += 1e9
				w.tick(b)
				b.StopTimer()
				w.done(b)
				b.StartTimer()
			}
		})
	}
}

func BenchmarkRender(b *testing.B) {
	for _, returned := range []bool{false, true} {
		b.Run(map[bool]string{false: "new", true: "returned"}[returned], func(b *testing.B) {
			w := newBench(b, benchInputs, pmetric.MetricTypeSum)
			for range 3 {
				w.round(b)
			}
			points := 0
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				w.round(b)
				w.tick(b)
				b.StartTimer()
				points = 0
				_ = w.a.Render(2000, func(md pmetric.Metrics) error {
					points += md.DataPointCount()
					if returned {
						w.a.Reuse(md)
					}
					return nil
				})
				b.StopTimer()
				w.done(b)
				b.StartTimer()
			}
			require.Equal(b, benchInputs/perOutput, points)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(points), "ns/point")
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	w := newBench(b, 1_000_000, pmetric.MetricTypeSum)
	w.round(b)
	var saved bytes.Buffer
	require.NoError(b, w.a.Save(&saved))
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, New(Options{}).Load(bytes.NewReader(saved.Bytes())))
	}
	b.ReportMetric(float64(saved.Len())/1e6, "B/input")
}

func BenchmarkSave(b *testing.B) {
	w := newBench(b, 1_000_000, pmetric.MetricTypeSum)
	w.round(b)
	var saved bytes.Buffer
	for b.Loop() {
		saved.Reset()
		require.NoError(b, w.a.Save(&saved))
	}
}

// TestMemory keeps what an input costs, live or ended, under what the documentation says.
func TestMemory(t *testing.T) {
	const inputs = 500_000
	heap := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	d := newDesk(t, Options{}, pmetric.MetricTypeSum)
	before := heap()
	for i := range inputs {
		var id ID // spread like a hash
		binary.LittleEndian.PutUint64(id[:], uint64(i)*0x9e3779b97f4a7c15)
		_, err := d.a.Resolve(id, &d.output)
		require.NoError(t, err)
	}
	d.batch(10, func(*Batch) {})
	d.a.issue.idle, d.a.issue.inputs = nil, nil
	perInput := (heap() - before) / inputs
	t.Logf("%.1f B an input", perInput)
	require.Less(t, perInput, 72.0)
	runtime.KeepAlive(d)
}

func TestKnownInputsAllocateNothing(t *testing.T) {
	w := newBench(t, 1000, pmetric.MetricTypeSum)
	for range 3 {
		w.round(t)
	}
	require.Zero(t, testing.AllocsPerRun(10, func() {
		w.at++
		for _, p := range w.points {
			p.SetTimestamp(w.at)
		}
		w.absorb(t)
	}))
}
