package flinkprometheusreceiver

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/lease"
)

// This file fills pdata that may be new, or may have been used before and changed since in any way. Either a field is set,
// or it is seen to have the value it is to have: to set a string costs nothing, but an attribute, a kind or the value
// of a point costs an object, so these are compared first.

// filler fills. What is empty is moved over what is to be emptied, which does so for all fields, those included that
// this code does not know.
type filler struct {
	attributes pcommon.Map
	resource   pcommon.Resource
	scope      pcommon.InstrumentationScope
	point      pmetric.NumberDataPoint
}

func newFiller() *filler {
	return &filler{pcommon.NewMap(), pcommon.NewResource(), pcommon.NewInstrumentationScope(), pmetric.NewNumberDataPoint()}
}

// resourceMetrics makes rm the resource with these attributes and one scope of this name. It returns the scope's metrics,
// which are to be filled.
func (f *filler) resourceMetrics(rm pmetric.ResourceMetrics, attributes []label, scope string) pmetric.MetricSlice {
	resource := rm.Resource()
	resource.Attributes().MoveTo(f.attributes)
	f.resource.MoveTo(resource)
	f.attributes.MoveTo(resource.Attributes())
	setAttributes(resource.Attributes(), attributes)
	rm.SetSchemaUrl("")

	scopes := rm.ScopeMetrics()
	lease.Cut(scopes, 1)
	if scopes.Len() == 0 {
		scopes.AppendEmpty()
	}
	sm := scopes.At(0)
	f.scope.MoveTo(sm.Scope())
	sm.Scope().SetName(scope)
	sm.SetSchemaUrl("")
	return sm.Metrics()
}

// metric makes out the metric m. It returns its points, which are to be filled.
func (f *filler) metric(out pmetric.Metric, m *metric) pmetric.NumberDataPointSlice {
	out.SetName(m.name)
	out.SetDescription(m.description)
	out.SetUnit(m.unit)
	if out.Metadata().Len() > 0 {
		out.Metadata().Clear()
	}
	if !m.sum {
		return gaugePoints(out)
	}
	points := sumPoints(out)
	out.Sum().SetIsMonotonic(true)
	out.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return points
}

// gaugePoints makes out a gauge with the points that it has, if it has numbers.
func gaugePoints(out pmetric.Metric) pmetric.NumberDataPointSlice {
	switch out.Type() {
	case pmetric.MetricTypeGauge:
		return out.Gauge().DataPoints()
	case pmetric.MetricTypeSum:
		old := out.Sum().DataPoints()
		points := out.SetEmptyGauge().DataPoints()
		old.MoveAndAppendTo(points)
		return points
	default:
		return out.SetEmptyGauge().DataPoints()
	}
}

// sumPoints makes out a sum with the points that it has, if it has numbers.
func sumPoints(out pmetric.Metric) pmetric.NumberDataPointSlice {
	switch out.Type() {
	case pmetric.MetricTypeSum:
		return out.Sum().DataPoints()
	case pmetric.MetricTypeGauge:
		old := out.Gauge().DataPoints()
		points := out.SetEmptySum().DataPoints()
		old.MoveAndAppendTo(points)
		return points
	default:
		return out.SetEmptySum().DataPoints()
	}
}

// value makes dp a point with a value.
func (f *filler) value(dp pmetric.NumberDataPoint, attributes []label, start, t pcommon.Timestamp, v float64) {
	dp.SetStartTimestamp(start)
	dp.SetTimestamp(t)
	dp.SetFlags(pmetric.DefaultDataPointFlags)
	lease.SetDouble(dp, v)
	lease.Cut(dp.Exemplars(), 0)
	setAttributes(dp.Attributes(), attributes)
}

// marker makes dp a stale marker.
func (f *filler) marker(dp pmetric.NumberDataPoint, attributes []label, start, t pcommon.Timestamp) {
	f.point.MoveTo(dp) // there is no other way to take its value from it
	dp.SetStartTimestamp(start)
	dp.SetTimestamp(t)
	dp.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	setAttributes(dp.Attributes(), attributes)
}

// setAttributes makes the attributes of m those that are wanted, in their order.
func setAttributes(m pcommon.Map, wanted []label) {
	same := 0
	for key, v := range m.All() {
		if same == len(wanted) || key != wanted[same].name {
			break
		}
		if v.Type() != pcommon.ValueTypeStr || v.Str() != wanted[same].value {
			v.SetStr(wanted[same].value)
		}
		same++
	}
	if m.Len() > same {
		n := 0
		m.RemoveIf(func(string, pcommon.Value) bool {
			n++
			return n > same
		})
	}
	if same < len(wanted) {
		m.EnsureCapacity(len(wanted))
	}
	for _, l := range wanted[same:] {
		m.PutStr(l.name, l.value)
	}
}
