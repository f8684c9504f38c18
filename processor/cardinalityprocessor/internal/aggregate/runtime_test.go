package aggregate

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

func TestResolveRefusesBeyondMaxInputs(t *testing.T) {
	d := newDesk(t, Options{MaxInputs: 2}, pmetric.MetricTypeSum)
	d.run([]step{{in: "a", at: 10, start: 5, v: 1}, {in: "b", at: 10, start: 5, v: 1}})
	_, err := d.a.Resolve(ID{'c'}, &d.output)
	require.ErrorIs(t, err, ErrFull)
	d.resolve("a", "")
	d.run([]step{{in: "a", at: 11, v: nil, outcome: StaleMarker}, {in: "c", at: 12, start: 11, v: 1}, {tick: 15, want: "3 since 5"}})
	require.Equal(t, 2, d.a.Stats().LiveInputs)
	require.Equal(t, 1, d.a.Stats().Tombstones)
	require.Equal(t, 1, d.a.Stats().Outputs)
	require.Positive(t, d.a.Stats().Bytes)
}

func TestOutputsAreFoundByIdentityAndName(t *testing.T) {
	d := newDesk(t, Options{TombstoneTTL: time.Minute}, pmetric.MetricTypeSum)
	id := d.output.ID()
	require.False(t, d.a.HasOutput(id) || d.a.HasOutputs("out"))
	d.run([]step{{in: "a", at: 10, start: 5, v: 1}})
	require.True(t, d.a.HasOutput(id) && d.a.HasOutputs("out"))
	require.False(t, d.a.HasOutputs("other"))
	d.run([]step{{tick: 15, want: "1 since 5"}, {tick: 1000, want: "stale"}, {tick: 2000}, {tick: 3000}})
	require.False(t, d.a.HasOutput(id) || d.a.HasOutputs("out"), "it was forgotten")
	require.Empty(t, d.a.families)
	require.Empty(t, d.a.resources)
}

// TestRefsOutliveTheirInputs: a batch that was begun before its input was forgotten counts all the same, and its refs are
// given to nobody else meanwhile.
func TestRefsOutliveTheirInputs(t *testing.T) {
	d := newDesk(t, Options{TombstoneTTL: 100 * time.Second}, pmetric.MetricTypeSum)
	d.run([]step{{in: "keep", at: 10, start: 5, v: 100}, {in: "a", at: 10, start: 5, v: 3}, {in: "a", at: 11, v: nil, outcome: StaleMarker}, {tick: 15, want: "103 since 5"}})
	generation := d.a.Generation()
	ref := d.resolve("a", "")
	old := d.a.Begin()
	old.Number(ref, number1(step{at: 190, start: 150, v: 5}), pmetric.AggregationTemporalityCumulative)
	d.run([]step{{in: "keep", at: 199, start: 5, v: 101}, {tick: 200, want: "104 since 5"}})
	require.NotEqual(t, generation, d.a.Generation(), "a was forgotten")
	other := d.resolve("b", "")
	require.NotEqual(t, ref, other, "its ref is not given away while the batch is open")
	d.tally = Tally{}
	d.apply(old.Record(moment(201)))
	old.Release()
	old.Release()
	require.EqualValues(t, 1, d.tally[Absorbed])
	require.Equal(t, "109 since 5", d.tick(205))

	d.run([]step{{in: "keep", at: 399, start: 5, v: 101}, {tick: 400, want: "109 since 5"}})
	require.Contains(t, []Ref{ref, other}, d.resolve("c", ""), "with no batch open they are given away")
}

func TestUnknownRefsAreMismatched(t *testing.T) {
	d := newDesk(t, Options{}, pmetric.MetricTypeSum)
	tally := d.batch(10, func(b *Batch) {
		b.Number(77, number1(step{at: 10, v: 1}), pmetric.AggregationTemporalityCumulative)
		b.Number(d.resolve("a", ""), number1(step{at: 10, start: 5, v: 2}), pmetric.AggregationTemporalityCumulative)
		require.Equal(t, 2, b.points)
	})
	require.EqualValues(t, 1, tally[Mismatched])
	require.Equal(t, "2 since 5", d.tick(15))
}

// TestDefinitionsSurviveALostRecord: what Resolve defined is in every record until one was applied.
func TestDefinitionsSurviveALostRecord(t *testing.T) {
	d := newDesk(t, Options{}, pmetric.MetricTypeSum)
	ref := d.resolve("a", "")
	lost := d.a.Begin()
	lost.Number(ref, number1(step{at: 10, start: 5, v: 1}), pmetric.AggregationTemporalityCumulative)
	_ = lost.Record(moment(10))
	lost.Release()
	d.batch(20, func(b *Batch) {
		b.Number(ref, number1(step{at: 20, start: 5, v: 2}), pmetric.AggregationTemporalityCumulative)
	})
	require.Equal(t, "2 since 5", d.tick(25))
}

func TestPointsOfOneCallCountInTheOrderOfTime(t *testing.T) {
	d := newDesk(t, Options{}, pmetric.MetricTypeSum)
	d.batch(20, func(b *Batch) {
		for _, s := range []step{{at: 13, start: 12, v: 4}, {at: 10, start: 5, v: 3}, {at: 14, start: 12, v: 5}, {at: 11, start: 5, v: 7}} {
			p := number1(s)
			p.Exemplars().AppendEmpty().SetIntValue(int64(s.at))
			b.Number(d.resolve("a", ""), p, pmetric.AggregationTemporalityCumulative)
		}
	})
	require.EqualValues(t, 4, d.tally[Absorbed])
	p := d.shown(25).Sum().DataPoints().At(0)
	require.EqualValues(t, 12, p.IntValue(), "7 of the first life, 5 of the second")
	require.Equal(t, 4, p.Exemplars().Len())
}

// TestRenderGroupsAndOrders: one resource, scope and metric each, in order, whatever the order of arrival and however it
// is cut.
func TestRenderGroupsAndOrders(t *testing.T) {
	d := newDesk(t, Options{}, pmetric.MetricTypeSum)
	n := 0
	for _, name := range []string{"b", "a"} {
		for _, job := range []string{"y", "x"} {
			for _, scope := range []string{"s2", "s1"} {
				for _, task := range []string{"2", "1"} {
					d.output.Resource.PutStr("job", job)
					d.output.ScopeName = scope
					d.output.Attributes.PutStr("task", task)
					n++
					d.run([]step{{in: fmt.Sprint(n), out: name, at: 10, start: 5, v: 1}})
				}
			}
		}
	}
	record, due := d.a.Tick(moment(15))
	require.True(t, due)
	d.apply(record)
	_, due = d.a.Tick(moment(16))
	require.False(t, due, "one is pending")

	list := func(maxPoints int) string {
		var points []string
		require.NoError(t, d.a.Render(maxPoints, func(md pmetric.Metrics) error {
			require.Positive(t, md.DataPointCount())
			for _, rm := range md.ResourceMetrics().All() {
				job, _ := rm.Resource().Attributes().Get("job")
				for _, sm := range rm.ScopeMetrics().All() {
					for _, m := range sm.Metrics().All() {
						for _, p := range m.Sum().DataPoints().All() {
							task, _ := p.Attributes().Get("task")
							points = append(points, job.Str()+sm.Scope().Name()+m.Name()+task.Str())
						}
					}
				}
			}
			return nil
		}))
		return strings.Join(points, " ")
	}
	want := "xs1a1 xs1a2 xs1b1 xs1b2 xs2a1 xs2a2 xs2b1 xs2b2 ys1a1 ys1a2 ys1b1 ys1b2 ys2a1 ys2a2 ys2b1 ys2b2"
	for _, maxPoints := range []int{0, 1, 3, 16, 100} {
		require.Equal(t, want, list(maxPoints))
	}
	md := d.render(0)
	require.Equal(t, 2, md.ResourceMetrics().Len())
	require.Equal(t, 2, md.ResourceMetrics().At(0).ScopeMetrics().Len())
	require.Equal(t, 2, md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().Len())
}

// TestRenderWhileBatchesAreApplied: parts are copied under the mutex, sent without it, and show the tick, whatever is
// absorbed meanwhile.
func TestRenderWhileBatchesAreApplied(t *testing.T) {
	var mu sync.Mutex
	d := newDesk(t, Options{Locker: &mu}, pmetric.MetricTypeSum)
	for i := range 50 {
		d.run([]step{{in: fmt.Sprint(i), out: fmt.Sprintf("m%02d", i), at: 10, start: 5, v: 1}})
	}
	record, _ := d.a.Tick(moment(15))
	d.apply(record)
	at := 16.0
	done := make(chan struct{})
	stop := make(chan struct{})
	go func() { // another call, at any time
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			mu.Lock()
			b := d.a.Begin()
			ref, _ := d.a.Resolve(ID{'n', byte(i), byte(i >> 8)}, &d.output)
			b.Number(ref, number1(step{at: 16, start: 5, v: 1}), pmetric.AggregationTemporalityCumulative)
			_, _ = d.a.Apply(b.Record(moment(16)))
			b.Release()
			mu.Unlock()
		}
	}()
	var shown []int64
	require.NoError(t, d.a.Render(1, func(md pmetric.Metrics) error {
		mu.Lock() // send runs without it
		defer mu.Unlock()
		at++
		m := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0)
		d.run([]step{{in: strings.TrimLeft(m.Name()[1:2], "0") + m.Name()[2:], out: m.Name(), at: at, start: 5, v: 100}})
		shown = append(shown, m.Sum().DataPoints().At(0).IntValue())
		return nil
	}))
	close(stop)
	<-done
	require.Len(t, shown, 50)
	require.NotContains(t, shown, int64(100))
	before := marshal(t, d.render(7))
	require.Equal(t, before, marshal(t, d.render(7)))
	require.NotContains(t, before, `"asInt":"100"`)
	d.apply(d.a.Done())
	require.Contains(t, d.tick(100), "m00 100 since 5")
}

// everything is a desk with each type of output and detail, and a pending tick.
func everything(t testing.TB) *Aggregator {
	a := New(Options{})
	send := func(name string, kind pmetric.MetricType, fill func(*Batch, Ref)) {
		o := newDesk(nil, Options{}, kind).output
		o.Name, o.Description, o.ScopeName = name, "what "+name+" is", "scope"
		o.Resource.PutStr("service.name", "flink")
		o.Attributes.PutStr("topic", name)
		for in := range 3 {
			ref, err := a.Resolve(ID{name[0], name[1], byte(in)}, &o)
			require.NoError(t, err)
			b := a.Begin()
			fill(b, ref)
			_, err = a.Apply(b.Record(moment(20)))
			require.NoError(t, err)
			b.Release()
		}
	}
	send("counter", pmetric.MetricTypeSum, func(b *Batch, ref Ref) {
		p := number1(step{at: 10, start: 5, v: 0.1})
		p.Exemplars().AppendEmpty().FilteredAttributes().PutStr("k", "v")
		b.Number(ref, p, pmetric.AggregationTemporalityCumulative)
		b.Number(ref, number1(step{at: 11, start: 5, v: 0.2}), pmetric.AggregationTemporalityCumulative)
	})
	send("delta", pmetric.MetricTypeSum, func(b *Batch, ref Ref) {
		for i := range 10 {
			b.Number(ref, number1(step{at: float64(10 + i), v: 7}), pmetric.AggregationTemporalityDelta)
		}
	})
	send("gauge", pmetric.MetricTypeGauge, func(b *Batch, ref Ref) {
		b.Number(ref, number1(step{at: 10, v: -3}), pmetric.AggregationTemporalityUnspecified)
	})
	send("histogram", pmetric.MetricTypeHistogram, func(b *Batch, ref Ref) {
		p := pmetric.NewHistogramDataPoint()
		p.SetTimestamp(moment(10))
		p.SetCount(3)
		p.SetSum(1.5)
		p.ExplicitBounds().FromRaw([]float64{1, float64(ref)})
		p.BucketCounts().FromRaw([]uint64{1, 2, 0})
		b.Histogram(ref, p, pmetric.AggregationTemporalityCumulative)
	})
	send("exponential", pmetric.MetricTypeExponentialHistogram, func(b *Batch, ref Ref) {
		p := pmetric.NewExponentialHistogramDataPoint()
		p.SetTimestamp(moment(10))
		p.SetCount(3)
		p.SetScale(int32(ref) - 10)
		p.SetZeroThreshold(0.01)
		p.Positive().SetOffset(-3)
		p.Positive().BucketCounts().FromRaw([]uint64{1, 0, 2})
		b.Exponential(ref, p, pmetric.AggregationTemporalityCumulative)
	})
	send("summary", pmetric.MetricTypeSummary, func(b *Batch, ref Ref) {
		p := pmetric.NewSummaryDataPoint()
		p.SetTimestamp(moment(10))
		p.SetCount(3)
		b.Summary(ref, p)
	})
	record, due := a.Tick(moment(60))
	require.True(t, due)
	_, err := a.Apply(record)
	require.NoError(t, err)
	return a
}

func saved(t testing.TB, a *Aggregator) []byte {
	var b bytes.Buffer
	require.NoError(t, a.Save(&b))
	return b.Bytes()
}

func TestSnapshotOfEverything(t *testing.T) {
	a := everything(t)
	before := saved(t, a)
	b := New(Options{})
	require.NoError(t, b.Load(bytes.NewReader(before)))
	require.True(t, bytes.Equal(before, saved(t, b)))
	require.Equal(t, a.Stats().LiveInputs, b.Stats().LiveInputs)
	require.Equal(t, a.Stats().Outputs, b.Stats().Outputs)
	require.True(t, b.Pending())
	x, y := (&desk{t: t, a: a}).render(0), (&desk{t: t, a: b}).render(0)
	require.Equal(t, 6, x.DataPointCount())
	require.Equal(t, marshal(t, x), marshal(t, y))
}

func TestDamagedSnapshotsAreErrors(t *testing.T) {
	whole := saved(t, everything(t))
	for n := range whole {
		require.Error(t, New(Options{}).Load(bytes.NewReader(whole[:n])), "cut after %d bytes", n)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(saved(f, everything(f)))
	f.Add(saved(f, New(Options{})))
	f.Add([]byte{5, blockHead, 0xff, 0xff, 0xff, 0x0f})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x01, blockHead})
	f.Fuzz(func(t *testing.T, snapshot []byte) {
		a := New(Options{})
		if a.Load(bytes.NewReader(snapshot)) != nil {
			return
		}
		carryOn(t, a)
	})
}

// carryOn ticks, renders and saves: nothing that was read may make it panic.
func carryOn(t *testing.T, a *Aggregator) {
	if !a.Pending() {
		if record, due := a.Tick(a.clock + 1); due {
			_, _ = a.Apply(record)
		}
	}
	require.NoError(t, a.Render(3, func(pmetric.Metrics) error { return nil }))
	_, _ = a.Apply(a.Done())
	once := saved(t, a)
	b := New(Options{})
	require.NoError(t, b.Load(bytes.NewReader(once)))
	require.True(t, bytes.Equal(once, saved(t, b)))
}

// recordsOf collects records by which everything came to be.
func recordsOf(t testing.TB) [][]byte {
	var records [][]byte
	d := newDesk(nil, Options{}, pmetric.MetricTypeSum)
	add := func(record []byte) {
		records = append(records, bytes.Clone(record))
		_, err := d.a.Apply(record)
		require.NoError(t, err)
	}
	for i, kind := range []pmetric.MetricType{
		pmetric.MetricTypeGauge, pmetric.MetricTypeSum, pmetric.MetricTypeHistogram, pmetric.MetricTypeExponentialHistogram, pmetric.MetricTypeSummary,
	} {
		d.output.Type, d.output.Name = kind, kind.String()
		ref, err := d.a.Resolve(ID{byte(i)}, &d.output)
		require.NoError(t, err)
		b := d.a.Begin()
		n := number1(step{at: 10, start: 5, v: 0.5})
		n.Exemplars().AppendEmpty().SetIntValue(5)
		h := pmetric.NewHistogramDataPoint()
		h.ExplicitBounds().FromRaw([]float64{1, 2})
		h.BucketCounts().FromRaw([]uint64{1, 2, 3})
		h.SetTimestamp(moment(10))
		e := pmetric.NewExponentialHistogramDataPoint()
		e.SetTimestamp(moment(10))
		e.SetZeroThreshold(0.1)
		e.Positive().BucketCounts().FromRaw([]uint64{1, 2, 3})
		s := pmetric.NewSummaryDataPoint()
		s.SetTimestamp(moment(10))
		for _, temporality := range []pmetric.AggregationTemporality{pmetric.AggregationTemporalityCumulative, pmetric.AggregationTemporalityDelta} {
			b.Number(ref, n, temporality)
			b.Histogram(ref, h, temporality)
			b.Exponential(ref, e, temporality)
			b.Summary(ref, s)
		}
		add(b.Record(moment(10)))
		b.Release()
	}
	record, _ := d.a.Tick(moment(60))
	add(record)
	add(d.a.Done())
	add(d.a.JoinFloor(moment(61)))
	return records
}

func FuzzApply(f *testing.F) {
	for _, record := range recordsOf(f) {
		f.Add(record)
	}
	f.Add([]byte{recordBatch, 1, opOutput, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, record []byte) {
		a := New(Options{})
		for _, sound := range recordsOf(t)[:5] {
			_, err := a.Apply(sound)
			require.NoError(t, err)
		}
		if _, err := a.Apply(record); err == nil {
			carryOn(t, a)
		}
	})
}
