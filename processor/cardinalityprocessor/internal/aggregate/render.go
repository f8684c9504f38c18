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
// may run, and no tick or done may be applied before it returned. send owns what it gets, and may give it to Reuse.
func (a *Aggregator) Render(maxPoints int, send func(pmetric.Metrics) error) error {
	lock := a.options.Locker
	from := 0
	for a.parts.at = 0; ; a.parts.at++ {
		lock.Lock()
		to := len(a.shown)
		if maxPoints > 0 {
			to = min(to, from+maxPoints)
		}
		if from == to {
			lock.Unlock()
			return nil
		}
		md := a.parts.take()
		a.renderPart(md, from, to)
		lock.Unlock()
		if err := send(md); err != nil {
			return err
		}
		from = to
	}
}

func (a *Aggregator) renderPart(md pmetric.Metrics, from, to int) {
	d := newDraft(md)
	for _, place := range a.shown[from:to] {
		d.add(a.outputs[place], a.tick)
	}
	d.finish()
}

// putMap decodes attributes that were checked when they were defined.
func putMap(encoded string, m pcommon.Map) { _ = readMap(encoded, m) }

// isNumber tells whether the points of the family are numbers.
func (f *family) isNumber() bool {
	return f.kind == pmetric.MetricTypeGauge || f.kind == pmetric.MetricTypeSum
}

// setEmpty gives m the kind of the family, without points.
func (f *family) setEmpty(m pmetric.Metric) {
	switch f.kind {
	case pmetric.MetricTypeGauge:
		m.SetEmptyGauge()
	case pmetric.MetricTypeSum:
		m.SetEmptySum()
	case pmetric.MetricTypeHistogram:
		m.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	case pmetric.MetricTypeExponentialHistogram:
		m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	case pmetric.MetricTypeSummary:
		m.SetEmptySummary()
	}
}

// render appends a point to a metric that is neither gauge nor sum.
func (o *output) render(m pmetric.Metric, at pcommon.Timestamp) {
	switch m.Type() {
	case pmetric.MetricTypeHistogram:
		o.renderHistogram(m.Histogram().DataPoints().AppendEmpty(), at)
	case pmetric.MetricTypeExponentialHistogram:
		o.renderExponential(m.ExponentialHistogram().DataPoints().AppendEmpty(), at)
	case pmetric.MetricTypeSummary:
		o.renderSummary(m.Summary().DataPoints().AppendEmpty(), at)
	}
}
