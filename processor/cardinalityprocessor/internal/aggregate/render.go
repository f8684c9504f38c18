package aggregate

import (
	"cmp"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// list puts the outputs that show something at the last tick in the order in which they are rendered: by resource,
// metric, attributes.
func (a *Aggregator) list() {
	if a.order == nil {
		a.order = make([]uint32, 0, a.outCount)
		for place, out := range a.outputs {
			if out != nil && out.has(outKnown) {
				a.order = append(a.order, uint32(place))
			}
		}
		slices.SortFunc(a.order, func(x, y uint32) int { return a.outputs[x].compare(a.outputs[y]) })
	}
	a.shown = a.shown[:0]
	for _, place := range a.order {
		if a.outputs[place].emitted.form != showNothing {
			a.shown = append(a.shown, place)
		}
	}
}

func (o *output) compare(p *output) int {
	return cmp.Or(o.family.compare(p.family), strings.Compare(o.attributes, p.attributes))
}

// Render sends the points of the last tick in parts of at most maxPoints (0: all in one), in order. Each call sends the
// same. The mutex must NOT be held: Render takes Options.Locker for each part, and not while send runs. Only one Render
// may run, and no tick or done may be applied before it returned. send owns what it gets.
func (a *Aggregator) Render(maxPoints int, send func(pmetric.Metrics) error) error {
	lock := a.options.Locker
	for from := 0; ; {
		lock.Lock()
		to := len(a.shown)
		if maxPoints > 0 {
			to = min(to, from+maxPoints)
		}
		md := a.renderPart(from, to)
		lock.Unlock()
		if from == to {
			return nil
		}
		if err := send(md); err != nil {
			return err
		}
		from = to
	}
}

func (a *Aggregator) renderPart(from, to int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	var last *family
	var sm pmetric.ScopeMetrics
	var m pmetric.Metric
	for _, place := range a.shown[from:to] {
		out := a.outputs[place]
		if f := out.family; f != last {
			if last == nil || f.resource != last.resource {
				rm := md.ResourceMetrics().AppendEmpty()
				putMap(f.resource, rm.Resource().Attributes())
				sm = newScope(rm, f)
			} else if f.scope != last.scope || f.version != last.version {
				sm = newScope(md.ResourceMetrics().At(md.ResourceMetrics().Len()-1), f)
			}
			m = f.newMetric(sm)
			last = f
		}
		out.render(m, a.tick)
	}
	return md
}

// putMap decodes attributes that were checked when they were defined.
func putMap(encoded string, m pcommon.Map) { _ = readMap(encoded, m) }

func newScope(rm pmetric.ResourceMetrics, f *family) pmetric.ScopeMetrics {
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName(f.scope)
	sm.Scope().SetVersion(f.version)
	return sm
}

func (f *family) newMetric(sm pmetric.ScopeMetrics) pmetric.Metric {
	m := sm.Metrics().AppendEmpty()
	m.SetName(f.name)
	m.SetDescription(f.description)
	m.SetUnit(f.unit)
	switch f.kind {
	case pmetric.MetricTypeGauge:
		m.SetEmptyGauge()
	case pmetric.MetricTypeSum:
		m.SetEmptySum().SetIsMonotonic(f.monotonic)
		m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	case pmetric.MetricTypeHistogram:
		m.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	case pmetric.MetricTypeExponentialHistogram:
		m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	case pmetric.MetricTypeSummary:
		m.SetEmptySummary()
	}
	return m
}

func (o *output) render(m pmetric.Metric, at pcommon.Timestamp) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		o.renderNumber(m.Gauge().DataPoints().AppendEmpty(), 0, at)
	case pmetric.MetricTypeSum:
		var start pcommon.Timestamp
		if o.family.monotonic { // a sum of what is now has none
			start = o.start
		}
		o.renderNumber(m.Sum().DataPoints().AppendEmpty(), start, at)
	case pmetric.MetricTypeHistogram:
		o.renderHistogram(m.Histogram().DataPoints().AppendEmpty(), at)
	case pmetric.MetricTypeExponentialHistogram:
		o.renderExponential(m.ExponentialHistogram().DataPoints().AppendEmpty(), at)
	case pmetric.MetricTypeSummary:
		o.renderSummary(m.Summary().DataPoints().AppendEmpty(), at)
	}
}

func (o *output) renderNumber(p pmetric.NumberDataPoint, start, at pcommon.Timestamp) {
	putMap(o.attributes, p.Attributes())
	p.SetTimestamp(at)
	p.SetStartTimestamp(start)
	switch v := o.emitted.value; {
	case o.emitted.form == showStale:
		p.SetFlags(p.Flags().WithNoRecordedValue(true))
	case v.double:
		p.SetDoubleValue(v.float())
	default:
		p.SetIntValue(int64(v.bits))
	}
	renderExemplars(o.emitted.exemplars, p.Exemplars())
}
