package orderedremotewriteexporter

import (
	"math"

	"github.com/cespare/xxhash/v2"

	"weir.example/internal/series"
)

// offer finds the series of a sample and admits it. extras is nil where an
// attribute has no valid label name, m where there is nothing but a value.
func (in *intake) offer(e *entity, name, extras *series.Set, at moment, value float64, m *more) {
	switch {
	case extras == nil:
		in.reject(invalidName, m)
	case at.ms == 0:
		in.reject(noTimestamp, m)
	default:
		bits := at.bits(value)
		if m != nil && m.histogram != nil && !at.stale {
			bits = xxhash.Sum64(m.histogram)
		}
		in.admit(in.find(e, in.compose(e, extras), name), at, bits, m)
	}
}

// next returns the series that followed the last one within its entity before, nil if it is
// not the one: then find tells which it is.
func (in *intake) next(e *entity, name *metricName, extras *series.Set) *stream {
	number := e.first
	if in.last != nil {
		number = in.last.State.next
	}
	s := in.table.At(number)
	if s == nil || s.Entity != e.labels {
		return nil
	}
	if f := s.Form(); f.Name != name.plain || f.Extras != extras || f.About != name.meta {
		return nil
	}
	return s
}

// find returns the series and, when it is new, gives it a slot for good.
func (in *intake) find(e *entity, c composition, name *series.Set) *stream {
	s := in.expected(e, c, name)
	if s == nil {
		s = in.lookUp(e, c, name)
	}
	in.reach(s)
	if f := s.Form(); f.About != in.meta {
		in.table.SetForm(s, in.table.Form(f.Name, f.Extras, in.meta))
		in.onDescribed(s, f.About)
	}
	return s
}

// reach notes that a series has its turn.
func (in *intake) reach(s *stream) {
	in.last = s
	if s.State.seen != in.translator.now {
		s.State.seen = in.translator.now
	}
}

// expected returns the series that followed the last one within its entity before, if
// it is the one: they mostly come in the same order again. One that is missing now, as
// some are at times, is stepped over.
func (in *intake) expected(e *entity, c composition, name *series.Set) *stream {
	number := e.first
	if in.last != nil {
		number = in.last.State.next
	}
	for range 2 {
		s := in.table.At(number)
		if s == nil {
			return nil
		}
		if s.Entity == c.entity {
			if f := s.Form(); f.Name == name && f.Extras == c.extras {
				return s
			}
		}
		number = s.State.next
	}
	return nil
}

func (in *intake) lookUp(e *entity, c composition, name *series.Set) *stream {
	s, number, fresh := in.table.Get(c.entity, in.table.Form(name, c.extras, in.meta))
	if in.last == nil {
		e.first = number
	} else {
		in.last.State.next = number
	}
	if fresh {
		s.State.last, s.State.slot = math.MinInt64, noSlot
	}
	if s.State.slot == noSlot {
		s.State.slot = uint16(in.slotFor(s, e.slot))
	}
	return s
}

// slotFor returns the slot of the series' entity, or one of the series' own.
func (in *intake) slotFor(s *stream, ofEntity int32) int {
	if ofEntity >= 0 {
		return int(ofEntity)
	}
	return int(s.Hash() % uint64(len(in.staged)))
}

// admit stages a sample that is newer than all of its series before. What is older, or
// says otherwise at the same time, is dropped or passed on, as on_out_of_order says.
func (in *intake) admit(s *stream, at moment, bits uint64, m *more) {
	p, ts := &s.State, at.ms
	switch {
	case ts > p.last:
		in.stage(s, at, bits, m)
	case ts == p.last && bits == p.bits:
		in.reject(duplicate, m)
	case in.pass:
		in.stage(s, at, bits, m)
	case ts < p.last:
		in.reject(outOfOrder, m)
	default:
		in.reject(conflict, m)
		in.onConflict(s)
	}
}

func (in *intake) stage(s *stream, at moment, bits uint64, m *more) {
	p := &s.State
	in.offered++
	if n := len(in.spare); n > 0 && in.staged[p.slot] == nil {
		in.staged[p.slot], in.before[p.slot] = in.spare[n-1].staged, in.spare[n-1].before
		in.spare = in.spare[:n-1]
	}
	in.before[p.slot] = append(in.before[p.slot], p.past)
	staged := append(in.staged[p.slot], sample{})
	in.staged[p.slot] = staged
	q := &staged[len(staged)-1] // field by field: a whole sample would be made elsewhere, then copied
	q.series, q.ts, q.start, q.bits, q.at, q.more = s, at.ms, at.start, bits, in.now, m
	p.past.pass(at.ms, bits)
}

// drop counts samples that were offered and are not taken.
func (in *intake) drop(r reason, n int) {
	in.offered += n
	in.dropped[r] += n
}

// reject counts a sample that is not taken, with its exemplars.
func (in *intake) reject(r reason, m *more) {
	in.drop(r, 1)
	if m != nil {
		in.exemplarsDropped[r] += len(m.exemplars)
	}
}

// unstage forgets the staged samples of a slot.
func (in *intake) unstage(slot int) {
	staged, before := in.staged[slot], in.before[slot]
	in.staged[slot], in.before[slot] = nil, nil
	clear(staged) // let go of the series
	if n := cap(staged); n > 0 && n <= maxStagedKept {
		in.spare = append(in.spare, buffer{staged[:0], before[:0]})
	}
}

// buffer is room for the samples that a call has for a slot. One goes from slot to slot,
// as most calls fill one only.
type buffer struct {
	staged []sample
	before []past
}

// maxStagedKept bounds the buffers that are kept from one call to the next.
const maxStagedKept = 1 << 16

// sweep forgets series that were not seen for long, unless needed, and what only they
// used.
func (in *intake) sweep(now series.Generation, needed func(*stream) bool) {
	in.translator.sweep(now, idleGenerations)
	in.shapes.sweep(now)
	in.table.Sweep(func(s *stream) bool { return now-s.State.seen <= idleGenerations || needed(s) })
}
