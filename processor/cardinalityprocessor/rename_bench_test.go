package cardinalityprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/flinktest"
)

// benchmarkRename renames the metrics of a captured TaskManager; each round gives them their raw names and kinds back.
func benchmarkRename(b *testing.B, rightKind bool) {
	processes, err := flinktest.Scenario("1.20.3", "steady")
	require.NoError(b, err)
	taskManager := processes[1]
	raw := metricsOf(b, taskManager.Pages[0].Body)
	cfg := createDefaultConfig().(*Config)
	cfg.Rename.GetOrInsertDefault()
	p, err := newProcessor(cfg, componenttest.NewNopTelemetrySettings())
	require.NoError(b, err)
	b.Cleanup(func() { assert.NoError(b, p.shutdown(b.Context())) })

	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	raw.CopyTo(metrics)
	_, err = p.process(b.Context(), md)
	require.NoError(b, err)

	b.ReportAllocs()
	for b.Loop() {
		for i, m := range raw.All() {
			metrics.At(i).SetName(m.Name())
			if !rightKind && isCumulativeSum(metrics.At(i)) {
				sumToGauge(metrics.At(i))
			}
		}
		_, _ = p.process(b.Context(), md)
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
