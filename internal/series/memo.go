package series

import (
	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Memo remembers one value for each distinct attribute map, whatever the order
// of its attributes, plus one extra label that the map is extended by (empty
// for none). It allocates nothing for what it knows, unless an attribute is
// not a string, and expects maps in the order in which they came last: what follows
// as before is compared and not hashed. An attribute takes 8 bytes, its text is shared.
type Memo[V any] struct {
	entries chains[memoEntry[V], *memoEntry[V]]
	pairs   pairs
	last    *memoEntry[V] // the one before
	now     Generation
	hash    func(uint64) uint64
}

type memoEntry[V any] struct {
	pairs     []*Pair // attributes as they came, then the extra label
	value     V
	following *memoEntry[V] // the one that came next
	next      *memoEntry[V] // of the same hash
	extra     bool          // the last pair is no attribute
	seen      Generation
}

func (e *memoEntry[V]) behind() **memoEntry[V] { return &e.next }

// NewMemo returns an empty memo.
func NewMemo[V any]() *Memo[V] {
	return &Memo[V]{entries: chains[memoEntry[V], *memoEntry[V]]{}, pairs: newPairs(), hash: mix}
}

// Get returns the value for attrs and extra, calling compute at the first
// sight of them. extraValue is only read.
func (m *Memo[V]) Get(attrs pcommon.Map, extraName string, extraValue []byte, compute func() V) V {
	e := m.expected(attrs, extraName, extraValue)
	if e == nil {
		e = m.find(attrs, extraName, extraValue, compute)
	}
	if m.last != nil && m.last.following != e {
		m.last.following = e
	}
	m.last = e
	if e.seen != m.now {
		e.seen = m.now
	}
	return e.value
}

// expected returns the entry that followed the last one before, if it is the one.
func (m *Memo[V]) expected(attrs pcommon.Map, extraName string, extraValue []byte) *memoEntry[V] {
	if m.last == nil {
		return nil
	}
	if e := m.last.following; e != nil && e.hasExtra(extraName, extraValue) && e.matchesInOrder(attrs) {
		return e
	}
	return nil
}

func (m *Memo[V]) find(attrs pcommon.Map, extraName string, extraValue []byte, compute func() V) *memoEntry[V] {
	h := uint64(0)
	for k, v := range attrs.All() {
		h += hashLabel(k, v.AsString())
	}
	if extraName != "" {
		h += mix(xxhash.Sum64(extraValue))
	}
	h = m.hash(h)
	for e := m.entries[h]; e != nil; e = e.next {
		if e.hasExtra(extraName, extraValue) && (e.matchesInOrder(attrs) || e.matchesAnyOrder(attrs)) {
			return e
		}
	}
	e := m.newEntry(attrs, extraName, extraValue)
	e.value = compute()
	m.entries.add(h, e)
	return e
}

// Len returns the number of values.
func (m *Memo[V]) Len() int { return m.entries.len() }

// Sweep moves to generation now and forgets what was unused for more than idle
// generations.
func (m *Memo[V]) Sweep(now, idle Generation) {
	m.now, m.pairs.now, m.last = now, now, nil
	m.entries.sweep(func(e *memoEntry[V]) bool {
		e.following = nil // it may be gone
		if now-e.seen > idle {
			return false
		}
		m.pairs.use(e.pairs)
		return true
	})
	m.pairs.sweep()
}

// newEntry copies the attributes: pdata may be reused after the call.
func (m *Memo[V]) newEntry(attrs pcommon.Map, extraName string, extraValue []byte) *memoEntry[V] {
	e := &memoEntry[V]{extra: extraName != ""}
	n := attrs.Len()
	if e.extra {
		n++
	}
	if n == 0 {
		return e
	}
	e.pairs = make([]*Pair, 0, n)
	for k, v := range attrs.All() {
		e.pairs = append(e.pairs, m.pairs.get(k, v.AsString()))
	}
	if e.extra {
		e.pairs = append(e.pairs, m.pairs.get(extraName, string(extraValue)))
	}
	return e
}

func (e *memoEntry[V]) hasExtra(name string, value []byte) bool {
	if !e.extra || name == "" {
		return e.extra == (name != "")
	}
	p := e.pairs[len(e.pairs)-1]
	return p.Name() == name && p.Value() == string(value)
}

func (e *memoEntry[V]) attributes() []*Pair {
	if e.extra {
		return e.pairs[:len(e.pairs)-1]
	}
	return e.pairs
}

func (e *memoEntry[V]) matchesInOrder(attrs pcommon.Map) bool {
	own := e.attributes()
	if attrs.Len() != len(own) {
		return false
	}
	i := 0
	for k, v := range attrs.All() {
		if !own[i].equals(k, text(v)) {
			return false
		}
		i++
	}
	return true
}

func (e *memoEntry[V]) matchesAnyOrder(attrs pcommon.Map) bool {
	own := e.attributes()
	if attrs.Len() != len(own) {
		return false
	}
	for _, p := range own {
		if v, ok := attrs.Get(p.Name()); !ok || v.AsString() != p.Value() {
			return false
		}
	}
	return true
}

// text is AsString, quicker for what nearly all attributes are.
func text(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeStr {
		return v.Str()
	}
	return v.AsString()
}
