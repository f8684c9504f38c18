package series

import (
	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Memo remembers one value for each distinct attribute map, whatever the order
// of its attributes, plus one extra label that the map is extended by (empty
// for none). It allocates nothing for what it knows, unless an attribute is
// not a string, and expects maps in the order in which they came last: what follows
// as before is compared and not hashed. An attribute takes 8 bytes, its text is shared, with the sender where KeepTexts allows.
type Memo[V any] struct {
	entries    chains[memoEntry[V], *memoEntry[V]]
	attributes attributes
	last       *memoEntry[V] // the one before
	now        Generation
	hash       func(uint64) uint64
}

type memoEntry[V any] struct {
	all       []*attribute // as they came, then the extra label
	value     V
	following *memoEntry[V] // the one that came next
	next      *memoEntry[V] // of the same hash
	extra     bool          // the last one is the extra label
	seen      Generation
}

func (e *memoEntry[V]) behind() **memoEntry[V] { return &e.next }

// NewMemo returns an empty memo.
func NewMemo[V any]() *Memo[V] {
	return &Memo[V]{entries: chains[memoEntry[V], *memoEntry[V]]{}, attributes: newAttributes(), hash: mix}
}

// KeepTexts tells whether the texts of maps that follow may be kept, which spares copies and comparisons. They may
// not where they are parts of something larger, which would stay in memory with them.
func (m *Memo[V]) KeepTexts(may bool) { m.attributes.keep = may }

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
	if e := m.last.following; e != nil && e.hasExtra(extraName, extraValue) && e.matchesInOrder(attrs, m.attributes.keep) {
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
		if e.hasExtra(extraName, extraValue) && (e.matchesInOrder(attrs, m.attributes.keep) || e.matchesAnyOrder(attrs)) {
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
	m.now, m.attributes.now, m.last = now, now, nil
	m.entries.sweep(func(e *memoEntry[V]) bool {
		e.following = nil // it may be gone
		if now-e.seen > idle {
			return false
		}
		m.attributes.use(e.all)
		return true
	})
	m.attributes.sweep()
}

func (m *Memo[V]) newEntry(attrs pcommon.Map, extraName string, extraValue []byte) *memoEntry[V] {
	e := &memoEntry[V]{extra: extraName != ""}
	n := attrs.Len()
	if e.extra {
		n++
	}
	if n == 0 {
		return e
	}
	e.all = make([]*attribute, 0, n)
	for k, v := range attrs.All() {
		e.all = append(e.all, m.attributes.get(k, v.AsString()))
	}
	if e.extra {
		e.all = append(e.all, m.attributes.get(extraName, string(extraValue)))
	}
	return e
}

func (e *memoEntry[V]) hasExtra(name string, value []byte) bool {
	if !e.extra || name == "" {
		return e.extra == (name != "")
	}
	a := e.all[len(e.all)-1]
	return a.name == name && a.value == string(value)
}

func (e *memoEntry[V]) attributes() []*attribute {
	if e.extra {
		return e.all[:len(e.all)-1]
	}
	return e.all
}

func (e *memoEntry[V]) matchesInOrder(attrs pcommon.Map, keep bool) bool {
	own := e.attributes()
	if attrs.Len() != len(own) {
		return false
	}
	i := 0
	for k, v := range attrs.All() {
		value := v.Str()
		if value == "" { // or no string
			value = v.AsString()
		}
		if !own[i].is(k, value, keep) {
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
	for _, a := range own {
		if v, ok := attrs.Get(a.name); !ok || v.AsString() != a.value {
			return false
		}
	}
	return true
}
