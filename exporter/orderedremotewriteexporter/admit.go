package orderedremotewriteexporter

import (
	"math"

	"weir.example/internal/series"
)

// offer finds the series of a sample and admits it. extras is nil where an
// attribute has no valid label name, m where there is nothing but a value.
func (in *intake) offer(e *entity, name, extras *series.Set, at moment, value float64, m *more) {
	switch {
	case extras == nil:
		in.drop(invalidName, 1)
	case at.ms == 0:
		in.drop(noTimestamp, 1)
	default:
		in.admit(in.find(e, in.compose(e, extras), name), at, at.bits(value, m), m)
	}
}

// find returns the series and, when it is new, gives it a slot for good.
func (in *intake) find(e *entity, c composition, name *series.Set) *stream {
	s, fresh := in.table.Get(c.entity, name, c.extras)
	if fresh {
		s.State.last = math.MinInt64
		slot := e.slot
		if slot < 0 {
			slot = int(s.Hash() % uint64(len(in.staged)))
		}
		s.State.slot = uint16(slot)
	}
	if s.State.seen != in.translator.now {
		s.State.seen = in.translator.now
	}
	if s.State.meta.Load() != in.meta {
		s.State.meta.Store(in.meta)
	}
	return s
}

// admit stages a sample that is newer than all of its series before.
func (in *intake) admit(s *stream, at moment, bits uint64, m *more) {
	p, ts := &s.State, at.ms
	switch {
	case ts > p.last:
		p.last, p.bits = ts, bits
		in.offered++
		in.staged[p.slot] = append(in.staged[p.slot], sample{series: s, ts: ts, start: at.start, bits: bits, at: in.now, more: m})
	case ts < p.last:
		in.drop(outOfOrder, 1)
	case bits == p.bits:
		in.drop(duplicate, 1)
	default:
		in.drop(conflict, 1)
		in.onConflict(s)
	}
}

// drop counts samples that were offered and are not taken.
func (in *intake) drop(r reason, n int) {
	in.offered += n
	in.dropped[r] += n
}

// commit hands the staged samples to their slots and returns how many they were.
func (in *intake) commit(slots []*slot) int {
	n := 0
	for i, staged := range in.staged {
		if len(staged) == 0 {
			continue
		}
		n += len(staged)
		slots[i].push(staged)
		clear(staged)
		if in.staged[i] = staged[:0]; cap(staged) > maxStagedKept {
			in.staged[i] = nil
		}
	}
	return n
}

// maxStagedKept bounds the buffer a slot keeps from one call to the next.
const maxStagedKept = 1 << 16

// sweep forgets series that were not seen for long, and what only they used.
func (in *intake) sweep(now series.Generation) {
	in.translator.sweep(now, idleGenerations)
	in.table.Sweep(func(s *stream) bool { return now-s.State.seen <= idleGenerations })
	in.shapes.sweep(now)
}
