package aggregate

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"
)

// The law: what is sent does not depend on whether earlier messages came back, nor on what became of them.
func TestWhatCameBackIsFilledAsIfItWereNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := New(Options{})
		outputs := rapid.IntRange(1, 12).Draw(t, "outputs")
		size := rapid.IntRange(1, 5).Draw(t, "points per part")
		at := pcommon.Timestamp(1_700_000_000e9)
		for range rapid.IntRange(1, 4).Draw(t, "ticks") {
			at += 15e9
			absorbSome(t, a, outputs, at)
			record, due := a.Tick(at + 1e9)
			require.True(t, due)
			_, err := a.Apply(record)
			require.NoError(t, err)

			var want []string
			kept := a.parts.kept
			a.parts.kept = nil
			require.NoError(t, a.Render(size, func(md pmetric.Metrics) error {
				want = append(want, textOf(t, md))
				return nil
			}))
			a.parts.kept = kept
			for range 2 {
				n := 0
				require.NoError(t, a.Render(size, func(md pmetric.Metrics) error {
					require.Equal(t, want[n], textOf(t, md))
					n++
					if rapid.Bool().Draw(t, "comes back") {
						mangle(t, md)
						a.Reuse(md)
						require.Zero(t, md.ResourceMetrics().Len())
					}
					return nil
				}))
				require.Len(t, want, n)
			}
			_, err = a.Apply(a.Done())
			require.NoError(t, err)
		}
	})
}

func textOf(t require.TestingT, md pmetric.Metrics) string {
	text, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
	require.NoError(t, err)
	return string(text)
}

// absorbSome gives some outputs of many kinds a point, a stale marker or nothing.
func absorbSome(t *rapid.T, a *Aggregator, outputs int, at pcommon.Timestamp) {
	kinds := []pmetric.MetricType{pmetric.MetricTypeGauge, pmetric.MetricTypeSum, pmetric.MetricTypeSum, pmetric.MetricTypeHistogram, pmetric.MetricTypeSummary}
	b := a.Begin()
	defer b.Release()
	for i := range outputs {
		what := rapid.SampledFrom([]string{"value", "value", "other value", "end", "nothing"}).Draw(t, "what")
		kind := kinds[i%len(kinds)]
		o := Output{
			Resource: pcommon.NewMap(), Attributes: pcommon.NewMap(), Type: kind, Monotonic: i%len(kinds) == 1,
			Name: fmt.Sprint("m", i%7), Unit: "s", ScopeName: fmt.Sprint(i % 2),
		}
		o.Resource.PutStr("host", fmt.Sprint(i/4))
		o.Attributes.PutStr("topic", fmt.Sprint(i))
		if i%3 == 0 {
			o.Attributes.PutInt("partition", int64(i))
		}
		var id ID
		binary.LittleEndian.PutUint64(id[:], uint64(i+1)*0x9e3779b97f4a7c15)
		ref, err := a.Resolve(id, &o)
		require.NoError(t, err)
		if what == "nothing" {
			continue
		}
		flags := pmetric.DefaultDataPointFlags.WithNoRecordedValue(what == "end")
		switch kind {
		case pmetric.MetricTypeHistogram:
			p := pmetric.NewHistogramDataPoint()
			p.SetTimestamp(at)
			p.SetStartTimestamp(at - 1e9)
			p.SetFlags(flags)
			p.SetCount(3)
			p.SetSum(4)
			p.ExplicitBounds().FromRaw([]float64{1, 2})
			p.BucketCounts().FromRaw([]uint64{1, 1, 1})
			b.Histogram(ref, p, pmetric.AggregationTemporalityDelta)
		case pmetric.MetricTypeSummary:
			p := pmetric.NewSummaryDataPoint()
			p.SetTimestamp(at)
			p.SetStartTimestamp(1)
			p.SetFlags(flags)
			p.SetCount(uint64(at))
			b.Summary(ref, p)
		default:
			p := pmetric.NewNumberDataPoint()
			p.SetTimestamp(at)
			p.SetStartTimestamp(1)
			p.SetFlags(flags)
			switch {
			case what == "end":
			case i%2 == 0:
				p.SetIntValue(int64(at))
			case what == "value":
				p.SetDoubleValue(float64(at) / 4)
			default:
				p.SetDoubleValue(float64(at))
			}
			if i%4 == 1 {
				x := p.Exemplars().AppendEmpty()
				x.SetTimestamp(at)
				x.SetDoubleValue(1)
				x.FilteredAttributes().PutStr("user", "u")
			}
			b.Number(ref, p, map[bool]pmetric.AggregationTemporality{
				true:  pmetric.AggregationTemporalityCumulative,
				false: pmetric.AggregationTemporalityUnspecified,
			}[kind == pmetric.MetricTypeSum])
		}
	}
	_, err := a.Apply(b.Record(at))
	require.NoError(t, err)
}

// mangle does to a message what consumers may do.
func mangle(t *rapid.T, md pmetric.Metrics) {
	some := func(what string) bool { return rapid.IntRange(0, 3).Draw(t, what) == 0 }
	md.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		if some("resource edited") {
			rm.SetSchemaUrl("x")
			rm.Resource().SetDroppedAttributesCount(3)
			rm.Resource().Attributes().PutStr("host", "edited")
			rm.Resource().Attributes().PutInt("more", 1)
		}
		rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool {
			if some("scope edited") {
				sm.SetSchemaUrl("x")
				sm.Scope().SetName("edited")
				sm.Scope().SetVersion("edited")
				sm.Scope().Attributes().PutStr("k", "v")
				sm.Scope().SetDroppedAttributesCount(1)
			}
			sm.Metrics().RemoveIf(func(m pmetric.Metric) bool {
				mangleMetric(m, some)
				return some("metric removed")
			})
			return some("scope removed")
		})
		return some("resource removed")
	})
	if some("resource added") {
		md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty()
	}
}

func mangleMetric(m pmetric.Metric, some func(string) bool) {
	if some("metric edited") {
		m.SetName("edited")
		m.SetDescription("edited")
		m.SetUnit("edited")
		m.Metadata().PutStr("k", "v")
	}
	switch {
	case some("another kind"):
		m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(7)
	case some("another sum"):
		m.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		m.Sum().SetIsMonotonic(true)
		m.Sum().DataPoints().AppendEmpty().SetDoubleValue(7)
	case m.Type() == pmetric.MetricTypeGauge:
		manglePoints(m.Gauge().DataPoints(), some)
	case m.Type() == pmetric.MetricTypeSum:
		manglePoints(m.Sum().DataPoints(), some)
	}
}

func manglePoints(points pmetric.NumberDataPointSlice, some func(string) bool) {
	points.RemoveIf(func(p pmetric.NumberDataPoint) bool {
		if some("point edited") {
			p.SetTimestamp(1)
			p.SetStartTimestamp(2)
			p.SetFlags(p.Flags().WithNoRecordedValue(true))
			p.SetIntValue(5)
			p.Attributes().PutStr("topic", "edited")
			p.Exemplars().AppendEmpty()
		}
		return some("point removed")
	})
	if some("point added") {
		points.AppendEmpty()
	}
}
