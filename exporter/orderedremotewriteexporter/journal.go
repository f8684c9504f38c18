package orderedremotewriteexporter

import (
	"sync"

	"weir.example/internal/seglog"
	"weir.example/internal/series"
)

// journal is the durable backlog of one slot: what calls brought and the store has
// not taken, in a log. This file has the side that logs; tail.go the one that reads.
type journal struct {
	x    *remoteWriter
	log  *seglog.Log
	cell *seglog.Cell
	slot int  // -1: of an earlier generation
	refs refs // changed under exporter.mu and mu, read under either

	// Of the side that logs; exporter.mu guards them.
	sets    map[*series.Set]uint64 // ids given
	changed map[uint32]*meta       // what the log says of series, by ref, whose metadata is another now
	lastID  uint64
	staged  []sample // of the current call
	before  []past   // of their series
	logged  int      // how many of staged are in the log
	drafts  []drafted
	buffer  []byte
	draft   draft
	fresh   []freshSeries   // that drafts define
	newest  []*series.Set   // that drafts define
	written seglog.Position // behind the last record
	bare    bool            // the log holds nothing but a head
	room    int             // bytes that the next head takes, at most

	mu sync.Mutex // guards what follows; taken after exporter.mu
	tail
}

// drafted is a record of the current call, still to be appended.
type drafted struct {
	from, to      int // in buffer
	room          int // that its definitions take in a head
	samples       int
	fresh, newest int // how many of these are defined before
}

type freshSeries struct {
	*stream
	anew bool  // it had no ref before
	was  *meta // otherwise: what the log says of it
}

// maxDraft is the size from which a call's samples go on in another record, in bytes.
const maxDraft = 1 << 20

// maxRecord is the largest record that is logged, in bytes. One of a head holds as much
// as the largest series and a draft.
const maxRecord = seglog.MaxPayload - 2*maxDraft

// weigh makes the records for the samples staged for the slot, whose series were as
// before says, and returns the room they take.
func (j *journal) weigh(staged []sample, before []past, ms int64) int {
	j.staged, j.before, j.logged = staged, before, 0
	at, total, samples := j.end, 0, 0
	for i := range staged {
		s := &staged[i]
		j.draft.addSample(j.ref(s.series), s)
		samples++
		if j.draft.bytes() < maxDraft && i < len(staged)-1 {
			continue
		}
		d := &j.drafts[len(j.drafts)-1]
		d.from, d.samples, d.room = len(j.buffer), samples, j.draft.roomInHead()
		j.room += d.room
		j.buffer = j.draft.append(j.buffer, at, ms)
		d.to = len(j.buffer)
		charge := chargeOf(j.buffer[d.from:])
		at.seq, at.bytes = at.seq+uint64(samples), at.bytes+uint64(charge)
		total += charge
		samples = 0
		j.draft.reset()
	}
	return total
}

// largest is the size of the largest record of the call, in bytes.
func (j *journal) largest() int {
	size := 0
	for _, d := range j.drafts {
		size = max(size, d.to-d.from)
	}
	return size
}

// ref returns the number of a series, and defines it where the log does not know it
// as it is now.
func (j *journal) ref(s *stream) uint32 {
	if j.draft.size == 0 && (len(j.drafts) == 0 || j.drafts[len(j.drafts)-1].samples > 0) {
		j.drafts = append(j.drafts, drafted{fresh: len(j.fresh), newest: len(j.newest)})
	}
	p := &s.State
	if p.ref != 0 && len(j.changed) == 0 {
		return p.ref
	}
	was, changed := j.changed[p.ref]
	if p.ref != 0 && !changed {
		return p.ref
	}
	j.fresh = append(j.fresh, freshSeries{s, p.ref == 0, was})
	delete(j.changed, p.ref)
	if p.ref == 0 {
		j.mu.Lock()
		p.ref = j.refs.add(s)
		j.mu.Unlock()
	}
	var ids [3]uint64
	f := s.Form()
	for i, set := range [3]*series.Set{s.Entity, f.Name, f.Extras} {
		id, known := j.sets[set]
		if !known {
			j.lastID++
			id = j.lastID
			j.sets[set] = id
			j.newest = append(j.newest, set)
			j.draft.addSet(id, set)
		}
		ids[i] = id
	}
	j.draft.addSeries(p.ref, ids, f.About, nil)
	return p.ref
}

// describe notes that the metadata of a series that has a ref is no longer what it was.
func (j *journal) describe(s *stream, was *meta) {
	ref, now := s.State.ref, s.Form().About
	if logged, changed := j.changed[ref]; changed {
		was = logged
	}
	if now == was || now != nil && was != nil && *now == *was {
		delete(j.changed, ref)
		return
	}
	j.changed[ref] = was
}

// described returns what the log says of a series.
func (j *journal) described(ref uint32, s *stream) *meta {
	if was, changed := j.changed[ref]; changed {
		return was
	}
	return s.Form().About
}

// push appends the records. It returns how many samples and how much room are in the
// log then: all of them unless there is an error.
func (j *journal) push() (samples, room int, err error) {
	for i, d := range j.drafts {
		payload := j.buffer[d.from:d.to]
		end, err := j.log.Append(seglog.Record{Type: recordType, Payload: payload})
		if err != nil {
			j.takeBack(i)
			return samples, room, err
		}
		j.logged += d.samples
		j.appended(end, d.samples, chargeOf(payload))
		samples, room = samples+d.samples, room+chargeOf(payload)
	}
	j.finish()
	return samples, room, nil
}

// forget takes back what weigh did.
func (j *journal) forget() { j.takeBack(0) }

// takeBack undoes the definitions of the records from the nth on, which are not logged.
func (j *journal) takeBack(n int) {
	for _, d := range j.drafts[n:] {
		j.room -= d.room
	}
	if n < len(j.drafts) {
		for _, f := range j.fresh[j.drafts[n].fresh:] {
			if !f.anew {
				j.changed[f.State.ref] = f.was
				continue
			}
			j.mu.Lock()
			j.refs.remove(f.State.ref)
			j.mu.Unlock()
			f.State.ref = 0
		}
		for _, set := range j.newest[j.drafts[n].newest:] {
			delete(j.sets, set)
		}
	}
	j.finish()
}

// finish keeps the buffers for the next call, but not those of one that defined much.
func (j *journal) finish() {
	j.draft.reset()
	if cap(j.buffer)+cap(j.draft.sets)+cap(j.draft.series) > maxKept || cap(j.fresh) > maxFreshKept {
		j.buffer, j.draft, j.fresh, j.newest = nil, draft{}, nil, nil
	}
	clear(j.fresh)
	clear(j.newest)
	j.fresh, j.newest = j.fresh[:0], j.newest[:0]
	j.staged, j.before, j.logged = nil, nil, 0
	j.drafts, j.buffer = j.drafts[:0], j.buffer[:0]
}

// What is kept from one call to the next: bytes, and series that were defined.
const (
	maxKept      = 512 << 10
	maxFreshKept = 256
)

// begin makes sure that the log has a head of this life; exporter.mu is held.
func (j *journal) begin() error {
	if j.written != (seglog.Position{}) {
		return nil
	}
	return j.x.reserve.lend(j.beginSegment)
}

// beginSegment appends a record without samples, so that there is a segment with a head.
func (j *journal) beginSegment() error {
	end, err := j.log.Append(seglog.Record{Type: recordType, Payload: j.draft.append(nil, j.end, j.x.wall(j.x.clock()))})
	if err != nil {
		return err
	}
	j.appended(end, 0, 0)
	return nil
}

// head writes what a segment begins with: every series that lives and how its past
// stood before what is being appended.
func (j *journal) head(emit func(seglog.Record)) {
	staged, before := j.staged[j.logged:], j.before[j.logged:]
	undo(staged, before)
	defer redo(staged)

	var d draft
	var payload []byte
	ms := j.x.wall(j.x.clock())
	flush := func() {
		payload = d.append(payload[:0], j.end, ms)
		j.room += chargeOf(payload)
		emit(seglog.Record{Type: recordType, Payload: payload})
		d.reset()
	}
	known := j.sets
	j.room = 0
	j.sets = make(map[*series.Set]uint64, len(known))
	for ref, s := range j.refs.all {
		var ids [3]uint64
		f := s.Form()
		for i, set := range [3]*series.Set{s.Entity, f.Name, f.Extras} {
			id, written := j.sets[set]
			if !written {
				if id = known[set]; id == 0 {
					j.lastID++
					id = j.lastID
				}
				j.sets[set] = id
				d.addSet(id, set)
			}
			ids[i] = id
		}
		d.addSeries(ref, ids, j.described(ref, s), &past{last: s.State.last, bits: s.State.bits})
		if d.bytes() > maxDraft {
			flush()
		}
	}
	flush()
}

// evict forgets series that are gone from the table.
func (j *journal) evict(s *stream) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.refs.remove(s.State.ref)
	delete(j.changed, s.State.ref)
}

// undo gives the series of staged samples the past they had.
func undo(staged []sample, before []past) {
	for i := len(staged) - 1; i >= 0; i-- {
		p := &staged[i].series.State
		p.last, p.bits = before[i].last, before[i].bits
	}
}

// redo is the opposite of undo.
func redo(staged []sample) {
	for i := range staged {
		staged[i].series.State.pass(staged[i].ts, staged[i].bits)
	}
}
