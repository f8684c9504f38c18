package aggregate

import "math"

// exponent is the buckets of an output that is an exponential histogram. What points add to it depends on nothing but
// its scale and edge, linearly, so that what a point added can be taken away again after both changed.
type exponent struct {
	scale              int32
	threshold          float64 // the largest of its inputs'
	edge               int64   // buckets up to this index are part of zero; noEdge: none
	zero               uint64
	positive, negative span
}

const noEdge = math.MinInt64

// include coarsens until a point fits.
func (e *exponent) include(p *exponential) {
	for e.scale > p.scale {
		e.coarsen()
	}
	if p.threshold > e.threshold {
		e.threshold = p.threshold
		e.edge = max(e.edge, edgeOf(e.threshold, e.scale))
		e.clearEdge()
	}
	for !e.fits(p) {
		e.coarsen()
	}
}

func (e *exponent) fits(p *exponential) bool {
	shift := p.scale - e.scale
	return e.fitsSpan(&e.positive, &p.positive, shift) && e.fitsSpan(&e.negative, &p.negative, shift)
}

func (e *exponent) fitsSpan(own, other *span, shift int32) bool {
	low, high, any := own.bounds(0, noEdge)
	otherLow, otherHigh, otherAny := other.bounds(shift, e.edge)
	switch {
	case !otherAny:
		return true
	case any:
		otherLow, otherHigh = min(low, otherLow), max(high, otherHigh)
	}
	return otherHigh-otherLow < maxExponentialBuckets
}

// coarsen lowers the scale by one. The edge moves up to the end of its bucket.
func (e *exponent) coarsen() {
	e.scale--
	e.positive, e.negative = *e.positive.coarser(1), *e.negative.coarser(1)
	if e.edge != noEdge {
		e.edge >>= 1
		e.clearEdge()
	}
}

// clearEdge moves what is below the edge to zero.
func (e *exponent) clearEdge() {
	for _, s := range []*span{&e.positive, &e.negative} {
		for len(s.counts) > 0 && s.offset <= e.edge {
			e.zero += s.counts[0]
			s.counts = s.counts[1:]
			s.offset++
		}
	}
}

// fold adds a point that fits, times a factor.
func (e *exponent) fold(p *exponential, times uint64) {
	e.zero += p.zero * times
	e.foldSpan(&e.positive, &p.positive, p.scale-e.scale, times)
	e.foldSpan(&e.negative, &p.negative, p.scale-e.scale, times)
}

func (e *exponent) foldSpan(to, from *span, shift int32, times uint64) {
	for i, n := range from.counts {
		if n == 0 {
			continue
		}
		if index := (from.offset + int64(i)) >> shift; index <= e.edge {
			e.zero += n * times
		} else {
			*to.at(index) += n * times
		}
	}
}

func (e *exponent) copyTo(to *exponent) {
	positive, negative := to.positive, to.negative
	*to = *e
	to.positive, to.negative = positive, negative
	to.positive.set(&e.positive)
	to.negative.set(&e.negative)
}

// edgeOf is the index of the bucket in which a threshold lies; it ends at or above it.
func edgeOf(threshold float64, scale int32) int64 {
	edge := int64(math.Ceil(math.Ldexp(math.Log2(threshold), int(scale)))) - 1
	for boundary(edge, scale) < threshold {
		edge++
	}
	return edge
}

// boundary is the upper end of a bucket.
func boundary(index int64, scale int32) float64 {
	return math.Exp2(math.Ldexp(float64(index+1), -int(scale)))
}

func (e *exponent) zeroThreshold() float64 {
	if e.edge == noEdge {
		return 0
	}
	return boundary(e.edge, e.scale)
}
