package cardinalityprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processortest"

	"weir.example/internal/flinktest"
	"weir.example/processor/cardinalityprocessor/internal/metadata"
)

// benchmarkRename renames the metrics of a captured TaskManager; each round gives them their raw names and kinds back.
func benchmarkRename(b *testing.B, rightKind bool) {
	processes, err := flinktest.Scenario("1.20.3", "steady")
	require.NoError(b, err)
	taskManager := processes[1]
	raw := metricsOf(b, taskManager.Pages[0].Body)
	cfg := createDefaultConfig().(*Config)
	cfg.Rename.GetOrInsertDefault()
	p, err := NewFactory().CreateMetrics(b.Context(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(b, err)
	require.NoError(b, p.Start(b.Context(), componenttest.NewNopHost()))
	b.Cleanup(func() { assert.NoError(b, p.Shutdown(context.Background())) })

	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	raw.CopyTo(metrics)
	require.NoError(b, p.ConsumeMetrics(b.Context(), md))

	b.ReportAllocs()
	for b.Loop() {
		for i, m := range raw.All() {
			metrics.At(i).SetName(m.Name())
			if !rightKind && isCumulativeSum(metrics.At(i)) {
				sumToGauge(metrics.At(i))
			}
		}
		_ = p.ConsumeMetrics(b.Context(), md)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*raw.Len()), "ns/metric")
}

func BenchmarkRenameRightKind(b *testing.B)    { benchmarkRename(b, true) }
func BenchmarkRenameGaugesToSums(b *testing.B) { benchmarkRename(b, false) }

func TestRenameOfKnownNamesAllocatesNothing(t *testing.T) {
	r := newTestRenamer(t, UnmatchedDerive)
	for _, name := range []string{"flink_jobmanager_numRunningJobs", "flink_taskmanager_job_task_busyTimeMsPerSecond", "up"} {
		m := pmetric.NewMetric()
		m.SetEmptyGauge()
		require.Zero(t, testing.AllocsPerRun(100, func() {
			m.SetName(name)
			r.apply(m)
		}), name)
	}
}
