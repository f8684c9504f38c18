package sanitize

import (
	"math/bits"
	"strings"
	"sync/atomic"
)

// ways is the number of decisions in a set.
const ways = 4

// longest is the length of values up to which decisions are remembered: longer ones hardly come twice, and would hold memory.
const longest = 1024

// cache remembers decisions. It is a table of sets, read and written without locks: a slot points to an entry that never changes,
// and its tag spares looking at entries of other values. What comes to a full set takes the slots in turn.
type cache struct {
	sets []set
	mask uint64
}

type set struct {
	tags  [ways]atomic.Uint32
	slots [ways]atomic.Pointer[entry]
	turn  atomic.Uint32
}

type entry struct {
	key, value string
	generation uint64 // of the miner; older ones are decided anew
	decision   Decision
}

func newCache(entries int) *cache {
	sets := 1 << bits.Len(uint(max(entries, ways)/ways-1))
	return &cache{sets: make([]set, sets), mask: uint64(sets - 1)}
}

func (c *cache) get(hash uint64, key, value string, generation uint64) (Decision, bool) {
	set, tag := &c.sets[hash&c.mask], uint32(hash>>32)
	for i := range set.tags {
		if set.tags[i].Load() != tag {
			continue
		}
		if e := set.slots[i].Load(); e != nil && e.generation == generation && e.value == value && e.key == key {
			return e.decision, true
		}
	}
	return Decision{}, false
}

// put remembers a decision. The key must be a string that lives as long as the cache, for it is not copied.
func (c *cache) put(hash uint64, key, value string, d Decision, generation uint64) {
	if len(value) > longest {
		return
	}
	e := &entry{key: key, value: strings.Clone(value), generation: generation, decision: d}
	if d.Value == value {
		e.decision.Value = e.value
	}
	set, tag := &c.sets[hash&c.mask], uint32(hash>>32)
	at := -1
	for i := range set.tags {
		if old := set.slots[i].Load(); old == nil || set.tags[i].Load() == tag {
			at = i
			break
		}
	}
	if at < 0 {
		at = int(set.turn.Add(1) % ways)
	}
	set.slots[at].Store(e)
	set.tags[at].Store(tag)
}
