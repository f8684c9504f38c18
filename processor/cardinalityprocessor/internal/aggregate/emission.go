package aggregate

import "go.opentelemetry.io/collector/pdata/pmetric"

// What an output shows at a tick.
const (
	showNothing byte = iota
	showStale
	showValue
)

// emission is what an output shows at the last tick. It is apart from the total, which goes on while Render runs.
type emission struct {
	form      byte
	value     number
	noSum     bool
	shape     *shape
	exemplars []exemplar
}

// stale makes the emission a stale marker, with nothing of the value before it.
func (e *emission) stale() {
	e.form, e.value, e.noSum, e.exemplars = showStale, number{}, false, e.exemplars[:0]
}

func (o *output) emit(m *merged, values []quantileValue) {
	e := &o.emitted
	e.form = showValue
	e.exemplars, o.exemplars = o.exemplars, e.exemplars[:0]
	switch {
	case !o.counts():
		e.value = m.value(o, values)
	case o.family.kind == pmetric.MetricTypeSum:
		e.value = o.typed(o.total)
	default:
		e.shape, e.noSum = o.shape.copyTo(e.shape), o.has(outNoSum)
	}
}
