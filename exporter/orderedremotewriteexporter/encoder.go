package orderedremotewriteexporter

import (
	"math/bits"

	"weir.example/internal/series"
)

// dialect is what a version of remote write says in its own way. In both a TimeSeries
// is its head, its labels, a value and what is known of its metric.
type dialect interface {
	begin()
	end()
	// preface is what stands before the TimeSeries. It is good until begin.
	preface() []byte
	// appendHead begins a TimeSeries by the bytes of its labels and of what comes then.
	appendHead(dst []byte, labels, rest int) []byte
	// appendLabel appends a label. like is one of the same name, or empty.
	appendLabel(dst []byte, p *series.Pair, like []byte) []byte
	// omits0 tells whether a value of 0 is left out of its Sample.
	omits0() bool
	// appendTimes appends what stands behind the value in a Sample.
	appendTimes(dst []byte, ts, start int64) []byte
	// appendMore appends what a TimeSeries with more than a plain Sample has there.
	appendMore(dst []byte, s *sample) []byte
	appendMeta(dst []byte, m *meta) []byte
}

// encoder writes the TimeSeries of a request. What stood there before is copied: labels
// of an entity from the series before, the rest from the series of the same form in the
// entity before. A request has symbols of its own, so all of this is of one request,
// and only the memory is used again.
type encoder struct {
	press
	dialect
	omitting bool
	own, was *bearer // this entity, the one before
	molds    []mold
	last     int32 // of molds, the one before; 0: none
	known    map[*form]int32
	words    []word   // of all molds
	texts    []byte   // what words and molds point to
	times    [2]times // without and with start
	moments  uint32   // distinct times
	heads    [12]byte // room for one
	more     []byte
}

const (
	started  = 1 // the variants of samples: what they have
	valued   = 2
	rounded  = 4 // a value whose low bytes are 0, as those of most whole numbers
	worded   = 8 // labels that are not of the entity, behind the head
	variants = 16
	// short is up to how many bytes a copy is no shorter than they are.
	short = 3
)

func newEncoder(d dialect) *encoder {
	return &encoder{dialect: d, omitting: d.omits0(), own: &bearer{}, was: &bearer{}, known: map[*form]int32{}}
}

// encode leaves the TimeSeries of samples in out, and what stands before them in
// preface.
func (e *encoder) encode(samples []sample, plain bool) {
	e.press.begin(plain)
	e.dialect.begin()
	e.molds, e.last, e.moments = append(e.molds[:0], mold{}), 0, 0
	for i := range e.times {
		e.times[i] = times{text: e.times[i].text[:0]}
	}
	for i := range samples {
		s := &samples[i]
		if entity := s.series.Entity; entity != e.own.set {
			e.own, e.was = e.was, e.own
			if entity != e.own.set { // two may take turns
				e.own.begin(e.dialect, entity, e.was, e.at)
			}
		}
		e.timeSeries(s, e.mold(s.series.Form()))
	}
	e.close()
	e.reset()
}

// reset lets go of all that the request refers to.
func (e *encoder) reset() {
	e.dialect.end()
	for _, o := range [...]*bearer{e.own, e.was} {
		o.set, o.whole = nil, [variants]whole{}
	}
	clear(e.known)
	clear(e.words)
	clear(e.molds)
	e.words, e.texts = e.words[:0], e.texts[:0]
}

func (e *encoder) timeSeries(s *sample, m *mold) {
	labels := len(e.own.text) + int(m.size)
	if s.more != nil {
		e.more = e.appendMore(e.more[:0], s)
		e.labels(e.head(m, &m.spots[0], labels, len(e.more)+m.meta.size()))
		e.put(e.more)
		e.put(e.texts[m.meta.from:m.meta.to])
		return
	}
	variant := 0
	if s.start != 0 {
		variant |= started
	}
	t := &e.times[variant]
	if t.ts != s.ts || t.start != s.start {
		e.moments++
		*t = times{s.ts, s.start, e.moments, e.appendTimes(t.text[:0], s.ts, s.start), 0}
	}
	body := len(t.text) // at most 22
	class := 2 * labels
	if s.bits != 0 || !e.omitting {
		body += 9
		variant |= valued
		class++
		if s.bits<<48 == 0 {
			variant |= rounded
		}
	}
	class %= classes
	words := e.head(m, &m.spots[class], labels, 2+body+m.meta.size())
	low := e.open(s, words, body, variant)
	e.finish(s, m, t, low, variant, class)
}

// head begins a TimeSeries and returns the labels of the form that are yet to be
// written: without the name where that is the first of all.
func (e *encoder) head(m *mold, at *spot, labels, rest int) stretch {
	words, h := m.words, &at.head
	if e.own.named > 0 || !m.named {
		e.putHead(labels, rest)
		return words
	}
	name := &e.words[words.from]
	words.from++
	if at := int(h.at); h.labels == uint32(labels) && h.rest == uint32(rest) && e.reaches(at) {
		h.at, name.at = uint32(e.at), e.at+int(h.size)
		e.again(at, int(h.size)+name.size())
	} else {
		at := e.at
		e.putHead(labels, rest)
		*h = head{uint32(labels), uint32(rest), uint32(e.at - at), uint32(at)}
		e.word(name)
	}
	return words
}

// putHead writes the tag by the copy of what was the end of a TimeSeries there, too.
func (e *encoder) putHead(labels, rest int) {
	head := e.appendHead(e.heads[:0], labels, rest)
	if e.press.open > 0 {
		e.again(e.at-e.back, 1)
		head = head[1:]
	}
	e.put(head)
}

// open writes labels, what stands in a Sample before its value, and the first bytes of
// the value if they stand there. It returns how many.
func (e *encoder) open(s *sample, words stretch, body, variant int) (low int) {
	o, at, size := e.own, e.at, 2
	if variant&valued != 0 {
		size = 3 // with the tag of the value
	}
	if words.size() > 0 {
		variant |= worded
	}
	w, limit := &o.whole[variant%variants], max(o.since, at-reach)
	from := w
	if from.at < limit {
		from = &o.whole[(variant^rounded)%variants]
	}
	if from.at < limit || int(from.body) != body || variant&worded != 0 && !e.alike(words, from.words) {
		e.labels(words)
		e.putBits(tagSample|uint64(body)<<8|tagValue<<16, size)
	} else {
		if variant&valued != 0 {
			low = bits.TrailingZeros64(s.bits^from.bits) / 8
		}
		done := 0
		if variant&worded != 0 {
			done = e.vary(words, from)
		} else {
			o.parts = append(o.parts[:0], part{0, len(o.text), at})
		}
		e.again(e.at-at+from.at, len(o.text)-done+size+low)
	}
	*w = whole{at, s.bits, words, byte(body)}
	return low
}

// alike tells whether labels have the same names and lengths, and so the same places.
func (e *encoder) alike(words, like stretch) bool {
	if words.size() != like.size() {
		return false
	}
	for i := range words.size() {
		a, b := &e.words[int(words.from)+i], &e.words[int(like.from)+i]
		if a.size() != b.size() || a.Name() != b.Name() {
			return false
		}
	}
	return true
}

// vary writes labels that are alike those of from, up to the last that differs. It
// returns how many bytes of the entity's labels are among them.
func (e *encoder) vary(words stretch, from *whole) (done int) {
	back := e.at - from.at
	for i := range words.size() {
		a, b := &e.words[int(words.from)+i], &e.words[int(from.words.from)+i]
		a.place = e.own.before(a.Name(), a.place)
		to := e.own.end(a.place)
		e.again(e.at-back, to-done)
		done = to
		text, like := e.texts[a.from:a.to], e.texts[b.from:b.to]
		same := prefix(text, like)
		if len(text)-same > short {
			e.word(a)
			continue
		}
		a.at = e.at
		e.again(e.at-back, same)
		if same < len(text) {
			e.put(text[same:])
		}
	}
	return done
}

// finish writes a value but for its low bytes, times and metadata.
func (e *encoder) finish(s *sample, m *mold, t *times, low, variant, class int) {
	n, value := 0, s.bits>>(8*low)
	if variant&valued != 0 {
		n = 8 - low
	}
	l := &m.spots[class].tail
	if !e.follows(l, t) {
		l = &m.spots[m.late].tail
	}
	meta := e.texts[m.meta.from:m.meta.to]
	if e.follows(l, t) {
		at, high := int(l.at)-len(t.text), 0
		if l.valued {
			high = min(bits.LeadingZeros64(s.bits^l.bits)/8, n)
		}
		e.putBits(value, n-high)
		t.at = e.at + high
		e.again(at-high, high+len(t.text)+len(meta))
	} else {
		e.putBits(value, n)
		at := e.at
		e.text(t.text, t.at)
		e.text(meta, int(l.at))
		t.at = at
	}
	m.late = uint8(class)
	m.spots[class].tail = ending{s.bits, t.number, uint32(t.at + len(t.text)), variant&valued != 0}
}

// follows tells whether these times stand behind a value at l, which is reached.
func (e *encoder) follows(l *ending, t *times) bool {
	return l.times == t.number && e.reaches(int(l.at)-len(t.text)-8)
}

// text writes what may have stood at a position before.
func (e *encoder) text(b []byte, at int) {
	if len(b) > short && e.reaches(at) {
		e.again(at, len(b))
	} else {
		e.put(b)
	}
}

// word writes a label of a form.
func (e *encoder) word(w *word) {
	at := w.at
	w.at = e.at
	e.text(e.texts[w.from:w.to], at)
}

// labels writes those of the entity among words.
func (e *encoder) labels(words stretch) {
	o, from := e.own, 0
	for i := words.from; i < words.to; i++ {
		w := &e.words[i]
		w.place = o.before(w.Name(), w.place)
		to := o.end(w.place)
		e.part(from, to)
		e.word(w)
		from = to
	}
	e.part(from, len(o.text))
	o.parts, o.spare = o.spare, o.parts[:0]
}

// part writes a part of the entity's labels.
func (e *encoder) part(from, to int) {
	o, begin := e.own, e.at
	for _, p := range o.parts {
		lo, hi := max(from, p.from), min(to, p.to)
		if lo >= hi {
			continue
		}
		e.text(o.text[lo:hi], p.place(lo))
	}
	if from < to {
		o.spare = append(o.spare, part{from, to, begin})
	}
}
