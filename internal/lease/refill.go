package lease

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Element returns the element of a slice of pdata at position i, which is at most the slice's end.
func Element[E any, S interface {
	Len() int
	At(i int) E
	AppendEmpty() E
}](s S, i int) E {
	if i < s.Len() {
		return s.At(i)
	}
	return s.AppendEmpty()
}

// MetricAt is Element for metrics, without the calls through a table that make generic code slow.
func MetricAt(s pmetric.MetricSlice, i int) pmetric.Metric {
	if i < s.Len() {
		return s.At(i)
	}
	return s.AppendEmpty()
}

// PointAt is MetricAt for points.
func PointAt(s pmetric.NumberDataPointSlice, i int) pmetric.NumberDataPoint {
	if i < s.Len() {
		return s.At(i)
	}
	return s.AppendEmpty()
}

// Cut removes all elements of a slice of pdata but the first n: those that a former loan had more.
func Cut[E any, S interface {
	Len() int
	RemoveIf(f func(E) bool)
}](s S, n int) {
	if s.Len() <= n {
		return
	}
	i := 0
	s.RemoveIf(func(E) bool {
		i++
		return i > n
	})
}

// SetDouble sets the value of a point. It makes no new one, which is an object, where there is the same.
func SetDouble(p pmetric.NumberDataPoint, v float64) {
	if p.ValueType() != pmetric.NumberDataPointValueTypeDouble || math.Float64bits(p.DoubleValue()) != math.Float64bits(v) {
		p.SetDoubleValue(v)
	}
}
