package series

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Memo remembers one value for each distinct attribute map, whatever the order
// of its attributes, plus one extra label that the map is extended by (empty
// for none). It allocates nothing for what it knows, unless an attribute is
// not a string, and expects maps in the order in which they came last: what follows
// as before is compared and not hashed.
type Memo[V any] struct {
	entries map[uint64][]*memoEntry[V]
	last    *memoEntry[V] // the one before
	now     Generation
	hash    func(uint64) uint64
}

type memoEntry[V any] struct {
	*memoShape
	values string // in the order of keys, each behind its length as a varint; that of extra
	value  V
	next   *memoEntry[V] // the one that followed
	seen   Generation
}

// memoShape is what entries may share.
type memoShape struct {
	keys  []string
	extra string // name of the extra label
}

// NewMemo returns an empty memo.
func NewMemo[V any]() *Memo[V] {
	return &Memo[V]{entries: map[uint64][]*memoEntry[V]{}, hash: mix}
}

// Get returns the value for attrs and extra, calling compute at the first
// sight of them. extraValue is only read.
func (m *Memo[V]) Get(attrs pcommon.Map, extraName string, extraValue []byte, compute func() V) V {
	e := m.expected(attrs, extraName, extraValue)
	if e == nil {
		e = m.find(attrs, extraName, extraValue, compute)
	}
	if m.last != nil && m.last.next != e {
		m.last.next = e
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
	if e := m.last.next; e != nil && e.extra == extraName && e.matchesInOrder(attrs, extraValue) {
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
	for _, e := range m.entries[h] {
		if e.extra == extraName && (e.matchesInOrder(attrs, extraValue) || e.matchesAnyOrder(attrs, extraValue)) {
			return e
		}
	}
	e := m.newEntry(attrs, extraName, extraValue)
	e.value = compute()
	m.entries[h] = append(m.entries[h], e)
	return e
}

// Len returns the number of values.
func (m *Memo[V]) Len() int { return chainsLen(m.entries) }

// Sweep moves to generation now and forgets what was unused for more than idle
// generations.
func (m *Memo[V]) Sweep(now, idle Generation) {
	m.now, m.last = now, nil
	sweepChains(m.entries, func(e *memoEntry[V]) bool {
		e.next = nil // it may be gone
		return now-e.seen <= idle
	})
}

// newEntry copies the attributes: pdata may be reused after the call. Maps that come
// one after the other mostly have the same keys.
func (m *Memo[V]) newEntry(attrs pcommon.Map, extraName string, extraValue []byte) *memoEntry[V] {
	keys, values := make([]string, 0, attrs.Len()), make([]byte, 0, 512)
	for k, v := range attrs.All() {
		keys = append(keys, k)
		value := v.AsString()
		values = append(binary.AppendUvarint(values, uint64(len(value))), value...)
	}
	e := &memoEntry[V]{values: string(append(values, extraValue...))}
	if m.last != nil && m.last.extra == extraName && slices.Equal(m.last.keys, keys) {
		e.memoShape = m.last.memoShape
		return e
	}
	for i, k := range keys {
		keys[i] = strings.Clone(k)
	}
	e.memoShape = &memoShape{keys, extraName}
	return e
}

func (e *memoEntry[V]) matchesInOrder(attrs pcommon.Map, extra []byte) bool {
	if attrs.Len() != len(e.keys) {
		return false
	}
	i, value, rest := 0, "", e.values
	for k, v := range attrs.All() {
		if value, rest = cutText(rest); value != v.AsString() || e.keys[i] != k {
			return false
		}
		i++
	}
	return rest == string(extra)
}

func (e *memoEntry[V]) matchesAnyOrder(attrs pcommon.Map, extra []byte) bool {
	if attrs.Len() != len(e.keys) {
		return false
	}
	value, rest := "", e.values
	for _, k := range e.keys {
		value, rest = cutText(rest)
		if v, ok := attrs.Get(k); !ok || v.AsString() != value {
			return false
		}
	}
	return rest == string(extra)
}

func cutText(s string) (text, rest string) {
	n, s := cutVarint(s)
	return s[:n], s[n:]
}
