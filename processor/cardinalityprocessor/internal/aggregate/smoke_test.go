package aggregate

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

func TestSmoke(t *testing.T) {
	a := New(Options{})
	out := Output{Resource: pcommon.NewMap(), Attributes: pcommon.NewMap(), Name: "n", Type: pmetric.MetricTypeSum, Monotonic: true}
	for i, v := range []float64{5, 7, 3} {
		b := a.Begin()
		for id := range byte(3) {
			ref, err := a.Resolve(ID{id}, &out)
			require.NoError(t, err)
			p := pmetric.NewNumberDataPoint()
			p.SetDoubleValue(v)
			p.SetTimestamp(pcommon.Timestamp(i+1) * 1e9)
			b.Number(ref, p, pmetric.AggregationTemporalityCumulative)
		}
		tally, err := a.Apply(b.Record(pcommon.Timestamp(i+1) * 1e9))
		require.NoError(t, err)
		require.EqualValues(t, 3, tally[Absorbed])
		b.Release()
	}
	record, due := a.Tick(60e9)
	require.True(t, due)
	_, err := a.Apply(record)
	require.NoError(t, err)
	require.True(t, a.Pending())
	var got []float64
	require.NoError(t, a.Render(0, func(md pmetric.Metrics) error {
		got = append(got, md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).DoubleValue())
		return nil
	}))
	require.Equal(t, []float64{30}, got)
}
