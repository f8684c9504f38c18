package translate

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"
)

// generator draws metrics of every type. What a metric says of itself follows
// from its name, so that two metrics of one name agree.
type generator struct{ *rapid.T }

func (g *generator) bool(label string) bool { return rapid.Bool().Draw(g.T, label) }

func (g *generator) int(label string, from, to int) int {
	return rapid.IntRange(from, to).Draw(g.T, label)
}

func (g *generator) metrics() pmetric.Metrics {
	md := pmetric.NewMetrics()
	for r := range g.int("resources", 1, 3) {
		rm := md.ResourceMetrics().AppendEmpty()
		attrs := rm.Resource().Attributes()
		attrs.PutStr("service.name", fmt.Sprint("s", r))
		if g.bool("namespace") {
			attrs.PutStr("service.namespace", "n")
		}
		if g.bool("instance") {
			attrs.PutStr("service.instance.id", "i")
		}
		sm := rm.ScopeMetrics().AppendEmpty()
		for range g.int("metrics", 1, 4) {
			g.metric(sm.Metrics().AppendEmpty())
		}
	}
	return md
}

var (
	names  = []string{"m", "flink.task.numRecordsIn", "9x", "a:b", "x__y", "é", "r_total"}
	units  = []string{"", "By", "1", "s", "By/s", "{x}", "ms"}
	keys   = []string{"a", "a.b", "a_b", "_x", "0y", "é", "host.name", "Z", "a__b", "__r__"}
	values = []string{"", "1", "two", "ü"}
)

func (g *generator) metric(m pmetric.Metric) {
	kind, i := g.int("kind", 0, 6), g.int("name", 0, len(names)-1)
	m.SetName(fmt.Sprint(names[i], ".k", kind))
	m.SetUnit(units[i])
	if i%2 == 0 {
		m.SetDescription("help of " + names[i])
	}
	switch kind {
	case 0:
		g.number(m.SetEmptyGauge().DataPoints().AppendEmpty(), i%3 == 0)
	case 1, 2:
		s := m.SetEmptySum()
		s.SetIsMonotonic(kind == 1)
		s.SetAggregationTemporality(g.temporality())
		g.number(s.DataPoints().AppendEmpty(), i%3 == 0)
	case 3, 4:
		h := m.SetEmptyHistogram()
		h.SetAggregationTemporality(g.temporality())
		g.histogram(h.DataPoints().AppendEmpty())
	case 5:
		h := m.SetEmptyExponentialHistogram()
		h.SetAggregationTemporality(g.temporality())
		g.exponential(h.DataPoints().AppendEmpty())
	case 6:
		g.summary(m.SetEmptySummary().DataPoints().AppendEmpty())
	}
}

func (g *generator) temporality() pmetric.AggregationTemporality {
	return pmetric.AggregationTemporality(g.int("temporality", 1, 2))
}

type point interface {
	SetTimestamp(pcommon.Timestamp)
	SetStartTimestamp(pcommon.Timestamp)
	SetFlags(pmetric.DataPointFlags)
	Attributes() pcommon.Map
}

func (g *generator) point(p point) {
	p.SetTimestamp(pcommon.Timestamp(g.int("time", 1, 5) * 1e9))
	p.SetStartTimestamp(pcommon.Timestamp(g.int("start", 0, 6) * 1e9))
	p.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(g.int("stale", 0, 4) == 0))
	for k, v := range rapid.MapOfN(rapid.SampledFrom(keys), rapid.SampledFrom(values), 0, 4).Draw(g.T, "attributes") {
		p.Attributes().PutStr(k, v)
	}
	if g.bool("int attribute") {
		p.Attributes().PutInt("int", 5)
	}
}

func (g *generator) number(p pmetric.NumberDataPoint, exemplar bool) {
	g.point(p)
	if g.bool("int") {
		p.SetIntValue(rapid.Int64().Draw(g.T, "value"))
	} else {
		p.SetDoubleValue(rapid.Float64().Draw(g.T, "value"))
	}
	if exemplar {
		x := p.Exemplars().AppendEmpty()
		x.SetTimestamp(1e9)
		x.SetIntValue(7)
		x.SetTraceID(pcommon.TraceID{1})
		x.FilteredAttributes().PutStr("user", "u")
	}
}

func (g *generator) histogram(p pmetric.HistogramDataPoint) {
	g.point(p)
	bounds := g.int("bounds", 0, 3)
	p.ExplicitBounds().FromRaw([]float64{0.1, 1e9, 1e21}[:bounds])
	p.BucketCounts().FromRaw([]uint64{1, 0, 3, 4}[:bounds+1])
	for _, n := range p.BucketCounts().All() {
		p.SetCount(p.Count() + n)
	}
	p.SetCount(p.Count() + uint64(g.int("in no bucket", 0, 1)))
	if g.bool("sum") {
		p.SetSum(3.5)
	}
}

func (g *generator) exponential(p pmetric.ExponentialHistogramDataPoint) {
	g.point(p)
	p.SetScale(int32(g.int("scale", -6, 12)))
	if p.Flags().NoRecordedValue() {
		p.SetScale(max(p.Scale(), -4)) // difference 6
	}
	p.SetZeroCount(uint64(g.int("zero", 0, 2)))
	if g.bool("threshold") {
		p.SetZeroThreshold(0.5)
	}
	if g.bool("sum") {
		p.SetSum(-2.5)
	}
	p.SetCount(p.ZeroCount())
	for _, side := range []pmetric.ExponentialHistogramDataPointBuckets{p.Positive(), p.Negative()} {
		side.SetOffset(int32(g.int("offset", -50, 50)))
		fewest := uint64(0)
		if p.Scale() > 8 {
			fewest = 1 // difference 10
		}
		side.BucketCounts().FromRaw(rapid.SliceOfN(rapid.Uint64Range(fewest, 2), 0, 20).Draw(g.T, "counts"))
		for _, n := range side.BucketCounts().All() {
			p.SetCount(p.Count() + n)
		}
	}
}

func (g *generator) summary(p pmetric.SummaryDataPoint) {
	g.point(p)
	p.SetSum(1)
	p.SetCount(2)
	for i := range g.int("quantiles", 0, 2) {
		q := p.QuantileValues().AppendEmpty()
		q.SetQuantile([]float64{0.5, 0.99}[i])
		q.SetValue(2)
	}
}
