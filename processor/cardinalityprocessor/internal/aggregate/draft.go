package aggregate

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/lease"
)

// draft fills Metrics that may be new, or may have been sent before and changed since in any way. Where they have what they
// are to have, which is nearly everywhere, nothing is made anew; what is empty is moved over what else there may be.
type draft struct {
	last *family // of the output before

	// What is being filled, and how much of it is.
	resources pmetric.ResourceMetricsSlice
	scopes    pmetric.ScopeMetricsSlice
	metrics   pmetric.MetricSlice
	metric    pmetric.Metric
	numbers   pmetric.NumberDataPointSlice // of a gauge or a sum; the points of other kinds are made anew
	rm, sm    int
	m, p      int

	empty      empty
	attributes pcommon.Map // on their way past what is emptied
}

type empty struct {
	scopes   pmetric.ScopeMetricsSlice
	metrics  pmetric.MetricSlice
	numbers  pmetric.NumberDataPointSlice
	resource pcommon.Resource
	scope    pcommon.InstrumentationScope
	point    pmetric.NumberDataPoint
}

func newDraft(md pmetric.Metrics) *draft {
	e := empty{
		pmetric.NewScopeMetricsSlice(), pmetric.NewMetricSlice(), pmetric.NewNumberDataPointSlice(),
		pcommon.NewResource(), pcommon.NewInstrumentationScope(), pmetric.NewNumberDataPoint(),
	}
	return &draft{
		resources: md.ResourceMetrics(), scopes: e.scopes, metrics: e.metrics, numbers: e.numbers,
		empty: e, attributes: pcommon.NewMap(),
	}
}

// add appends the point of an output.
func (d *draft) add(o *output, at pcommon.Timestamp) {
	if f := o.family; f != d.last {
		switch {
		case d.last == nil || f.resource != d.last.resource:
			d.beginResource(f)
			d.beginScope(f)
		case f.scope != d.last.scope || f.version != d.last.version:
			d.beginScope(f)
		}
		d.beginMetric(f)
		d.last = f
	}
	if o.family.isNumber() {
		d.number(lease.Element(d.numbers, d.p), o, at)
		d.p++
		return
	}
	o.render(d.metric, at)
}

// finish removes what is left of what was there before.
func (d *draft) finish() {
	d.endResource()
	lease.Cut(d.resources, d.rm)
}

func (d *draft) endMetric() {
	lease.Cut(d.numbers, d.p)
	d.numbers, d.p = d.empty.numbers, 0
}

func (d *draft) endScope() {
	d.endMetric()
	lease.Cut(d.metrics, d.m)
	d.metrics, d.m = d.empty.metrics, 0
}

func (d *draft) endResource() {
	d.endScope()
	lease.Cut(d.scopes, d.sm)
	d.scopes, d.sm = d.empty.scopes, 0
}

func (d *draft) beginResource(f *family) {
	d.endResource()
	rm := lease.Element(d.resources, d.rm)
	d.rm++
	rm.SetSchemaUrl("")
	resource := rm.Resource()
	resource.Attributes().MoveTo(d.attributes)
	d.empty.resource.MoveTo(resource)
	d.attributes.MoveTo(resource.Attributes())
	setMap(f.resource, resource.Attributes())
	d.scopes = rm.ScopeMetrics()
}

func (d *draft) beginScope(f *family) {
	d.endScope()
	sm := lease.Element(d.scopes, d.sm)
	d.sm++
	sm.SetSchemaUrl("")
	d.empty.scope.MoveTo(sm.Scope())
	sm.Scope().SetName(f.scope)
	sm.Scope().SetVersion(f.version)
	d.metrics = sm.Metrics()
}

func (d *draft) beginMetric(f *family) {
	d.endMetric()
	m := lease.Element(d.metrics, d.m)
	d.m++
	d.metric = m
	m.SetName(f.name)
	m.SetDescription(f.description)
	m.SetUnit(f.unit)
	m.Metadata().Clear()
	if !f.isNumber() || m.Type() != f.kind {
		f.setEmpty(m)
	}
	switch f.kind {
	case pmetric.MetricTypeGauge:
		d.numbers = m.Gauge().DataPoints()
	case pmetric.MetricTypeSum:
		m.Sum().SetIsMonotonic(f.monotonic)
		m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		d.numbers = m.Sum().DataPoints()
	}
}

// number makes p what an output shows.
func (d *draft) number(p pmetric.NumberDataPoint, o *output, at pcommon.Timestamp) {
	stale := o.emitted.form == showStale
	if stale { // there is no other way to take its value
		p.Attributes().MoveTo(d.attributes)
		d.empty.point.MoveTo(p)
		d.attributes.MoveTo(p.Attributes())
	}
	p.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(stale))
	p.SetTimestamp(at)
	p.SetStartTimestamp(0)
	if o.family.monotonic { // a sum of what is now has none
		p.SetStartTimestamp(o.start)
	}
	setMap(o.attributes, p.Attributes())
	switch v := o.emitted.value; {
	case stale:
	case v.double:
		lease.SetDouble(p, v.float())
	default:
		p.SetIntValue(int64(v.bits))
	}
	lease.Cut(p.Exemplars(), 0)
	renderExemplars(o.emitted.exemplars, p.Exemplars())
}

// setMap gives m the encoded attributes, in their order.
func setMap(encoded string, m pcommon.Map) {
	if !equalMap(encoded, m) {
		m.Clear()
		putMap(encoded, m)
	}
}

// stringTag stands before a string in the form of appendMap.
const stringTag = string(rune(pcommon.ValueTypeStr))

// equalMap tells whether m has the encoded attributes, if they are strings.
func equalMap(encoded string, m pcommon.Map) bool {
	r := textReader{text: encoded}
	if r.count() != m.Len() {
		return false
	}
	for key, v := range m.All() {
		if r.take(r.count()) != key || r.take(1) != stringTag || v.Type() != pcommon.ValueTypeStr || r.take(r.count()) != v.Str() {
			return false
		}
	}
	return true
}
