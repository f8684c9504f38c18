package orderedremotewriteexporter

import (
	"errors"
	"io"
	"slices"
	"time"

	"go.uber.org/zap"

	"weir.example/internal/seglog"
)

// tail is the side of a journal that reads: what is logged and not yet sent. All that
// it counts in are samples logged in the slot before, see mark.
type tail struct {
	end      mark
	segments []segmentMark // whose data may still be unsent, oldest first

	reader *seglog.Reader
	record record          // the one being read
	from   seglog.Position // before that record
	next   sample          // decoded, if ready
	ready  bool
	read   mark // what was handed out or is lost; bytes of whole records only
	owed   int  // room of records that were read since the last ack

	cursor    cursor // as it stands in memory; from, acked: of the request
	fixed     bool   // cut and resume are final
	stale     bool   // the file does not know the cursor
	again     bool   // the request up to cut was in flight when an earlier life ended
	uncertain uint64 // samples before may have been delivered by an earlier life
	recovered seglog.Position
	fault     error // why nothing could be read
}

// segmentMark is where the first sample of a segment stands.
type segmentMark struct {
	number uint64
	mark
}

// appended notes a record that is in the log.
func (j *journal) appended(end seglog.Position, samples, charge int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.written = end
	if n := len(j.segments); n == 0 || j.segments[n-1].number != end.Segment {
		j.segments = append(j.segments, segmentMark{end.Segment, j.end})
	}
	j.end.seq += uint64(samples)
	j.end.bytes += uint64(charge)
}

// fill adds samples to the slot's request: exactly those of the request that was in
// flight when an earlier life ended, or as many as it takes.
func (j *journal) fill(s *slot) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s.repeated = j.again || j.cursor.acked < j.uncertain
	for !s.full {
		next := j.front()
		switch {
		case next != nil && s.add(next, j.again):
			j.pop()
		case next != nil: // it does not fit
		case !j.complete():
			if len(s.request) == 0 {
				j.skip()
			}
			return
		case len(s.request) > 0:
			s.full = true
		default:
			j.leap() // all of that request is lost
		}
	}
}

// complete tells whether the request is one whose end was written down, and was read
// to there.
func (j *journal) complete() bool { return j.fixed && j.read.seq >= j.cursor.cut }

// skip passes over what was read and held nothing to send.
func (j *journal) skip() {
	if !j.fixed && j.read.seq > j.cursor.acked {
		j.cursor.resume = j.read.seq
		j.leap()
	}
	if j.owed > 0 {
		j.x.room.release(j.slot, j.owed)
		j.owed = 0
	}
}

// front decodes the next sample, or returns nil when there is none now.
func (j *journal) front() *sample {
	for !j.ready {
		r := &j.record
		switch {
		case j.complete():
			return nil
		case r.left == 0:
			if !j.open() {
				return nil
			}
		case r.at.seq > j.read.seq:
			j.lose(r.at.seq)
		case r.end().seq <= j.read.seq:
			r.left = 0
			j.close()
		default:
			j.decode()
		}
	}
	return &j.next
}

// open reads on to the next record with samples. At the end of the log, what was
// logged and did not come up is lost.
func (j *journal) open() bool {
	end := j.end
	for {
		j.from = j.reader.Position()
		logged, err := j.reader.Next()
		if errors.Is(err, io.EOF) {
			j.fault = nil
			j.lose(end.seq)
			if j.read.seq >= end.seq {
				j.owe(end.bytes)
			}
			return false
		}
		if err != nil {
			j.fault = err
			j.x.trouble.report(err)
			return false
		}
		rec, err := readRecord(logged.Payload)
		if err != nil {
			j.onDamage(seglog.Damage{Segment: j.from.Segment, Offset: j.from.Offset, Bytes: int64(len(logged.Payload))})
			continue
		}
		if rec.left > 0 {
			j.fault = nil
			j.record = rec
			j.next.at = j.x.arrival(rec.ms)
			return true
		}
	}
}

// decode reads the next sample of the record. It passes over those that are behind us
// and those of a series whose definition is lost.
func (j *journal) decode() {
	r := &j.record
	r.at.seq++
	ref, ok := r.next(&j.next)
	switch {
	case !ok: // the next record shows how many are lost
		j.close()
	case r.at.seq <= j.read.seq:
		j.close()
	default:
		if j.next.series = j.refs.get(ref); j.next.series != nil {
			j.ready = true
			return
		}
		j.lose(r.at.seq)
		j.close()
	}
}

// pop goes on behind the sample that front returned.
func (j *journal) pop() {
	j.ready = false
	j.read.seq++
	j.close()
}

// close notes that a record was read, if it was read to its end.
func (j *journal) close() {
	if r := &j.record; r.left == 0 {
		j.owe(r.at.bytes + uint64(r.charge))
		j.next.series, j.next.more = nil, nil
	}
}

// owe notes that the room of everything before is to be given back.
func (j *journal) owe(bytes uint64) {
	if bytes > j.read.bytes {
		j.owed += int(bytes - j.read.bytes)
		j.read.bytes = bytes
	}
}

// lose counts the samples before seq as lost, but none that were dropped already.
func (j *journal) lose(seq uint64) {
	if j.fixed && seq > j.cursor.cut {
		seq = j.cursor.cut
	}
	if seq > j.read.seq {
		j.x.lost(walDamaged, int(seq-j.read.seq))
		j.read.seq = seq
	}
}

// cut makes sure that the request comes again exactly as it is, should the process die
// before its answer is known.
func (j *journal) cut() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.fixed {
		j.cursor.cut, j.cursor.resume, j.fixed = j.read.seq, j.read.seq, true
	}
	return j.save()
}

// ack forgets the request and returns the room it took. The file is told when the next
// request is cut, or when there is none.
func (j *journal) ack(int) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.leap()
	owed := j.owed
	j.owed = 0
	return owed
}

// leap goes on behind the request, where the log resumes.
func (j *journal) leap() {
	c := &j.cursor
	c.acked, c.cut = c.resume, c.resume
	j.read.seq = max(j.read.seq, c.resume)
	j.fixed, j.again, j.stale = false, false, true
	if c.from = j.from; j.record.left == 0 && !j.ready {
		c.from = j.reader.Position()
	}
}

// idle tells the file what was acknowledged, when nothing is there to be sent.
func (j *journal) idle() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.stale && !j.fixed && j.cursor.acked == j.read.seq {
		_ = j.save() // tried again before the next request is sent
	}
}

// save writes the cursor and lets go of segments that lie behind it.
func (j *journal) save() error {
	j.cursor.clean, j.cursor.boot = false, j.x.boot
	if err := j.cell.Save(j.cursor.encode()); err != nil {
		j.x.trouble.report(err)
		return err
	}
	j.stale = false
	kept := slices.IndexFunc(j.segments, func(s segmentMark) bool { return s.number >= j.cursor.from.Segment })
	if kept <= 0 {
		return nil
	}
	// After a loss of power the cursor must not point to what is gone.
	if j.x.fsync != seglog.SyncNever {
		if err := j.cell.Sync(); err != nil {
			j.x.trouble.report(err)
			return nil
		}
	}
	if err := j.log.Truncate(j.cursor.from); err != nil {
		j.x.trouble.report(err)
		return nil
	}
	j.segments = slices.Delete(j.segments, 0, kept)
	return nil
}

// drop gives up the oldest samples that are in no request, up to the begin of a
// segment. It returns how many they were and the room they took.
func (j *journal) drop() (samples, room int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.again || j.read.seq >= j.end.seq {
		return 0, 0, nil // the request of an earlier life comes first
	}
	to, position := j.end, j.log.End()
	if i := slices.IndexFunc(j.segments, func(s segmentMark) bool { return s.seq > j.read.seq }); i >= 0 {
		to, position = j.segments[i].mark, seglog.Position{Segment: j.segments[i].number}
	} else if err := j.log.Roll(); err != nil {
		return 0, 0, err
	}
	was, wasFixed := j.cursor, j.fixed
	c := &j.cursor
	switch {
	case j.fixed:
	case c.acked == j.read.seq:
		c.acked, c.cut, c.from = to.seq, to.seq, position
	default:
		c.cut, j.fixed = j.read.seq, true
	}
	c.resume = to.seq
	if err := j.save(); err != nil {
		j.cursor, j.fixed = was, wasFixed
		return 0, 0, err
	}
	samples, room = int(to.seq-j.read.seq), int(to.bytes-j.read.bytes)
	begin := j.reader.Position()
	_ = j.reader.Close()
	j.reader = j.log.Reader(position, j.onDamage)
	j.record, j.ready, j.from, j.read = record{}, false, position, to
	if err := j.log.Remove(begin, position); err != nil {
		j.x.trouble.report(err) // the space is lost until the cursor passes it
	}
	return samples, room, nil
}

// onDamage reports a stretch that cannot be read, unless recovery did.
func (j *journal) onDamage(d seglog.Damage) {
	at := seglog.Position{Segment: d.Segment, Offset: d.Offset}
	if !at.Before(j.recovered) {
		j.x.damaged(d)
	}
}

func (j *journal) drained() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.read.seq >= j.end.seq && !j.again
}

// shut writes where the slot stands and closes the log. A request in flight stays cut.
func (j *journal) shut() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	err := errors.Join(j.reader.Close(), j.log.Close())
	j.cursor.clean, j.cursor.boot = err == nil, j.x.boot
	if !j.fixed {
		j.cursor.cut, j.cursor.resume = j.cursor.acked, j.cursor.acked
	}
	if save := j.cell.Save(j.cursor.encode()); save != nil {
		err = errors.Join(err, save)
	} else if j.x.fsync != seglog.SyncNever {
		err = errors.Join(err, j.cell.Sync())
	}
	return errors.Join(err, j.cell.Close())
}

// arrival turns a record's time into one of clock. No sample came after now, whatever
// a clock said that was set back since.
func (x *remoteWriter) arrival(ms int64) int64 {
	now := x.clock()
	return min((ms-x.born.UnixMilli())*int64(time.Millisecond), now)
}

// wall turns a time of clock into ms since the epoch.
func (x *remoteWriter) wall(clock int64) int64 {
	return x.born.UnixMilli() + clock/int64(time.Millisecond)
}

// damaged reports bytes of a log that hold no record.
func (x *remoteWriter) damaged(d seglog.Damage) {
	x.telemetry.damaged(d.Bytes)
	x.set.Logger.Warn("part of the log cannot be read; it is passed over",
		zap.Uint64("segment", d.Segment), zap.Int64("offset", d.Offset), zap.Int64("bytes", d.Bytes))
}
