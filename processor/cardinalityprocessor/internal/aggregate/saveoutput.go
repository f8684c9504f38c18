package aggregate

import (
	"encoding/binary"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// saveOutput appends an output with its state and, while a tick is pending, what it shows.
func (w *blockWriter) saveOutput(place uint32, out *output, shared *family, undone bool) {
	b := out.appendDefinition(w.b, place, shared)
	b = binary.AppendUvarint(b, uint64(out.flags))
	for _, t := range []pcommon.Timestamp{out.first, out.start, out.arrived, out.seen, out.forgotten} {
		b = binary.AppendUvarint(b, uint64(t))
	}
	b = appendFloat(appendFloat(b, out.total.hi), out.total.lo)
	b = appendExemplars(b, out.exemplars)
	w.b = b
	w.saveShape(out.shape)
	if !undone {
		return
	}
	e := &out.emitted
	if w.b = append(w.b, e.form); e.form == showNothing {
		return
	}
	w.b = appendExemplars(e.value.append(w.b), e.exemplars)
	shown := e.shape
	if e.form != showValue {
		shown = nil
	}
	w.saveShape(shown)
	if e.noSum {
		w.b = append(w.b, 1)
	} else {
		w.b = append(w.b, 0)
	}
}

func (r *loader) loadOutput(shared *family) *family {
	a := r.a
	place, out := r.output(a, shared)
	out.flags = outputFlags(r.uvarint())
	for _, t := range []*pcommon.Timestamp{&out.first, &out.start, &out.arrived, &out.seen, &out.forgotten} {
		*t = r.time()
	}
	out.total = amount{r.finite(), r.finite()}
	out.exemplars = r.exemplars()
	out.shape = r.shape(out)
	if a.undone {
		r.emission(out)
	}
	if _, taken := a.places[out.id]; r.bad || taken || out.has(outPending) || !out.has(outKnown) ||
		place >= a.placeBound || int(place) < len(a.outputs) || int(place) > len(a.outputs)+maxGap {
		r.fail()
		return nil
	}
	a.putOutput(place, out)
	a.outCount++
	return out.family
}

func (r *loader) emission(out *output) {
	e := &out.emitted
	if e.form = r.byte(); e.form == showNothing {
		return
	}
	e.value, e.exemplars, e.shape = r.number(), r.exemplars(), r.shape(out)
	e.noSum = r.byte() != 0
	distribution := out.counts() && out.family.kind != pmetric.MetricTypeSum
	if e.form > showValue || e.form == showValue && distribution && e.shape == nil {
		r.fail()
	}
}

func appendExemplars(dst []byte, kept []exemplar) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(kept)))
	for i := range kept {
		dst = kept[i].append(dst)
	}
	return dst
}

func (c *cursor) exemplars() (kept []exemplar) {
	n := c.count()
	if n > maxExemplars {
		c.fail()
		return nil
	}
	for range n {
		var x exemplar
		c.exemplar(&x)
		kept = append(kept, x)
	}
	return kept
}

// saveShape appends a shape behind its presence: 0 none, 1 explicit or summary, 2 exponential.
func (w *blockWriter) saveShape(s *shape) {
	switch {
	case s == nil:
		w.b = append(w.b, 0)
		return
	case s.isExponential:
		w.b = append(w.b, 2)
	default:
		w.b = append(w.b, 1)
	}
	w.b = binary.AppendUvarint(w.b, s.count)
	w.b = appendFloat(appendFloat(w.b, s.sum.hi), s.sum.lo)
	if s.isExponential {
		w.b = s.exponent.append(w.b)
		return
	}
	w.layout(s.layout)
	for _, n := range s.buckets {
		w.b = binary.AppendUvarint(w.b, n)
	}
}

func (r *loader) shape(out *output) *shape {
	form := r.byte()
	if form == 0 {
		return nil
	}
	s := &shape{count: r.uvarint(), sum: amount{r.finite(), r.finite()}}
	switch {
	case form == 2 && out.family != nil && out.family.kind == pmetric.MetricTypeExponentialHistogram:
		s.isExponential = true
		r.exponent(&s.exponent)
	case form == 1 && out.family != nil && (out.family.kind == pmetric.MetricTypeHistogram || out.family.kind == pmetric.MetricTypeSummary):
		s.layout = r.layout()
		s.buckets = r.bucketsOf(s.layout)
	default:
		r.fail()
	}
	return s
}

func (e *exponent) append(dst []byte) []byte {
	dst = binary.AppendVarint(dst, int64(e.scale))
	dst = appendFloat(dst, e.threshold)
	dst = binary.AppendVarint(dst, e.edge)
	dst = binary.AppendUvarint(dst, e.zero)
	return e.negative.append(e.positive.append(dst))
}

func (r *loader) exponent(e *exponent) {
	scale := r.varint()
	e.threshold, e.edge, e.zero = r.finite(), r.varint(), r.uvarint()
	r.span(&e.positive)
	r.span(&e.negative)
	if scale > maxScale || scale < -2*maxScale || e.threshold < 0 {
		r.fail()
	}
	e.scale = int32(scale)
}
