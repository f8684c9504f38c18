package sanitize

import (
	"hash/maphash"
	"math/bits"
	"strings"
	"sync/atomic"
)

// ways is the number of decisions in a set.
const ways = 4

// longest is the length of values up to which decisions are remembered: longer ones hardly come twice, and would hold memory.
const longest = 1024

// Cache remembers what was decided about values. It is a table of sets, read and written without locks: a slot points to an
// entry that never changes, and its tag spares looking at entries of other values. What comes to a full set takes the slots in turn.
type Cache[T any] struct {
	seed maphash.Seed
	sets []set[T]
	mask uint64
}

type set[T any] struct {
	tags  [ways]atomic.Uint32
	slots [ways]atomic.Pointer[entry[T]]
	turn  atomic.Uint32
	_     [12]byte // to 64: a line of the processor's cache
}

type entry[T any] struct {
	At[T]
	value string
}

// At is where a decision stands: who decided, and while what held.
type At[T any] struct {
	Space      uint32 // of who decided: one cache serves many
	Generation uint64 // of what was decided upon; 0: it holds for ever
	Decision   T
}

// NewCache returns a cache of about this many decisions.
func NewCache[T any](entries int) *Cache[T] {
	sets := 1 << bits.Len(uint(max(entries, ways)/ways-1))
	return &Cache[T]{seed: maphash.MakeSeed(), sets: make([]set[T], sets), mask: uint64(sets - 1)}
}

// Hash is what Get and Put find a value by.
func (c *Cache[T]) Hash(space uint32, value string) uint64 {
	return maphash.String(c.seed, value) ^ uint64(space)*0x9e3779b97f4a7c15
}

// Get returns the decision, nil if there is none or it was made in another generation.
func (c *Cache[T]) Get(hash uint64, space uint32, value string, generation uint64) *T {
	set, tag := &c.sets[hash&c.mask], uint32(hash>>32)
	for i := range set.tags {
		if set.tags[i].Load() != tag {
			continue
		}
		if e := set.slots[i].Load(); e != nil && e.Space == space && e.value == value &&
			(e.Generation == 0 || e.Generation == generation) {
			return &e.Decision
		}
	}
	return nil
}

// Put remembers a decision about a value.
func (c *Cache[T]) Put(hash uint64, value string, at At[T]) {
	if len(value) > longest {
		return
	}
	e := &entry[T]{At: at, value: strings.Clone(value)}
	set, tag := &c.sets[hash&c.mask], uint32(hash>>32)
	place := -1
	for i := range set.tags {
		if old := set.slots[i].Load(); old == nil || set.tags[i].Load() == tag {
			place = i
			break
		}
	}
	if place < 0 {
		place = int(set.turn.Add(1) % ways)
	}
	set.slots[place].Store(e)
	set.tags[place].Store(tag)
}
