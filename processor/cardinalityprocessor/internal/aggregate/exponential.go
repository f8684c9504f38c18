package aggregate

import (
	"encoding/binary"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	// maxExponentialBuckets is what an output has of each sign at most; its scale falls until that is so.
	maxExponentialBuckets = 160
	// maxScale limits the scale of a point, either way.
	maxScale = 32
)

// exponential is a point of an exponential histogram.
type exponential struct {
	count, zero        uint64
	sum                float64
	hasSum             bool
	scale              int32
	threshold          float64 // zero holds what is at most this far from zero
	positive, negative span
}

// Exponential adds a point of an exponential histogram.
func (b *Batch) Exponential(ref Ref, p pmetric.ExponentialHistogramDataPoint, temporality pmetric.AggregationTemporality) {
	if p.Flags().NoRecordedValue() {
		b.begin(ref, formStale, temporality, p.StartTimestamp(), p.Timestamp())
		return
	}
	b.begin(ref, formExponential, temporality, p.StartTimestamp(), p.Timestamp())
	zero := p.ZeroThreshold()
	if p.Scale() > maxScale || p.Scale() < -maxScale || !(zero >= 0) || math.IsInf(zero, 1) ||
		p.Positive().BucketCounts().Len() > maxBounds || p.Negative().BucketCounts().Len() > maxBounds {
		b.samples = append(b.samples, bodyMalformed)
		return
	}
	flags := sumFlag(p.HasSum(), p.Sum())
	if zero != 0 {
		flags |= bodyZero
	}
	b.appendCount(flags, p.Count(), p.Sum())
	b.samples = binary.AppendVarint(b.samples, int64(p.Scale()))
	b.samples = binary.AppendUvarint(b.samples, p.ZeroCount())
	if zero != 0 {
		b.samples = appendFloat(b.samples, zero)
	}
	b.appendBuckets(p.Positive())
	b.appendBuckets(p.Negative())
	b.exemplars(p.Exemplars())
}

// appendBuckets appends the buckets between the first and the last that are not empty.
func (b *Batch) appendBuckets(buckets pmetric.ExponentialHistogramDataPointBuckets) {
	counts := buckets.BucketCounts()
	from, to := 0, counts.Len()
	for from < to && counts.At(from) == 0 {
		from++
	}
	for from < to && counts.At(to-1) == 0 {
		to--
	}
	b.samples = binary.AppendUvarint(b.samples, uint64(to-from))
	if from == to {
		return
	}
	b.samples = binary.AppendVarint(b.samples, int64(buckets.Offset())+int64(from))
	for i := from; i < to; i++ {
		b.samples = binary.AppendUvarint(b.samples, counts.At(i))
	}
}

// exponential reads a point into p and tells whether it is well formed.
func (c *cursor) exponential(p *exponential) bool {
	flags := c.byte()
	if flags&bodyMalformed != 0 {
		return false
	}
	p.count = c.uvarint()
	p.hasSum, p.sum, p.threshold = flags&bodySum != 0, 0, 0
	if p.hasSum {
		p.sum = c.float()
	}
	scale := c.varint()
	p.zero = c.uvarint()
	if flags&bodyZero != 0 {
		p.threshold = c.float()
	}
	c.span(&p.positive)
	c.span(&p.negative)
	if scale > maxScale || scale < -maxScale || !(p.threshold >= 0) || math.IsInf(p.threshold, 1) {
		c.fail()
	}
	p.scale = int32(scale)
	return !c.bad
}

// append encodes the point like Batch.Exponential.
func (p *exponential) append(dst []byte) []byte {
	flags := byte(bodyZero)
	if p.hasSum {
		flags |= bodySum
	}
	dst = binary.AppendUvarint(append(dst, flags), p.count)
	if p.hasSum {
		dst = appendFloat(dst, p.sum)
	}
	dst = binary.AppendVarint(dst, int64(p.scale))
	dst = binary.AppendUvarint(dst, p.zero)
	dst = appendFloat(dst, p.threshold)
	return p.negative.append(p.positive.append(dst))
}

// fellTo tells whether the count or a bucket of p is lower than before.
func (p *exponential) fellTo(now *exponential) bool {
	if now.count < p.count {
		return true
	}
	if now.threshold != p.threshold {
		return false // buckets may have become part of zero
	}
	scale := min(p.scale, now.scale)
	return now.zero < p.zero ||
		p.positive.fellTo(&now.positive, p.scale-scale, now.scale-scale) ||
		p.negative.fellTo(&now.negative, p.scale-scale, now.scale-scale)
}

func (p *exponential) equal(q *exponential) bool {
	return p.count == q.count && p.zero == q.zero && p.sum == q.sum && p.hasSum == q.hasSum && p.scale == q.scale &&
		p.threshold == q.threshold && p.positive.equal(&q.positive) && p.negative.equal(&q.negative)
}

func (p *exponential) set(q *exponential) {
	positive, negative := p.positive, p.negative
	*p = *q
	p.positive, p.negative = positive, negative
	p.positive.set(&q.positive)
	p.negative.set(&q.negative)
}

func (a *Aggregator) absorbExponentialDelta(s *sample, p *exponential, in *input, out *output, tally *Tally) Outcome {
	outcome := a.admitDelta(s, in, out, tally)
	if outcome == Absorbed {
		out.prepareExponential(p, tally)
		out.shape.addExponential(p)
		out.flags |= outDirty
	}
	return outcome
}

// absorbExponential counts the increments of a cumulative exponential histogram.
func (a *Aggregator) absorbExponential(s *sample, p *exponential, in *input, out *output, tally *Tally) Outcome {
	fresh := in.kind != kindExponential
	if fresh && out.mayHaveCounted(s, in) {
		return Late
	}
	if !fresh && s.time <= in.at {
		if s.time == in.at && a.details[in.last].exponential.equal(p) {
			return Duplicate
		}
		return Late
	}
	out.prepareExponential(p, tally)
	if fresh {
		if a.admit(s, in, out, tally) {
			out.shape.addExponential(p)
		}
		a.become(in, kindExponential)
		a.newDetail(in).exponential = &exponential{}
		in.start = s.stated
	} else {
		last := a.details[in.last].exponential
		out.noteMoved(in)
		out.prepareExponential(last, tally)
		out.shape.addExponential(p)
		if !in.resets(s, last.fellTo(p), tally) {
			out.shape.takeExponential(last)
		}
	}
	out.flags |= outDirty
	a.details[in.last].exponential.set(p)
	a.touch(in, out, s.time)
	return Absorbed
}

func (o *output) prepareExponential(p *exponential, tally *Tally) {
	o.loseSum(p.hasSum, tally)
	if o.shape == nil {
		o.shape = &shape{isExponential: true, exponent: exponent{scale: p.scale, edge: noEdge}}
	}
	o.shape.exponent.include(p)
}

func (s *shape) addExponential(p *exponential) {
	s.count += p.count
	s.sum = s.sum.plus(floatAmount(p.sum))
	s.exponent.fold(p, 1)
}

func (s *shape) takeExponential(p *exponential) {
	s.count -= p.count
	s.sum = s.sum.minus(floatAmount(p.sum))
	s.exponent.fold(p, ^uint64(0))
}

func (o *output) renderExponential(p pmetric.ExponentialHistogramDataPoint, at pcommon.Timestamp) {
	putMap(o.attributes, p.Attributes())
	p.SetTimestamp(at)
	p.SetStartTimestamp(o.start)
	if o.emitted.form == showStale {
		p.SetFlags(p.Flags().WithNoRecordedValue(true))
		return
	}
	s := o.emitted.shape
	p.SetCount(s.count)
	if !o.emitted.noSum {
		p.SetSum(s.sum.float())
	}
	e := &s.exponent
	p.SetScale(e.scale)
	p.SetZeroCount(e.zero)
	p.SetZeroThreshold(e.zeroThreshold())
	e.positive.render(p.Positive())
	e.negative.render(p.Negative())
	renderExemplars(o.emitted.exemplars, p.Exemplars())
}
