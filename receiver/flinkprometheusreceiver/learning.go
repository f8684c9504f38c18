package flinkprometheusreceiver

import (
	"encoding/binary"
	"slices"
	"strings"
	"unique"
)

// learning finds in a table what new lines are made of, and adds what it does not have. It indexes all of the table, which
// is cheap compared with the memory that a target would need to keep it, and with what it costs to read a scrape.
type learning struct {
	table *table

	found    *index // of series
	entities map[string]id
	pairs    map[label]id
	sets     map[string]id // of extras

	// Scratch of one line:
	labels, own, beyond []label
	key                 []byte
}

func newLearning(t *table) *learning {
	l := &learning{
		table:    t,
		found:    newIndex(len(t.series)),
		entities: make(map[string]id, len(t.entities)),
		pairs:    make(map[label]id, len(t.labels)),
		sets:     make(map[string]id, len(t.extras)),
	}
	for i := range t.series {
		if s := &t.series[i]; s.entity != none {
			l.found.add(mix(s.entity, s.metric, s.extras), id(i))
		}
	}
	for i := range t.entities {
		l.entities[string(l.keyOf(t.entities[i].labels))] = id(i)
	}
	for i, pair := range t.labels {
		l.pairs[pair] = id(i)
	}
	for i, labels := range t.extras {
		l.sets[join(labels)] = id(i)
	}
	return l
}

// series returns the series that is composed of these.
func (l *learning) series(entity, metric, extras id) id {
	t, hash := l.table, mix(entity, metric, extras)
	i := l.found.find(hash, func(i id) bool {
		s := &t.series[i]
		return s.entity == entity && s.metric == metric && s.extras == extras
	})
	if i == none {
		i = t.add(entity, metric, extras)
		l.found.add(hash, i)
	}
	return i
}

// entity returns the one with these labels.
func (l *learning) entity(labels []label) id {
	t := l.table
	var buf [16]id
	ids := buf[:0]
	for _, pair := range labels {
		i, known := l.pairs[pair]
		if !known {
			pair = label{shared(pair.name), shared(pair.value)}
			i, t.labels = id(len(t.labels)), append(t.labels, pair)
			l.pairs[pair] = i
		}
		ids = append(ids, i)
	}
	key := l.keyOf(ids)
	e, known := l.entities[string(key)]
	if !known {
		e, t.entities = id(len(t.entities)), append(t.entities, entity{labels: slices.Clone(ids)})
		l.entities[string(key)] = e
	}
	return e
}

// extras returns the one copy of such labels, which many series have.
func (l *learning) extras(labels []label) id {
	t, joined := l.table, join(labels)
	x, known := l.sets[joined]
	if !known {
		var set []label
		for _, pair := range labels {
			set = append(set, label{shared(pair.name), strings.Clone(pair.value)})
		}
		x, t.extras = id(len(t.extras)), append(t.extras, set)
		l.sets[joined] = x
	}
	return x
}

// shared returns the one copy of a text that all targets have: what is in the same memory is seen to be equal at once.
func shared(text string) string { return unique.Make(text).Value() }

func (l *learning) keyOf(ids []id) []byte {
	l.key = l.key[:0]
	for _, i := range ids {
		l.key = binary.LittleEndian.AppendUint32(l.key, uint32(i))
	}
	return l.key
}

func join(labels []label) string {
	if len(labels) == 0 {
		return ""
	}
	var b strings.Builder
	for _, l := range labels {
		writeLabel(&b, l)
	}
	return b.String()
}

// mix hashes the parts of a series. They are positions, which nobody chooses.
func mix(entity, metric, extras id) uint64 {
	h := (uint64(entity)<<32 | uint64(metric)) * 0x9e3779b97f4a7c15
	h ^= h>>29 ^ uint64(extras)*0xbf58476d1ce4e5b9
	return h * 0x94d049bb133111eb
}

// index finds positions by hashes. It is a table of open addressing, of a power of two slots and half full at most, in which a slot holds the
// upper half of a hash, and the position plus 1.
type index struct {
	slots []uint64
	used  int
}

func newIndex(size int) *index {
	n := 16
	for n < 2*size {
		n *= 2
	}
	return &index{slots: make([]uint64, n)}
}

// add adds a position. What was added before under the same hash is found first.
func (x *index) add(hash uint64, pos id) {
	if 2*x.used >= len(x.slots) {
		old := x.slots
		x.slots = make([]uint64, 2*len(old))
		for _, slot := range old {
			if slot != 0 {
				x.put(slot)
			}
		}
	}
	x.used++
	x.put(hash&^(1<<32-1) | uint64(pos+1))
}

func (x *index) put(slot uint64) {
	at := x.home(slot)
	for x.slots[at] != 0 {
		at = x.behind(at)
	}
	x.slots[at] = slot
}

func (x *index) home(hash uint64) int { return int(hash>>32) & (len(x.slots) - 1) }

func (x *index) behind(at int) int { return (at + 1) & (len(x.slots) - 1) }

// find returns the first position under a hash that is the right one, or none.
func (x *index) find(hash uint64, is func(pos id) bool) id {
	for at := x.home(hash); x.slots[at] != 0; at = x.behind(at) {
		if slot := x.slots[at]; slot>>32 == hash>>32 {
			if pos := id(uint32(slot)) - 1; is(pos) {
				return pos
			}
		}
	}
	return none
}
