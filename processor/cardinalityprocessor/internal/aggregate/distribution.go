package aggregate

import "go.opentelemetry.io/collector/pdata/pmetric"

// absorbDistribution absorbs a point of a histogram or summary.
func (a *Aggregator) absorbDistribution(r *samples, s *sample, in *input, out *output, tally *Tally) Outcome {
	if s.form == formExponential {
		p := &a.scratch.point
		ok := r.exponential(p)
		if outcome := a.refuse(s, in); outcome != Absorbed {
			return outcome
		}
		switch {
		case out.family.kind != pmetric.MetricTypeExponentialHistogram:
			return Mismatched
		case !ok:
			return Malformed
		case s.temporality == headDelta:
			return a.absorbExponentialDelta(s, p, in, out, tally)
		}
		return a.absorbExponential(s, p, in, out, tally)
	}
	p := &a.scratch.histogram
	flags, ok := r.histogram(p)
	if outcome := a.refuse(s, in); outcome != Absorbed {
		return outcome
	}
	switch {
	case out.family.kind != pmetric.MetricTypeHistogram && out.family.kind != pmetric.MetricTypeSummary:
		return Mismatched
	case !ok:
		return Malformed
	}
	if flags&bodyQuantiles != 0 {
		tally[Quantiles]++
	}
	if s.temporality == headDelta {
		return a.absorbHistogramDelta(s, p, in, out, tally)
	}
	return a.absorbHistogram(s, p, in, out, tally)
}

// loseSum notes that an input has no sum: its output has none for good.
func (o *output) loseSum(hasSum bool, tally *Tally) {
	if !hasSum && !o.has(outNoSum) {
		o.flags |= outNoSum
		tally[SumLost]++
	}
}

func (a *Aggregator) absorbHistogramDelta(s *sample, p *histogram, in *input, out *output, tally *Tally) Outcome {
	outcome := a.admitDelta(s, in, out, tally)
	if outcome == Absorbed {
		a.prepareHistogram(out, p, tally)
		out.shape.addHistogram(p)
		out.flags |= outDirty
	}
	return outcome
}

// absorbHistogram counts the increments of a cumulative histogram or summary.
func (a *Aggregator) absorbHistogram(s *sample, p *histogram, in *input, out *output, tally *Tally) Outcome {
	fresh := in.kind != kindHistogram
	if fresh && out.mayHaveCounted(s, in) {
		return Late
	}
	if !fresh && s.time <= in.at {
		if s.time == in.at && a.details[in.last].histogram.equal(p) {
			return Duplicate
		}
		return Late
	}
	a.prepareHistogram(out, p, tally)
	if fresh {
		if a.admit(s, in, out, tally) {
			out.shape.addHistogram(p)
		}
		a.become(in, kindHistogram)
		a.newDetail(in).histogram = &histogram{}
		in.start = s.stated
	} else {
		last := a.details[in.last].histogram
		out.noteMoved(in)
		a.prepareHistogram(out, last, tally) // it may come from another output, with other bounds
		fell := a.histogramFell(last, p, out.shape.layout)
		if !in.resets(s, fell, tally) {
			out.shape.takeHistogram(last)
		}
		out.shape.addHistogram(p)
	}
	out.flags |= outDirty
	a.details[in.last].histogram.set(p)
	a.touch(in, out, s.time)
	return Absorbed
}

// prepareHistogram makes an output's bounds those that it shares with a point's.
func (a *Aggregator) prepareHistogram(out *output, p *histogram, tally *Tally) {
	out.loseSum(p.hasSum, tally)
	if out.shape == nil {
		out.shape = &shape{layout: p.layout}
		if p.layout != nil {
			out.shape.buckets = make([]uint64, len(p.layout.bounds)+1)
		}
		return
	}
	s := out.shape
	if s.layout == p.layout || s.layout == nil {
		return
	}
	var coarser *layout
	if p.layout != nil {
		coarser = a.shared(s.layout, p.layout)
	}
	if coarser == s.layout {
		return
	}
	tally[Narrowed]++
	if coarser == nil || len(coarser.bounds) == 0 {
		s.layout, s.buckets = nil, nil
		return
	}
	buckets := make([]uint64, len(coarser.bounds)+1)
	fold(buckets, coarser, s.buckets, s.layout)
	s.layout, s.buckets = coarser, buckets
}

// addHistogram adds all of a point whose bounds include the shape's.
func (s *shape) addHistogram(p *histogram) {
	s.count += p.count
	s.sum = s.sum.plus(floatAmount(p.sum))
	if s.layout != nil {
		fold(s.buckets, s.layout, p.buckets, p.layout)
	}
}

// takeHistogram takes away what a point added.
func (s *shape) takeHistogram(p *histogram) {
	s.count -= p.count
	s.sum = s.sum.minus(floatAmount(p.sum))
	if s.layout != nil {
		unfold(s.buckets, s.layout, p.buckets, p.layout)
	}
}

// histogramFell tells whether the count or a bucket fell, by the bounds that both points and their output share.
func (a *Aggregator) histogramFell(last, p *histogram, by *layout) bool {
	if p.count < last.count {
		return true
	}
	before, now := last.buckets, p.buckets
	if last.layout != p.layout {
		if by == nil {
			return false
		}
		room := &a.scratch.buckets
		for i := range room {
			room[i] = append(room[i][:0], make([]uint64, len(by.bounds)+1)...)
		}
		fold(room[0], by, last.buckets, last.layout)
		fold(room[1], by, p.buckets, p.layout)
		before, now = room[0], room[1]
	}
	for i := range before {
		if now[i] < before[i] {
			return true
		}
	}
	return false
}

func (h *histogram) set(p *histogram) {
	h.layout, h.count, h.sum, h.hasSum = p.layout, p.count, p.sum, p.hasSum
	h.buckets = append(h.buckets[:0], p.buckets...)
}

func (h *histogram) equal(p *histogram) bool {
	if h.layout != p.layout || h.count != p.count || h.sum != p.sum || h.hasSum != p.hasSum {
		return false
	}
	for i := range h.buckets {
		if h.buckets[i] != p.buckets[i] {
			return false
		}
	}
	return true
}
