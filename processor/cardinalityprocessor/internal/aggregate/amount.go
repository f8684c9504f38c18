package aggregate

import "math"

// amount is a double-double number, the unevaluated sum hi+lo with |lo| <= ulp(hi)/2: integers are exact up to about
// 2^104, and sums of floats lose nothing that a double could show.
type amount struct{ hi, lo float64 }

func intAmount(v int64) amount {
	const low = 1<<32 - 1
	return twoSum(float64(v&^low), float64(v&low)) // both halves are exact
}

func floatAmount(v float64) amount { return amount{hi: v} }

// twoSum adds without loss: the result's value is exactly a+b.
func twoSum(a, b float64) amount {
	s := a + b
	t := s - a
	return amount{s, (a - (s - t)) + (b - t)}
}

// quickTwoSum is twoSum for |a| >= |b|.
func quickTwoSum(a, b float64) amount {
	s := a + b
	return amount{s, b - (s - a)}
}

func (a amount) plus(b amount) amount {
	s, t := twoSum(a.hi, b.hi), twoSum(a.lo, b.lo)
	s = quickTwoSum(s.hi, s.lo+t.hi)
	s = quickTwoSum(s.hi, s.lo+t.lo)
	if s.hi-s.hi != 0 { // overflowed: stay at the edge, so that a total never falls
		return amount{hi: math.Copysign(math.MaxFloat64, a.hi+b.hi)}
	}
	return s
}

func (a amount) minus(b amount) amount { return a.plus(amount{-b.hi, -b.lo}) }

func (a amount) less(b amount) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

// float is the nearest double.
func (a amount) float() float64 { return a.hi + a.lo }

// ceiling is float, but not below the value from 2^53 on: a total that was shown as an int64 and then becomes a double
// must not fall by rounding.
func (a amount) ceiling() float64 {
	if f := a.hi + a.lo; f < 1<<53 || a.lo-(f-a.hi) <= 0 {
		return f
	}
	return math.Nextafter(a.hi+a.lo, math.Inf(1))
}

// integer is the value as an int64, if it is whole and fits.
func (a amount) integer() (int64, bool) {
	const limit = 1 << 63
	if a.hi >= limit || a.hi < -limit || a.hi != math.Trunc(a.hi) || a.lo != math.Trunc(a.lo) {
		return 0, false
	}
	return int64(a.hi) + int64(a.lo), true
}
