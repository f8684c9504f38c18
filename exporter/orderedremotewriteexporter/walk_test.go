package orderedremotewriteexporter

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"

	"weir.example/internal/series"
)

// The law: what a point means does not depend on what came before it. So whatever comes in whatever order, a call means
// what calls of one point each mean, to an intake that expects nothing.
func TestWhatIsExpectedChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := createDefaultConfig().(*Config)
		cfg.Shards, cfg.TargetInfo = 1, false
		cfg.TranslationStrategy = rapid.SampledFrom([]string{"UnderscoreEscapingWithSuffixes", "NoTranslation"}).Draw(t, "strategy")
		cfg.ExternalLabels = map[string]string{"a": "external"}
		whole, single := newIntake(cfg), newIntake(cfg)
		var now series.Generation
		for call := range rapid.IntRange(1, 8).Draw(t, "calls") {
			md := drawCall(t, int64(call)*10)
			whole.keepTexts(rapid.Bool().Draw(t, "texts may be kept"))
			var got, want taken
			whole.walk(md)
			got.take(whole)
			for point := range pointsOf(md) {
				single.names.last = &metricName{}
				single.walk(point)
				want.take(single)
			}
			require.Equal(t, want.described(), got.described())
			require.Equal(t, single.dropped, whole.dropped)
			require.Equal(t, single.offered, whole.offered)
			if rapid.IntRange(0, 3).Draw(t, "refused") == 0 {
				undo(got.staged, got.before)
				undo(want.staged, want.before)
			}
			require.Equal(t, knownTo(single), knownTo(whole))
			if rapid.IntRange(0, 3).Draw(t, "sweep") == 0 {
				now += series.Generation(rapid.IntRange(1, idleGenerations+1).Draw(t, "generations"))
				for _, in := range []*intake{whole, single} {
					in.sweep(now, func(*stream) bool { return false })
				}
			}
		}
	})
}

// drawCall returns resources that share names, kinds and attributes, in orders that vary.
func drawCall(t *rapid.T, ms int64) pmetric.Metrics {
	text := func(label string, of ...string) string {
		s := rapid.SampledFrom(of).Draw(t, label)
		if rapid.Bool().Draw(t, "its own copy") {
			return strings.Clone(s)
		}
		return s
	}
	b := newBatch()
	for range rapid.IntRange(0, 3).Draw(t, "resources") {
		b.resource("service.name", "s", "service.instance.id", "1", "tm_id", text("tm", "x", "y"))
		for range rapid.IntRange(0, 8).Draw(t, "metrics") {
			m := b.metric(text("name", "m", "m", "m", "n", "p.q", ""))
			m.SetDescription(text("help", "", "", "", "one", "bad \xff"))
			m.SetUnit(text("unit", "", "", "s", "{x}"))
			points := drawKind(t, m)
			for range rapid.SampledFrom([]int{1, 1, 1, 0, 2, 3}).Draw(t, "points") {
				drawPoint(t, points.AppendEmpty(), ms, text)
			}
		}
	}
	return b.md
}

func drawKind(t *rapid.T, m pmetric.Metric) pmetric.NumberDataPointSlice {
	if rapid.Bool().Draw(t, "gauge") {
		return m.SetEmptyGauge().DataPoints()
	}
	sum := m.SetEmptySum()
	sum.SetIsMonotonic(rapid.Bool().Draw(t, "monotonic"))
	sum.SetAggregationTemporality(rapid.SampledFrom([]pmetric.AggregationTemporality{
		pmetric.AggregationTemporalityCumulative, pmetric.AggregationTemporalityCumulative, pmetric.AggregationTemporalityDelta,
	}).Draw(t, "temporality"))
	return sum.DataPoints()
}

func drawPoint(t *rapid.T, p pmetric.NumberDataPoint, ms int64, text func(string, ...string) string) {
	p.SetTimestamp(stamp(rapid.SampledFrom([]int64{ms + 1, ms + 1, ms + 1, ms, ms + 2, 0}).Draw(t, "time")))
	p.SetStartTimestamp(stamp(rapid.SampledFrom([]int64{0, 1, ms, ms + 5}).Draw(t, "start")))
	switch rapid.IntRange(0, 5).Draw(t, "value") {
	case 0:
		p.SetIntValue(int64(rapid.IntRange(-2, 2).Draw(t, "integer")))
	case 1:
		p.SetDoubleValue(math.NaN())
	case 2: // none
	default:
		p.SetDoubleValue(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, 2.5}).Draw(t, "double"))
	}
	p.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(rapid.IntRange(0, 7).Draw(t, "stale") == 0))
	if rapid.IntRange(0, 7).Draw(t, "exemplar") == 0 {
		p.Exemplars().AppendEmpty().SetDoubleValue(1)
	}
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "attributes") {
		p.Attributes().PutStr(text("key", "a", "b", "tm_id", ""), text("attribute", "1", "2"))
	}
}

// pointsOf yields the points of md one by one, each with its metric and resource.
func pointsOf(md pmetric.Metrics) func(yield func(pmetric.Metrics) bool) {
	return func(yield func(pmetric.Metrics) bool) {
		for _, rm := range md.ResourceMetrics().All() {
			for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
				for i := range pointCount(m) {
					one := newBatch().resource()
					rm.Resource().CopyTo(one.last.Resource())
					alone := one.metric("")
					m.CopyTo(alone)
					at := 0
					only := func(pmetric.NumberDataPoint) bool { at++; return at != i+1 }
					if alone.Type() == pmetric.MetricTypeGauge {
						alone.Gauge().DataPoints().RemoveIf(only)
					} else {
						alone.Sum().DataPoints().RemoveIf(only)
					}
					if !yield(one.md) {
						return
					}
				}
			}
		}
	}
}

func pointCount(m pmetric.Metric) int {
	if m.Type() == pmetric.MetricTypeGauge {
		return m.Gauge().DataPoints().Len()
	}
	return m.Sum().DataPoints().Len()
}

// taken is what calls staged.
type taken struct {
	staged []sample
	before []past
}

func (c *taken) take(in *intake) {
	c.staged, c.before = append(c.staged, in.staged[0]...), append(c.before, in.before[0]...)
	in.unstage(0)
}

func (c *taken) described() (out []string) {
	for _, s := range c.staged {
		exemplars := 0
		if s.more != nil {
			exemplars = len(s.more.exemplars)
		}
		out = append(out, fmt.Sprint(s.series.Labels(), s.ts, s.start, s.bits, exemplars))
	}
	return out
}

// knownTo returns what is known of each series.
func knownTo(in *intake) map[string]string {
	out := map[string]string{}
	for s := range in.table.All {
		out[fmt.Sprint(s.Labels())] = fmt.Sprintf("%+v %v %v", *s.Form().About, s.State.past, s.State.seen)
	}
	return out
}

// A series may be expected and have no past: its call was refused.
func TestAPointWithoutTimeIsDroppedWhereItsSeriesIsExpected(t *testing.T) {
	in := newIntake(createDefaultConfig().(*Config))
	in.walk(newBatch().resource(flink...).gauge("m", 1000, 1).md)
	for slot, staged := range in.staged {
		undo(staged, in.before[slot])
		in.unstage(slot)
	}
	in.walk(newBatch().resource(flink...).gauge("m", 0, 1).md)
	require.Equal(t, 1, in.dropped[noTimestamp])
	for _, staged := range in.staged {
		require.Empty(t, staged)
	}
}
