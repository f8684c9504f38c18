package aggregate

import (
	"cmp"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// sample is the head of a point of a record, and the value of a number.
type sample struct {
	ref         Ref
	form        byte
	temporality byte              // 0, headDelta or headCumul
	time, start pcommon.Timestamp // a start after the time is no proof and read as unknown
	stated      pcommon.Timestamp // the start as it was given, which still names an incarnation
	value       number
}

// samples decodes the samples of a record one after the other.
type samples struct {
	cursor
	previous sample      // its start is the last known one
	layouts  []layoutRef // of the record's histograms
}

// head decodes the head of a sample. The caller reads the body with value or one of the other readers.
func (r *samples) head(s *sample) {
	head := r.byte()
	s.form, s.temporality = head&formMask, head&(headDelta|headCumul)
	s.ref, s.time, s.start = r.previous.ref, r.previous.time, r.previous.start
	if s.form == formExemplar {
		return
	}
	if head&headNextRef != 0 {
		s.ref++
	} else {
		s.ref += Ref(r.varint())
	}
	if head&headSameTime == 0 {
		s.time += pcommon.Timestamp(r.varint())
	}
	if head&headSameStart == 0 {
		if distance := r.varint(); distance == 0 {
			s.start = 0
		} else {
			s.start += pcommon.Timestamp(distance)
		}
	}
	r.previous.ref, r.previous.time = s.ref, s.time
	if s.start != 0 {
		r.previous.start = s.start
	}
}

// number decodes the body of a number.
func (r *samples) number(s *sample) {
	switch s.form {
	case formInt:
		s.value = intNumber(r.varint())
	case formDouble:
		s.value = number{bits: r.u64(), double: true}
	case formWhole:
		s.value = floatNumber(float64(r.varint()))
	}
}

// skip passes over the body of a sample.
func (r *samples) skip(s *sample) {
	switch s.form {
	case formHistogram, formSummary:
		r.histogram(&histogram{})
	case formExponential:
		r.exponential(&exponential{})
	case formExemplar:
		r.exemplar(&exemplar{})
	default:
		r.number(s)
	}
}

// sort puts the samples in the order of their times, so that a series with several points in one call has them counted
// in order, however they were shuffled.
func (b *Batch) sort() {
	type span struct {
		sample
		body []byte // with its exemplars
	}
	var spans []span
	r := samples{cursor: cursor{b: slices.Clone(b.samples)}}
	for _, size := range b.layoutSizes {
		r.layouts = append(r.layouts, layoutRef{buckets: size})
	}
	for len(r.b) > 0 {
		var s sample
		whole := r.b
		r.head(&s)
		body := r.b
		r.skip(&s)
		if s.form == formExemplar {
			last := &spans[len(spans)-1]
			last.body = append(last.body, whole[:len(whole)-len(r.b)]...) // it follows in place
			continue
		}
		spans = append(spans, span{s, body[:len(body)-len(r.b)]})
	}
	slices.SortStableFunc(spans, func(x, y span) int { return cmp.Compare(x.time, y.time) })
	b.samples, b.previous = b.samples[:0], sample{}
	for _, s := range spans {
		b.head(s.sample)
		b.samples = append(b.samples, s.body...)
	}
	b.repeats = false
}
