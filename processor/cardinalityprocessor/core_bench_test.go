package cardinalityprocessor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/processor/cardinalityprocessor/internal/keeper"
)

// subtasks makes a call: tasks of 20 subtasks, each a resource with 100 metrics. 20 series merge into one.
func subtasks(tasks int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	for i := range tasks * 20 {
		rm := md.ResourceMetrics().AppendEmpty()
		resource := rm.Resource().Attributes()
		resource.PutStr("service.name", "flink")
		resource.PutStr("job_name", "orders")
		resource.PutStr("task_name", fmt.Sprint("task-", i/20))
		resource.PutStr("input", fmt.Sprint(i%20))
		metrics := rm.ScopeMetrics().AppendEmpty().Metrics()
		for j := range 100 {
			m := metrics.AppendEmpty()
			m.SetName(fmt.Sprint("flink.task.metric", j))
			sum := m.SetEmptySum()
			sum.SetIsMonotonic(true)
			sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			p := sum.DataPoints().AppendEmpty()
			p.SetStartTimestamp(1)
			p.SetDoubleValue(float64(i + j))
		}
	}
	return md
}

// next moves all points on by a scrape.
func next(md pmetric.Metrics, at time.Time) {
	for _, rm := range md.ResourceMetrics().All() {
		for i, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			p := m.Sum().DataPoints().At(0)
			p.SetTimestamp(pcommon.NewTimestampFromTime(at))
			p.SetDoubleValue(p.DoubleValue() + float64(1000+i))
		}
	}
}

// benchmarkConsume gives 200,000 series that merge into 10,000.
func benchmarkConsume(b *testing.B, dir string) {
	s := newSite(b, mergingConfig(dir), dir)
	defer s.end(b)
	require.NoError(b, s.core.open(s.host))
	defer s.core.close()
	scrape := subtasks(100)
	prepare := func() pmetric.Metrics {
		next(scrape, s.now())
		md := pmetric.NewMetrics()
		scrape.CopyTo(md)
		return md
	}
	require.NoError(b, s.ConsumeMetrics(b.Context(), prepare()))
	before := int64(0)
	if dir != "" {
		before = s.keeper.Bytes()
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		b.StopTimer()
		md := prepare()
		b.StartTimer()
		if err := s.ConsumeMetrics(b.Context(), md); err != nil {
			b.Fatal(err)
		}
		n++
	}
	const points = 200_000
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*points), "ns/sample")
	if dir != "" {
		b.ReportMetric(float64(s.keeper.Bytes()-before)/float64(n*points), "log-bytes/sample")
	}
}

func BenchmarkConsumeWithoutStorage(b *testing.B) { benchmarkConsume(b, "") }
func BenchmarkConsumeWithStorage(b *testing.B)    { benchmarkConsume(b, b.TempDir()) }

// BenchmarkRecovery opens the state of 1,000,000 series that merge into 50,000: from a log of three calls for each, and
// from a snapshot.
func BenchmarkRecovery(b *testing.B) {
	dir := b.TempDir()
	life := func() *site {
		s := newSite(b, mergingConfig(dir), dir)
		s.keeping = keeper.Options{SnapshotBytes: 1}
		require.NoError(b, s.core.open(s.host))
		return s
	}
	s := life()
	scrape := subtasks(500)
	for range 3 {
		next(scrape, s.now())
		md := pmetric.NewMetrics()
		scrape.CopyTo(md)
		require.NoError(b, s.ConsumeMetrics(context.Background(), md))
	}
	require.NoError(b, s.core.close())
	s.end(b)
	for _, from := range []string{"log", "snapshot"} {
		b.Run(from, func(b *testing.B) {
			for b.Loop() {
				s := life()
				b.StopTimer()
				require.Equal(b, 1_000_000, s.aggregate.Stats().LiveInputs)
				require.NoError(b, s.core.close())
				s.end(b)
				b.StartTimer()
			}
		})
		s := life()
		require.NoError(b, s.keeper.Snapshot())
		if last, ok := s.keeper.LastSnapshot(); ok {
			fmt.Printf("snapshot: %d bytes, took %v, paused calls for %v\n", last.Bytes, last.Took, last.Paused)
		}
		require.NoError(b, s.core.close())
		s.end(b)
	}
}

// BenchmarkTick computes the 10,000 outputs of 200,000 inputs.
func BenchmarkTick(b *testing.B) {
	s := newSite(b, mergingConfig(""), "")
	defer s.end(b)
	require.NoError(b, s.core.open(s.host))
	scrape := subtasks(100)
	next(scrape, s.now())
	require.NoError(b, s.ConsumeMetrics(b.Context(), scrape))
	at := s.now()
	for b.Loop() {
		at = at.Add(time.Second)
		s.core.tick(at)
		require.NoError(b, s.settle())
	}
}
