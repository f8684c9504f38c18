package series

import (
	"strings"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Memo remembers one value for each distinct attribute map, whatever the order
// of its attributes, plus one extra label that the map is extended by (empty
// for none). It allocates nothing for what it knows, unless an attribute is
// not a string.
type Memo[V any] struct {
	entries map[uint64][]*memoEntry[V]
	now     Generation
	hash    func(uint64) uint64
}

type memoEntry[V any] struct {
	keys, values []string
	extra        Label
	value        V
	seen         Generation
}

// NewMemo returns an empty memo.
func NewMemo[V any]() *Memo[V] {
	return &Memo[V]{entries: map[uint64][]*memoEntry[V]{}, hash: mix}
}

// Get returns the value for attrs and extra, calling compute at the first
// sight of them. extraValue is only read.
func (m *Memo[V]) Get(attrs pcommon.Map, extraName string, extraValue []byte, compute func() V) V {
	h := uint64(0)
	for k, v := range attrs.All() {
		h += hashLabel(k, v.AsString())
	}
	if extraName != "" {
		h += mix(xxhash.Sum64(extraValue))
	}
	h = m.hash(h)
	for _, e := range m.entries[h] {
		if e.extra.Name == extraName && e.extra.Value == string(extraValue) && e.matches(attrs) {
			e.seen = m.now
			return e.value
		}
	}
	e := newMemoEntry[V](attrs)
	e.extra, e.value, e.seen = Label{extraName, string(extraValue)}, compute(), m.now
	m.entries[h] = append(m.entries[h], e)
	return e.value
}

// Len returns the number of values.
func (m *Memo[V]) Len() int { return chainsLen(m.entries) }

// Sweep moves to generation now and forgets what was unused for more than idle
// generations.
func (m *Memo[V]) Sweep(now, idle Generation) {
	m.now = now
	sweepChains(m.entries, func(e *memoEntry[V]) bool { return now-e.seen <= idle })
}

// newMemoEntry copies the attributes: pdata may be reused after the call.
func newMemoEntry[V any](attrs pcommon.Map) *memoEntry[V] {
	e := &memoEntry[V]{keys: make([]string, 0, attrs.Len()), values: make([]string, 0, attrs.Len())}
	for k, v := range attrs.All() {
		e.keys = append(e.keys, strings.Clone(k))
		e.values = append(e.values, strings.Clone(v.AsString()))
	}
	return e
}

// matches compares position by position, and by key where the order differs.
func (e *memoEntry[V]) matches(attrs pcommon.Map) bool {
	if attrs.Len() != len(e.keys) {
		return false
	}
	i := 0
	for k, v := range attrs.All() {
		if e.keys[i] != k || e.values[i] != v.AsString() {
			return e.matchesAnyOrder(attrs)
		}
		i++
	}
	return true
}

func (e *memoEntry[V]) matchesAnyOrder(attrs pcommon.Map) bool {
	for i, k := range e.keys {
		if v, ok := attrs.Get(k); !ok || v.AsString() != e.values[i] {
			return false
		}
	}
	return true
}
