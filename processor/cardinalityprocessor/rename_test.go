package cardinalityprocessor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"

	"weir.example/internal/flinkname"
	"weir.example/internal/series"
)

func newTestRenamer(t require.TestingT, unmatched Unmatched) *renamer {
	r, err := newRenamer(&RenameConfig{Tables: []string{"flink"}, Unmatched: unmatched})
	require.NoError(t, err)
	return r
}

// metricNames yields names of all kinds: listed, user-made, not Flink's.
var metricNames = rapid.Custom(func(t *rapid.T) string {
	var listed []string
	for row := range flinkname.Flink().All() {
		listed = append(listed, row.Raw)
	}
	return rapid.OneOf(
		rapid.SampledFrom(listed),
		rapid.StringMatching(`flink_(taskmanager_job_task_operator_|jobmanager_)?[a-zA-Z_.]{0,8}`),
		rapid.StringMatching(`[a-z._]{0,8}`),
	).Draw(t, "name")
})

func drawNumberPoints(t *rapid.T, points pmetric.NumberDataPointSlice) {
	for range rapid.IntRange(0, 3).Draw(t, "points") {
		point := points.AppendEmpty()
		if rapid.Bool().Draw(t, "is int") {
			point.SetIntValue(rapid.Int64().Draw(t, "int"))
		} else {
			point.SetDoubleValue(rapid.Float64().Draw(t, "double"))
		}
		point.SetStartTimestamp(pcommon.Timestamp(rapid.Uint64Range(0, 9).Draw(t, "start")))
		point.SetTimestamp(pcommon.Timestamp(rapid.Uint64Range(0, 9).Draw(t, "time")))
		point.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(rapid.Bool().Draw(t, "stale")))
		for range rapid.IntRange(0, 2).Draw(t, "attributes") {
			point.Attributes().PutStr(rapid.StringMatching(`[a-c]`).Draw(t, "key"), rapid.String().Draw(t, "value"))
		}
		if rapid.Bool().Draw(t, "exemplar") {
			point.Exemplars().AppendEmpty().SetDoubleValue(rapid.Float64().Draw(t, "exemplar value"))
		}
	}
}

func drawMetric(t *rapid.T, m pmetric.Metric) {
	m.SetName(metricNames.Draw(t, "name"))
	m.SetUnit(rapid.SampledFrom([]string{"", "1", "By"}).Draw(t, "unit"))
	m.SetDescription(rapid.SampledFrom([]string{"", "a text", "a.b (scope: jobmanager)"}).Draw(t, "description"))
	switch rapid.IntRange(0, 5).Draw(t, "type") {
	case 0:
		drawNumberPoints(t, m.SetEmptyGauge().DataPoints())
	case 1, 2:
		sum := m.SetEmptySum()
		sum.SetIsMonotonic(rapid.Bool().Draw(t, "monotonic"))
		sum.SetAggregationTemporality(pmetric.AggregationTemporality(rapid.Int32Range(0, 2).Draw(t, "temporality")))
		drawNumberPoints(t, sum.DataPoints())
	case 3:
		m.SetEmptySummary().DataPoints().AppendEmpty().SetCount(rapid.Uint64().Draw(t, "count"))
	case 4:
		m.SetEmptyHistogram().DataPoints().AppendEmpty().SetCount(rapid.Uint64().Draw(t, "count"))
	}
}

// pointsOf returns what a metric carries without its name, unit and type.
func pointsOf(m pmetric.Metric) any {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return m.Gauge().DataPoints()
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints()
	case pmetric.MetricTypeSummary:
		return m.Summary().DataPoints()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().DataPoints()
	default:
		return nil
	}
}

func TestRenameNeverTouchesPoints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newTestRenamer(t, rapid.SampledFrom([]Unmatched{UnmatchedDerive, UnmatchedKeep, UnmatchedDrop}).Draw(t, "unmatched"))
		before, m := pmetric.NewMetric(), pmetric.NewMetric()
		drawMetric(t, before)
		before.CopyTo(m)

		_, outcome := r.apply(m)

		require.Equal(t, pointsOf(before), pointsOf(m))
		require.Equal(t, pointCount(before), pointCount(m))
		require.Equal(t, before.Description(), m.Description())
		row, listed := flinkname.Flink().Lookup(before.Name())
		require.Equal(t, listed, outcome == named)
		if !listed {
			require.Equal(t, before.Unit(), m.Unit())
			require.Equal(t, before.Type(), m.Type())
			return
		}
		require.Equal(t, row.Name, m.Name())
		require.Equal(t, row.Unit, m.Unit())
		delta := before.Type() == pmetric.MetricTypeSum &&
			before.Sum().AggregationTemporality() != pmetric.AggregationTemporalityCumulative
		if pmetric.MetricTypeGauge != before.Type() && pmetric.MetricTypeSum != before.Type() || delta {
			require.Equal(t, before.Type(), m.Type())
			return
		}
		if row.Kind == flinkname.Gauge {
			require.Equal(t, pmetric.MetricTypeGauge, m.Type())
			return
		}
		require.Equal(t, pmetric.MetricTypeSum, m.Type())
		require.True(t, m.Sum().IsMonotonic())
		require.Equal(t, pmetric.AggregationTemporalityCumulative, m.Sum().AggregationTemporality())
	})
}

func TestRenamingTwiceIsRenamingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newTestRenamer(t, UnmatchedDerive)
		m, once := pmetric.NewMetric(), pmetric.NewMetric()
		drawMetric(t, m)
		r.apply(m)
		m.CopyTo(once)
		r.apply(m)
		require.Equal(t, once, m)
	})
}

func TestDerivedNamesFollowTheirHelp(t *testing.T) {
	const raw = "flink_taskmanager_job_task_operator_orders_seen"
	var names derivedNames
	for range 2 {
		assert.Equal(t, "flink.operator.orders-seen", names.get(raw, "orders-seen (scope: taskmanager_job_task_operator)").name)
		assert.Equal(t, "flink.operator.orders.seen", names.get(raw, "orders.seen (scope: taskmanager_job_task_operator)").name)
		assert.Equal(t, "flink.operator.orders_seen", names.get(raw, "").name)
	}
	assert.Len(t, names.names, 1)
}

func TestDerivedNamesAreBounded(t *testing.T) {
	var names derivedNames
	for i := range maxDerivedNames + 10 {
		raw := fmt.Sprintf("flink_taskmanager_metric_%d", i)
		require.Equal(t, fmt.Sprintf("flink.taskmanager.metric_%d", i), names.get(raw, "").name)
		require.LessOrEqual(t, len(names.names), maxDerivedNames)
	}
	long := "flink_taskmanager_" + strings.Repeat("a", maxDerivedBytes)
	size := len(names.names)
	require.Equal(t, "flink.taskmanager."+strings.Repeat("a", maxDerivedBytes), names.get(long, "").name)
	require.Len(t, names.names, size, "a long name is not remembered")
}

func TestTextsOfLentMetricsTakeThePlaceOfCopies(t *testing.T) {
	for _, c := range []struct{ raw, help string }{
		{"flink_taskmanager_job_task_numRecordsIn", "numRecordsIn (scope: taskmanager_job_task)"},
		{"flink_taskmanager_job_task_operator_orders_seen", "orders.seen (scope: taskmanager_job_task_operator)"},
	} {
		r := newTestRenamer(t, UnmatchedDerive)
		rename := func(raw, help string) *naming {
			m := pmetric.NewMetric()
			m.SetEmptyGauge()
			m.SetName(raw)
			m.SetDescription(help)
			n, _ := r.apply(m)
			return n
		}
		first := rename(c.raw, c.help)
		first.next = first // so that it is expected
		raw, help := strings.Clone(c.raw), strings.Clone(c.help)

		assert.Same(t, first, rename(raw, help))
		assert.False(t, series.Identical(raw, first.raw), "it may be a part of something larger")
		r.keeps = true
		assert.Same(t, first, rename(raw, help))
		assert.True(t, series.Identical(raw, first.raw))
		assert.Same(t, first, rename(strings.Clone(c.raw), strings.Clone(c.help)), "equal texts are as good")
		assert.NotSame(t, first, rename(raw[:len(raw)-1], help))
	}
}
