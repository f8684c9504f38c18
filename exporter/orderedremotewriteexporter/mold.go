package orderedremotewriteexporter

import "weir.example/internal/series"

// mold is what the series of a form have in common in a request, and where that stood
// last.
type mold struct {
	form  *form
	next  int32   // of molds, the one that followed, mostly the one that will
	words stretch // name and extras, in order
	size  int32   // of all words
	meta  stretch
	named bool  // the name is the first word
	late  uint8 // of spots, where it was written last
	spots [classes]spot
}

// classes are kinds of TimeSeries that are probably of the same length. Lengths of entities
// differ, and a copy of what has another length is two.
const classes = 8

// spot is where series of a form and class stood last.
type spot struct {
	head head
	tail ending
}

// head is what a TimeSeries begins with, and the name if that is its first label.
type head struct {
	labels, rest uint32 // sizes it tells
	size         uint32 // without the name
	at           uint32
}

// ending is what stands behind a value: times, then metadata.
type ending struct {
	bits   uint64 // the value
	times  uint32 // number
	at     uint32 // of the metadata
	valued bool   // the value stands before the times
}

// word is a label of a form.
type word struct {
	*series.Pair
	stretch
	place int // how many labels of the entity sort before it, mostly
	at    int
}

type stretch struct{ from, to uint32 }

func (s stretch) size() int { return int(s.to - s.from) }

// times are what samples had last after their values.
type times struct {
	ts, start int64
	number    uint32 // no others of the request have it
	text      []byte
	at        int
}

// mold expects forms in the order in which they came for the entity before.
func (e *encoder) mold(f *form) *mold {
	if next := e.molds[e.last].next; next != 0 && e.molds[next].form == f {
		e.last = next
		return &e.molds[next]
	}
	at, known := e.known[f]
	if !known {
		at = int32(len(e.molds))
		e.known[f] = at
		e.molds = append(e.molds, e.cast(f))
	}
	e.molds[e.last].next = at
	e.last = at
	return &e.molds[at]
}

// cast makes the mold of a form. What the form before has in common with it stands
// where that stood.
func (e *encoder) cast(f *form) mold {
	m := mold{form: f}
	m.words.from = uint32(len(e.words))
	before, after := f.Extras.Split()
	m.named = len(before) == 0 && len(f.Name.Pairs()) == 1
	for _, pairs := range [...][]*series.Pair{before, f.Name.Pairs(), after} {
		for _, p := range pairs {
			w := word{Pair: p}
			w.stretch = e.keep(e.appendLabel(e.texts, p, nil))
			e.words = append(e.words, w)
			m.size += int32(w.size())
		}
	}
	m.words.to = uint32(len(e.words))
	if f.About != nil {
		m.meta = e.keep(e.appendMeta(e.texts, f.About))
	}
	if last := &e.molds[e.last]; last.form != nil {
		m.late = last.late
		for i := range m.spots {
			if last.form.Name == f.Name {
				m.spots[i].head = last.spots[i].head
			}
			if last.form.About == f.About {
				m.spots[i].tail = last.spots[i].tail
			}
		}
	}
	return m
}

// keep takes what was appended to texts.
func (e *encoder) keep(texts []byte) stretch {
	s := stretch{uint32(len(e.texts)), uint32(len(texts))}
	e.texts = texts
	return s
}
