package orderedremotewriteexporter

import (
	"errors"
	"io"
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
	j.bare = j.bare && samples == 0
	if n := len(j.segments); n == 0 || j.segments[n-1].number != end.Segment {
		j.segments = append(j.segments, segmentMark{end.Segment, j.end})
	}
	j.end.seq += uint64(samples)
	j.end.bytes += uint64(charge)
}

// fill adds samples to the slot's request: exactly those of the request that was in
// flight when an earlier life ended, or as many as it takes.
func (j *journal) fill(s *slot) error {
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
			return j.fault
		case len(s.request) > 0:
			s.full = true
		default:
			j.leap() // all of that request is lost
		}
	}
	return nil
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
