package orderedremotewriteexporter

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"slices"

	"weir.example/internal/seglog"
)

// cursor says how far a slot's log is delivered: all samples before acked. Those
// from acked to cut are, or were, in flight as one request. The log goes on at resume:
// what lies between cut and resume was dropped.
type cursor struct {
	from               seglog.Position // at or before the record that holds sample acked
	acked, cut, resume uint64          // in samples logged before
	clean              bool            // written by a shutdown that finished
	boot               uint32          // of the machine; 0: unknown
}

func (c cursor) encode() (value [seglog.CellBytes]byte) {
	for i, v := range [5]uint64{c.from.Segment, uint64(c.from.Offset), c.acked, c.cut, c.resume} {
		binary.LittleEndian.PutUint64(value[8*i:], v)
	}
	binary.LittleEndian.PutUint32(value[40:], c.boot)
	if c.clean {
		value[44] = 1
	}
	return value
}

func decodeCursor(value [seglog.CellBytes]byte) cursor {
	u := func(at int) uint64 { return binary.LittleEndian.Uint64(value[at:]) }
	return cursor{
		from:  seglog.Position{Segment: u(0), Offset: int64(u(8))},
		acked: u(16), cut: u(24), resume: u(32),
		boot: binary.LittleEndian.Uint32(value[40:]), clean: value[44] == 1,
	}
}

// valid tells whether the cursor is one that was ever written.
func (c cursor) valid() bool { return c.acked <= c.cut && c.cut <= c.resume && c.from.Offset >= 0 }

// bootID tells one run of the machine from another: what was written but not forced
// survives the death of the process, but not that of the machine.
func bootID() uint32 {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return 0
	}
	return crc32.ChecksumIEEE(id)
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
func (j *journal) idle() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.stale && !j.fixed && j.cursor.acked == j.read.seq {
		return j.save()
	}
	return nil
}

// save writes the cursor and lets go of segments that lie behind it.
func (j *journal) save() error {
	j.cursor.clean, j.cursor.boot = false, j.x.boot
	if err := j.cell.Save(j.cursor.encode()); err != nil {
		j.x.trouble.report(err)
		return err
	}
	j.stale = false
	if err := j.letGo(); err != nil {
		j.x.trouble.report(err)
	}
	return nil
}

// letGo removes the segments that lie behind the cursor.
func (j *journal) letGo() error {
	kept := slices.IndexFunc(j.segments, func(s segmentMark) bool { return s.number >= j.cursor.from.Segment })
	if kept <= 0 {
		return nil
	}
	// After a loss of power the cursor must not point to what is gone, and the head of
	// the segment it points to must be there.
	if j.x.fsync != seglog.SyncNever {
		if err := errors.Join(j.log.Force(j.cursor.from), j.cell.Sync()); err != nil {
			return err
		}
	}
	if err := j.log.Truncate(j.cursor.from); err != nil {
		return err
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
