package series

// Series is one series: three sets and the state its user keeps, S.
type Series[S any] struct {
	Entity, Name, Extras *Set
	State                S
}

// Table finds series by their composed identity.
//
// It is an open-addressing table with linear probing: 12 bytes per place, at
// between 7/9 and 7/8 of them taken. The position follows from the 32-bit tag alone, so
// growing reads no series.
type Table[S any] struct {
	tags   []uint32
	places []*Series[S]
	used   int
	sweeps uint32 // that removed any
	hash   func(uint64) uint64
}

// NewTable returns an empty table.
func NewTable[S any]() *Table[S] {
	return &Table[S]{hash: mix, tags: make([]uint32, minPlaces), places: make([]*Series[S], minPlaces)}
}

const minPlaces = 64

// Get returns the series with these labels, or creates it and returns true.
// The sets must not share a label name.
func (t *Table[S]) Get(entity, name, extras *Set) (*Series[S], bool) {
	tag := uint32(t.hash(entity.hash+name.hash+extras.hash) >> 32)
	i := t.start(tag)
	for ; t.places[i] != nil; i = t.next(i) {
		if s := t.places[i]; t.tags[i] == tag && s.is(entity, name, extras) {
			return s, false
		}
	}
	s := &Series[S]{Entity: entity, Name: name, Extras: extras}
	t.tags[i], t.places[i] = tag, s
	t.used++
	if t.used*8 > len(t.places)*7 {
		t.rebuild(len(t.places)+len(t.places)/8, func(*Series[S]) bool { return true })
	}
	return s, true
}

// Len returns the number of series.
func (t *Table[S]) Len() int { return t.used }

// Sweep forgets the series for which keep is false.
func (t *Table[S]) Sweep(keep func(*Series[S]) bool) {
	n := 0
	for _, s := range t.places {
		if s != nil && keep(s) {
			n++
		}
	}
	if n < t.used {
		t.sweeps++
		t.rebuild(max(minPlaces, n*5/4), keep)
	}
}

// rebuild moves the series that are kept to a table of n places.
func (t *Table[S]) rebuild(n int, keep func(*Series[S]) bool) {
	tags, places := t.tags, t.places
	t.tags, t.places, t.used = make([]uint32, n), make([]*Series[S], n), 0
	for j, s := range places {
		if s == nil || !keep(s) {
			continue
		}
		i := t.start(tags[j])
		for t.places[i] != nil {
			i = t.next(i)
		}
		t.tags[i], t.places[i] = tags[j], s
		t.used++
	}
}

func (t *Table[S]) start(tag uint32) int { return int(uint64(tag) * uint64(len(t.places)) >> 32) }

func (t *Table[S]) next(i int) int {
	if i++; i < len(t.places) {
		return i
	}
	return 0
}

// is reports whether the series has the labels of the three sets. Interned
// sets are equal when their pointers are; others are compared label by label.
func (s *Series[S]) is(entity, name, extras *Set) bool {
	if s.Entity == entity && s.Name == name && s.Extras == extras {
		return true
	}
	return s.Entity.tenant == entity.tenant && s.Size() == len(entity.wire)+len(name.wire)+len(extras.wire) &&
		string(s.AppendWire(nil)) == string(appendWire(nil, entity, name, extras))
}

// Hash returns a hash of labels and tenant that is the same in every process.
func (s *Series[S]) Hash() uint64 { return mix(s.Entity.hash + s.Name.hash + s.Extras.hash) }

// Size returns the number of bytes AppendWire appends.
func (s *Series[S]) Size() int { return len(s.Entity.wire) + len(s.Name.wire) + len(s.Extras.wire) }

// AppendWire appends all labels in order, in the wire form of Set.
func (s *Series[S]) AppendWire(dst []byte) []byte {
	return appendWire(dst, s.Entity, s.Name, s.Extras)
}

// Labels returns all labels in order.
func (s *Series[S]) Labels() []Label {
	var out []Label
	for rest := string(s.AppendWire(nil)); rest != ""; {
		var l Label
		l.Name, l.Value, rest = cutLabel(rest)
		out = append(out, l)
	}
	return out
}

// appendWire merges the three sets. The name set holds NameLabel alone, and
// each set knows where that belongs, so only entity and extras are compared.
func appendWire(dst []byte, entity, name, extras *Set) []byte {
	dst = merge(dst, entity.wire[:entity.nameAt], extras.wire[:extras.nameAt])
	dst = append(dst, name.wire...)
	return merge(dst, entity.wire[entity.nameAt:], extras.wire[extras.nameAt:])
}

// merge appends two sorted runs of labels; b is the one with fewer labels.
func merge(dst []byte, a, b string) []byte {
	for b != "" {
		bName, _, bRest := cutLabel(b)
		run := a
		for a != "" {
			aName, _, aRest := cutLabel(a)
			if aName > bName {
				break
			}
			a = aRest
		}
		dst = append(dst, run[:len(run)-len(a)]...)
		dst = append(dst, b[:len(b)-len(bRest)]...)
		b = bRest
	}
	return append(dst, a...)
}
