package aggregate

import (
	"math"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// absorbGauge keeps the newest value of a gauge or of a cumulative up-down counter.
func (a *Aggregator) absorbGauge(s *sample, in *input, out *output) Outcome {
	if in.kind == kindGauge && s.time <= in.at {
		if s.time == in.at && s.value == in.value() {
			return Duplicate
		}
		return Late
	}
	a.become(in, kindGauge)
	if s.value.double {
		out.flags |= outDouble
	}
	out.meet(s.time)
	in.keep(s.value)
	a.touch(in, out, s.time)
	return Absorbed
}

// merged is what a tick finds of the live inputs of an output.
type merged struct {
	live    uint32 // of any kind
	gauges  uint32 // of kindGauge
	spacing uint16 // the longest
	sum     amount
	extreme number // the one the function asks for
	newest  pcommon.Timestamp
}

// quantileValue is one input's value for an output whose function is a quantile.
type quantileValue struct {
	place uint32
	value float64
}

// scratch is room that ticks use again.
type scratch struct {
	merged    []merged
	quantiles []quantileValue
	tick      []byte
	layouts   []layoutRef
	histogram histogram
	point     exponential
	buckets   [2][]uint64
}

func (m *merged) add(in *input, function Function) {
	v := in.value()
	first := m.gauges == 0
	m.gauges++
	switch function {
	case Sum, Avg:
		m.sum = m.sum.plus(v.amount())
	case Min:
		if first || v.less(m.extreme) {
			m.extreme = v
		}
	case Max:
		if first || m.extreme.less(v) {
			m.extreme = v
		}
	case Last: // of points of equal time the largest, so that the order of inputs does not matter
		if first || in.at > m.newest || in.at == m.newest && m.extreme.less(v) {
			m.extreme, m.newest = v, in.at
		}
	}
}

// value is what the function makes of the live inputs and, for an up-down counter, of its deltas.
func (m *merged) value(out *output, quantile []quantileValue) number {
	switch out.function {
	case Count:
		return intNumber(int64(m.gauges))
	case Min, Max, Last:
		if m.gauges > 0 {
			return out.typed(m.extreme.amount())
		}
	case Avg:
		if m.gauges > 0 {
			return floatNumber(m.sum.float() / float64(m.gauges))
		}
	case P50, P75, P90, P95, P99:
		if len(quantile) > 0 {
			return floatNumber(quantileOf(quantile, quantiles[out.function]))
		}
	}
	if out.family.kind == pmetric.MetricTypeSum {
		return out.typed(m.sum.plus(out.total))
	}
	return out.typed(m.sum)
}

// typed is v as the output's number type: an int as long as there was no double and it fits.
func (o *output) typed(v amount) number {
	if !o.has(outDouble) {
		if i, ok := v.integer(); ok {
			return intNumber(i)
		}
		o.flags |= outDouble
	}
	if o.family.monotonic {
		return floatNumber(v.ceiling())
	}
	return floatNumber(v.float())
}

// quantileOf interpolates between the sorted values.
func quantileOf(values []quantileValue, q float64) float64 {
	rank := q * float64(len(values)-1)
	low := math.Floor(rank)
	v := values[int(low)].value
	if int(low)+1 < len(values) {
		v += float64((values[int(low)+1].value - v) * (rank - low))
	}
	return v
}

// quantilesOf cuts the values of one output off the sorted values.
func quantilesOf(values []quantileValue, place uint32) (of, rest []quantileValue) {
	n := 0
	for n < len(values) && values[n].place == place {
		n++
	}
	return values[:n], values[n:]
}

func sortQuantiles(values []quantileValue) {
	slices.SortFunc(values, func(x, y quantileValue) int {
		switch {
		case x.place != y.place:
			return int(x.place) - int(y.place)
		case x.value < y.value:
			return -1
		case x.value > y.value:
			return 1
		}
		return 0
	})
}
