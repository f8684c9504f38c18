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
	empty      pmetric.NumberDataPoint
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
	sm := lease.Element(scopes, 0)
	lease.Cut(scopes, 1)
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
	if m.sum {
		return sumPoints(out)
	}
	return gaugePoints(out)
}

// gaugePoints makes out a gauge with the points that it has, if it has numbers.
func gaugePoints(out pmetric.Metric) pmetric.NumberDataPointSlice {
	gauge := out.Gauge()
	if gauge == (pmetric.Gauge{}) {
		sum := out.Sum()
		gauge = out.SetEmptyGauge()
		if sum != (pmetric.Sum{}) {
			sum.DataPoints().MoveAndAppendTo(gauge.DataPoints())
		}
	}
	return gauge.DataPoints()
}

// sumPoints makes out a cumulative monotonic sum with the points that it has, if it has numbers.
func sumPoints(out pmetric.Metric) pmetric.NumberDataPointSlice {
	sum := out.Sum()
	if sum == (pmetric.Sum{}) {
		gauge := out.Gauge()
		sum = out.SetEmptySum()
		if gauge != (pmetric.Gauge{}) {
			gauge.DataPoints().MoveAndAppendTo(sum.DataPoints())
		}
	}
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return sum.DataPoints()
}

// point makes dp the point c, which is a value or a stale marker.
func (f *filler) point(dp pmetric.NumberDataPoint, c *point, attributes []label, t pcommon.Timestamp) {
	if c.form == value {
		dp.SetFlags(pmetric.DefaultDataPointFlags)
		lease.SetDouble(dp, c.value)
		if dp.Exemplars().Len() > 0 {
			lease.Cut(dp.Exemplars(), 0)
		}
	} else {
		f.empty.MoveTo(dp) // there is no other way to take its value from it
		dp.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	}
	dp.SetStartTimestamp(c.start)
	dp.SetTimestamp(t)
	if m := dp.Attributes(); len(attributes) > 0 || m.Len() > 0 {
		setAttributes(m, attributes)
	}
}

// setAttributes makes the attributes of m those that are wanted, in their order.
func setAttributes(m pcommon.Map, wanted []label) {
	same := 0
	for key, v := range m.All() {
		if same == len(wanted) || key != wanted[same].name {
			break
		}
		if text := wanted[same].value; text == "" || v.Str() != text { // which is empty for what is no text, too
			v.SetStr(text)
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
