package cardinalityprocessor

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// benchmarkRename renames the metrics of a captured TaskManager; each round gives them their raw names and kinds back.
func benchmarkRename(b *testing.B, rightKind bool) {
	families := parseCapture(b, "../../internal/flinktest/testdata/1.20.3/steady/taskmanager-1-01.txt.gz")
	cfg := createDefaultConfig().(*Config)
	cfg.Rename.GetOrInsertDefault()
	p, err := newProcessor(cfg, componenttest.NewNopTelemetrySettings())
	require.NoError(b, err)
	b.Cleanup(func() { _ = p.shutdown(b.Context()) })

	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	for _, family := range families {
		fill(metrics.AppendEmpty(), family)
	}
	reset := func() {
		for i, family := range families {
			m := metrics.At(i)
			m.SetName(family.GetName())
			if !rightKind && m.Type() == pmetric.MetricTypeSum {
				sumToGauge(m)
			}
		}
	}
	_, err = p.process(b.Context(), md)
	require.NoError(b, err)

	b.ReportAllocs()
	for b.Loop() {
		reset()
		_, _ = p.process(b.Context(), md)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(families)), "ns/metric")
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
