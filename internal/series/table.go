package series

import (
	"slices"
	"sync/atomic"
)

// Series is one series: its labels in three sets, two of which are of its form, and
// the state its user keeps, S.
type Series[S, M any] struct {
	Entity *Set
	form   atomic.Pointer[Form[M]]
	State  S
}

// Form is what series of many entities have in common: their name, what their points
// add to it, and what is known about them, M, which is no part of their identity.
type Form[M any] struct {
	Name, Extras *Set
	About        *M
	next         *Form[M] // of the same hash
}

func (f *Form[M]) behind() **Form[M] { return &f.next }

// Form returns the form of the series. Any goroutine may ask.
func (s *Series[S, M]) Form() *Form[M] { return s.form.Load() }

// Table finds series by their composed identity. It numbers them from 1.
//
// Series stand in chunks that never move, so to grow copies none and leaves no place
// empty. They are found through an open-addressing table with linear probing that has
// 8 bytes per place, of which between 7/9 and 7/8 are taken. The position
// follows from the tag alone, so growing reads no series.
type Table[S, M any] struct {
	chunks []*chunk[S, M]
	gaps   []int    // chunks that are nil
	free   []uint32 // numbers that chunks have room for, the lowest of a chunk last
	places []place
	used   int
	forms  chains[Form[M], *Form[M]]
	hash   func(uint64) uint64
}

// place is where a number stands: the tag, 32 bits of the hash, above it. 0 is none.
type place uint64

func (p place) tag() uint32    { return uint32(p >> 32) }
func (p place) number() uint32 { return uint32(p) }

// chunk fills 3 kB, as the allocator counts, when a series has 48 bytes.
type chunk[S, M any] [chunkSize]Series[S, M]

const chunkSize = 63

// NewTable returns an empty table.
func NewTable[S, M any]() *Table[S, M] {
	return &Table[S, M]{hash: mix, places: make([]place, minPlaces), forms: chains[Form[M], *Form[M]]{}}
}

const minPlaces = 64

// Form returns the one form of this content.
func (t *Table[S, M]) Form(name, extras *Set, about *M) *Form[M] {
	h := t.hash(name.hash) + extras.hash
	for f := t.forms[h]; f != nil; f = f.next {
		if f.Name == name && f.Extras == extras && f.About == about {
			return f
		}
	}
	f := &Form[M]{Name: name, Extras: extras, About: about}
	t.forms.add(h, f)
	return f
}

// SetForm gives a series another form of the same name and extras.
func (t *Table[S, M]) SetForm(s *Series[S, M], f *Form[M]) { s.form.Store(f) }

// At returns the series of a number, nil if there is none. One that was swept, whose
// number was not given again, has no Entity.
func (t *Table[S, M]) At(number uint32) *Series[S, M] {
	at := int(number - 1) // 0 becomes too large
	if c := at / chunkSize; number > 0 && c < len(t.chunks) && t.chunks[c] != nil {
		return &t.chunks[c][at%chunkSize]
	}
	return nil
}

// Get returns the series with these labels and its number, or creates it and returns
// true. The sets must not share a label name.
func (t *Table[S, M]) Get(entity *Set, form *Form[M]) (s *Series[S, M], number uint32, fresh bool) {
	tag := uint32(t.hash(entity.hash+form.Name.hash+form.Extras.hash) >> 32)
	i := t.start(tag)
	for ; t.places[i] != 0; i = t.next(i) {
		if p := t.places[i]; p.tag() == tag {
			if s := t.At(p.number()); s.is(entity, form) {
				return s, p.number(), false
			}
		}
	}
	number = t.take()
	s = t.At(number)
	s.Entity = entity
	s.form.Store(form)
	t.places[i] = place(tag)<<32 | place(number)
	t.used++
	if t.used*8 > len(t.places)*7 {
		t.rebuild(len(t.places) + len(t.places)/8)
	}
	return s, number, true
}

// take returns the number of a free place.
func (t *Table[S, M]) take() uint32 {
	if len(t.free) == 0 {
		t.addChunk()
	}
	n := len(t.free) - 1
	number := t.free[n]
	t.free = t.free[:n]
	return number
}

func (t *Table[S, M]) addChunk() {
	if len(t.gaps) == 0 {
		t.gaps = append(t.gaps, len(t.chunks))
		t.chunks = append(t.chunks, nil)
	}
	n := len(t.gaps) - 1
	at := t.gaps[n]
	t.gaps = t.gaps[:n]
	t.chunks[at] = new(chunk[S, M])
	for i := chunkSize; i > 0; i-- {
		t.free = append(t.free, uint32(at*chunkSize+i))
	}
}

// Len returns the number of series.
func (t *Table[S, M]) Len() int { return t.used }

// All yields the series in no order.
func (t *Table[S, M]) All(yield func(*Series[S, M]) bool) {
	for _, p := range t.places {
		if p != 0 && !yield(t.At(p.number())) {
			return
		}
	}
}

// Sweep forgets the series for which keep is false. Their room is for others, so
// nobody may hold them any more. Forms are forgotten too, and made again where a
// series asks for one.
func (t *Table[S, M]) Sweep(keep func(*Series[S, M]) bool) {
	clear(t.forms)
	was := t.used
	for i, p := range t.places {
		if p == 0 {
			continue
		}
		if s := t.At(p.number()); !keep(s) {
			*s = Series[S, M]{}
			t.places[i] = gone
			t.used--
		}
	}
	if t.used < was {
		t.rebuild(max(minPlaces, t.used*5/4))
		t.clean()
	}
}

// gone stands for a series that was swept until the places are rebuilt.
const gone place = 1 << 32

// clean lets go of chunks without series and finds the places that are free in others.
func (t *Table[S, M]) clean() {
	t.free, t.gaps = nil, nil
	for at, c := range t.chunks {
		free := len(t.free)
		for i := chunkSize; c != nil && i > 0; i-- {
			if c[i-1].Entity == nil {
				t.free = append(t.free, uint32(at*chunkSize+i))
			}
		}
		if c == nil || len(t.free)-free == chunkSize {
			t.free, t.chunks[at] = t.free[:free], nil
			t.gaps = append(t.gaps, at)
		}
	}
}

// rebuild moves what is there to a table of n places.
func (t *Table[S, M]) rebuild(n int) {
	places := t.places
	t.places = make([]place, n)
	for _, p := range places {
		if p.number() == 0 {
			continue
		}
		i := t.start(p.tag())
		for t.places[i] != 0 {
			i = t.next(i)
		}
		t.places[i] = p
	}
}

func (t *Table[S, M]) start(tag uint32) int { return int(uint64(tag) * uint64(len(t.places)) >> 32) }

func (t *Table[S, M]) next(i int) int {
	if i++; i < len(t.places) {
		return i
	}
	return 0
}

// is reports whether the series has these labels. Interned sets are equal when their
// pointers are; others are compared label by label.
func (s *Series[S, M]) is(entity *Set, form *Form[M]) bool {
	own := s.Form()
	if s.Entity == entity && own.Name == form.Name && own.Extras == form.Extras {
		return true
	}
	return s.Entity.Tenant() == entity.Tenant() && own.size(s.Entity) == form.size(entity) &&
		slices.EqualFunc(own.AppendPairs(nil, s.Entity), form.AppendPairs(nil, entity),
			func(a, b *Pair) bool { return a == b || a.wire == b.wire })
}

// Hash returns a hash of labels and tenant that is the same in every process.
func (s *Series[S, M]) Hash() uint64 {
	f := s.Form()
	return mix(s.Entity.hash + f.Name.hash + f.Extras.hash)
}

// Labels returns all labels in order.
func (s *Series[S, M]) Labels() []Label {
	var out []Label
	for _, p := range s.Form().AppendPairs(nil, s.Entity) {
		out = append(out, Label{p.Name(), p.Value()})
	}
	return out
}

func (f *Form[M]) size(entity *Set) int {
	return len(entity.pairs) + len(f.Name.pairs) + len(f.Extras.pairs)
}

// AppendPairs appends all labels of an entity's series of this form, in order. The name set holds NameLabel alone, and each set
// knows where that belongs, so only entity and extras are compared.
func (f *Form[M]) AppendPairs(dst []*Pair, entity *Set) []*Pair {
	before, after := entity.Split()
	extrasBefore, extrasAfter := f.Extras.Split()
	dst = merge(dst, before, extrasBefore)
	dst = append(dst, f.Name.pairs...)
	return merge(dst, after, extrasAfter)
}

// merge appends two sorted runs of labels; b is the one with fewer labels.
func merge(dst, a, b []*Pair) []*Pair {
	for _, p := range b {
		n := 0
		for n < len(a) && a[n].Name() < p.Name() {
			n++
		}
		dst = append(append(dst, a[:n]...), p)
		a = a[n:]
	}
	return append(dst, a...)
}
