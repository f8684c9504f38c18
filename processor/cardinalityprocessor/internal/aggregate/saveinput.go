package aggregate

import "encoding/binary"

// saveInput appends an input. Times are told from the clock, near which most of them are.
func (a *Aggregator) saveInput(w *blockWriter, ref Ref, in *input) {
	b := binary.AppendUvarint(w.b, uint64(ref))
	b = append(b, in.id[:]...)
	b = append(b, byte(in.kind), in.flags)
	b = binary.AppendUvarint(b, uint64(in.out))
	b = binary.AppendVarint(b, int64(a.clock-in.at))
	b = binary.AppendUvarint(b, uint64(in.start))
	b = binary.AppendVarint(b, int64(a.clock-in.seen))
	b = binary.AppendUvarint(b, uint64(in.spacing))
	w.b = b
	switch in.kind {
	case kindGauge, kindCounter:
		w.b = in.value().append(w.b)
	case kindDelta:
		w.b = a.details[in.last].window.append(w.b)
	case kindHistogram:
		w.saveHistogram(a.details[in.last].histogram)
	case kindExponential:
		w.b = a.details[in.last].exponential.append(w.b)
	}
}

func (r *loader) loadInput() {
	a := r.a
	ref := Ref(r.u32())
	in := input{id: r.id(), kind: inputKind(r.byte()), flags: r.byte(), out: r.u32()}
	in.at = a.clock - r.ago()
	in.start = r.time()
	in.seen = a.clock - r.ago()
	in.spacing = uint16(min(r.uvarint(), 1<<16-1))
	if r.bad || in.kind >= inputKinds || in.flags&^(flagKnown|flagLive|flagDouble) != 0 || !in.has(flagKnown) ||
		ref >= a.refBound || int(ref) < a.inputs.slots || int(ref) > a.inputs.slots+maxGap || !a.knows(in.out) {
		r.fail()
		return
	}
	r.loadValue(&in)
	if _, taken := a.index.get(&in.id, &a.inputs); r.bad || taken {
		r.fail()
		return
	}
	a.inputs.extend(ref)
	*a.inputs.at(ref) = in
	a.index.add(ref, &a.inputs)
	a.outputs[in.out].inputs++
	a.known++
	if in.has(flagLive) {
		a.live++
	}
}

// maxGap limits how many vacant slots follow each other, so that damage does not allocate without end.
const maxGap = 1 << 24

func (a *Aggregator) knows(place uint32) bool {
	return int(place) < len(a.outputs) && a.outputs[place] != nil
}

func (r *loader) loadValue(in *input) {
	a := r.a
	switch in.kind {
	case kindGauge, kindCounter:
		v := r.number()
		if !v.finite() {
			r.fail()
		}
		in.keep(v)
	case kindDelta:
		a.newDetail(in).window = r.window()
	case kindHistogram:
		a.newDetail(in).histogram = r.loadHistogram()
	case kindExponential:
		p := &exponential{}
		if !r.exponential(p) {
			r.fail()
		}
		a.newDetail(in).exponential = p
	}
}

func (w *window) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(w.horizon))
	dst = binary.AppendUvarint(dst, uint64(w.n))
	for _, i := range w.intervals[:w.n] {
		dst = binary.AppendUvarint(dst, uint64(i.start))
		dst = binary.AppendUvarint(dst, uint64(i.end))
		if i.inferred {
			dst = append(dst, 1)
		} else {
			dst = append(dst, 0)
		}
	}
	return dst
}

func (c *cursor) window() *window {
	w := &window{horizon: c.time(), n: c.count()}
	if w.n > windowSize {
		c.fail()
		return w
	}
	for i := range w.n {
		w.intervals[i] = interval{c.time(), c.time(), c.byte() != 0}
	}
	return w
}

func (w *blockWriter) saveHistogram(h *histogram) {
	var flags byte
	if h.hasSum {
		flags = bodySum
	}
	w.layout(h.layout)
	w.b = binary.AppendUvarint(append(w.b, flags), h.count)
	w.b = appendFloat(w.b, h.sum)
	for _, n := range h.buckets {
		w.b = binary.AppendUvarint(w.b, n)
	}
}

func (r *loader) loadHistogram() *histogram {
	h := &histogram{layout: r.layout(), hasSum: r.byte() != 0, count: r.uvarint(), sum: r.finite()}
	h.buckets = r.bucketsOf(h.layout)
	return h
}

// bucketsOf reads as many counts as a layout has.
func (r *loader) bucketsOf(l *layout) (buckets []uint64) {
	if l == nil {
		return nil
	}
	for i := 0; i <= len(l.bounds) && !r.bad; i++ {
		buckets = append(buckets, r.uvarint())
	}
	return buckets
}
