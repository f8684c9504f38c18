package evidence

import (
	"cmp"
	"math"
	"slices"
)

// How the values of a label are saved.
const (
	savedExact = iota
	savedDense
	savedBusy
)

func (l *label) save(w *writer) {
	w.number(uint64(l.first))
	w.number(uint64(l.last))
	w.number(l.seen)
	for _, f := range []float64{l.weight, l.fresh, l.again} {
		w.float(f)
	}
	w.number(uint64(l.news.began))
	w.number(uint64(l.news.current))
	w.number(uint64(l.news.previous))
	l.top.save(w)
	if l.dense == nil {
		w.number(savedExact)
		l.exact.save(w)
		return
	}
	kind := uint64(savedDense)
	if l.busy {
		kind = savedBusy
	}
	w.number(kind)
	l.dense.save(w)
}

func loadLabel(r *reader, k Key) *label {
	l := newLabel(k, r.seconds())
	l.last = r.seconds()
	l.seen = r.number(math.MaxUint64)
	l.weight, l.fresh, l.again = r.float(), r.float(), r.float()
	l.news = rate{
		began:    r.seconds(),
		current:  uint32(r.number(math.MaxUint32)),
		previous: uint32(r.number(math.MaxUint32)),
	}
	l.top.load(r)
	kind := r.number(savedBusy)
	if kind == savedExact {
		l.exact.load(r)
	} else {
		l.dense, l.busy = loadStaircase(r), kind == savedBusy
	}
	return l
}

func (t *top) save(w *writer) {
	w.number(uint64(len(t.heavies)))
	for _, h := range t.heavies {
		w.word(h.hash)
		w.number(uint64(h.weight))
		w.text(h.text)
	}
}

func (t *top) load(r *reader) {
	for range r.number(topSize) {
		h := heavy{hash: r.word(), weight: uint32(r.number(math.MaxUint32)), text: r.text(maxText)}
		if r.demand(!t.has(h.hash)) {
			t.put(h)
		}
	}
}

func (t *top) has(hash uint64) bool {
	return slices.ContainsFunc(t.heavies, func(h heavy) bool { return h.hash == hash })
}

func (e *exact) save(w *writer) {
	held := slices.DeleteFunc(slices.Clone(e.slots), func(s sighting) bool { return s.count == 0 })
	slices.SortFunc(held, func(a, b sighting) int { return cmp.Compare(a.hash, b.hash) })
	w.number(uint64(len(held)))
	for _, s := range held {
		w.word(s.hash)
		w.number(uint64(s.last))
		w.number(uint64(s.count))
	}
}

func (e *exact) load(r *reader) {
	for range r.number(exactLimit) {
		s := sighting{hash: r.word(), last: uint32(r.seconds()), count: uint32(r.number(math.MaxUint32))}
		if !r.demand(s.count > 0) {
			return
		}
		if !r.demand(e.again(s.hash, 0) == 0) { // not there before
			return
		}
		e.add(s.hash, int64(s.last))
		*e.find(s.hash) = s
	}
}

func (s *staircase) save(w *writer) {
	for _, since := range s.since {
		w.number(uint64(since))
	}
	for _, pane := range s.panes {
		w.number(uint64(pane))
	}
	for _, word := range s.words {
		w.word(word)
	}
}

func loadStaircase(r *reader) *staircase {
	s := new(staircase)
	for c := range s.since {
		s.since[c] = r.seconds()
		r.demand(c == 0 || s.since[c] <= s.since[c-1])
	}
	for level := range s.panes {
		s.panes[level] = r.seconds()
	}
	if !r.demand(len(r.rest) >= 2*registers) {
		return s
	}
	for i := range s.words {
		s.words[i] = r.word()
	}
	for i := range registers {
		if ranks := unpack(s.cell(i)); !r.demand(ranks[classes-1] <= topRank && ranks.pack() == s.cell(i)) {
			return s
		}
	}
	return s
}

func (c *counts) save(w *writer) {
	for row := range c {
		for _, n := range c[row] {
			w.number(uint64(n))
		}
	}
}

func loadCounts(r *reader) *counts {
	c := new(counts)
	for row := range c {
		for i := range c[row] {
			c[row][i] = uint32(r.number(math.MaxUint32))
		}
	}
	return c
}

// save writes the lines in use, each after the number of free lines before it.
func (m *memory) save(w *writer) {
	w.number(uint64(len(m.lines[0])))
	w.number(uint64(m.used))
	w.number(uint64(m.began))
	for _, lines := range m.lines {
		free := 0
		for _, l := range lines {
			if l == (line{}) {
				free++
				continue
			}
			w.number(uint64(free))
			for _, word := range l {
				w.word(word)
			}
			free = 0
		}
		w.number(uint64(free))
	}
}

func (m *memory) load(r *reader) {
	n := int(r.number(math.MaxInt32))
	used, began := int(r.number(math.MaxInt32)), r.seconds()
	if n != len(m.lines[0]) {
		r.rest = nil // of another size: nothing is remembered
		return
	}
	m.used, m.began = used, began
	for _, lines := range m.lines {
		for at := 0; ; at++ {
			at += int(r.number(uint64(n - at)))
			if r.bad || at == n {
				break
			}
			for i := range lines[at] {
				lines[at][i] = r.word()
			}
		}
	}
}
