package orderedremotewriteexporter

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"go.uber.org/zap"

	"weir.example/internal/seglog"
	"weir.example/internal/series"
)

// recovery is the one pass over a slot's log, from the segment of the cursor to its
// end, that restores what an earlier life knew: series and their newest samples, and
// how many samples are still to be sent.
type recovery struct {
	*journal
	in      *intake
	earlier bool // the log is one of an earlier generation
	sets    map[uint64]*series.Set

	begun  bool            // a record was seen
	torn   []seglog.Damage // at the ends of segments: cut short, unless samples are missing behind
	acked  uint64          // bytes mark of the record that holds the first sample to send
	found  bool            // that record
	ms     int64           // its arrival
	oldest int64           // ms of the oldest of its samples
}

// cursorName is the file of a slot's cursor, in the directory of its log.
const cursorName = "cursor"

// openJournal opens the log of a slot and restores what it holds.
func (x *remoteWriter) openJournal(dir string, slot int, earlier bool) (*slot, error) {
	j := &journal{x: x, slot: slot, sets: map[*series.Set]uint64{}, changed: map[uint32]*meta{}}
	if earlier {
		j.slot = -1
	}
	var err error
	if j.log, err = seglog.Open(x.logOptions(dir, j)); err != nil {
		return nil, err
	}
	for _, note := range j.log.SetAside() {
		x.set.Logger.Warn("part of the log is not ours to read", zap.String("directory", dir), zap.String("segment", note))
	}
	r := &recovery{journal: j, in: x.in, earlier: earlier, sets: map[uint64]*series.Set{}, oldest: noSample}
	if err := r.run(dir); err != nil {
		if j.cell != nil {
			err = errors.Join(err, j.cell.Close())
		}
		return nil, errors.Join(err, j.log.Close())
	}
	return r.result(slot), nil
}

func (r *recovery) run(dir string) error {
	cell, value, ok, err := seglog.OpenCell(r.x.disk, filepath.Join(dir, cursorName))
	if err != nil {
		return err
	}
	r.cell = cell
	c := decodeCursor(value)
	lost := !(ok && c.valid()) && r.log.End() != seglog.Position{}
	if lost || !ok {
		c = cursor{}
	}
	rebooted := ok && !c.clean && c.boot != r.x.boot
	r.cursor = c
	r.recovered = r.log.End()
	if err := r.pass(lost, rebooted); err != nil {
		return err
	}
	r.settle(lost, rebooted)
	// Two copies, so that the file never has to grow on a full disk.
	if err := errors.Join(r.save(), r.save()); err != nil {
		return err
	}
	return r.log.Truncate(r.cursor.from)
}

// pass reads the log. When the cursor is lost, all that is there is to be sent.
func (r *recovery) pass(lost, rebooted bool) error {
	reader := r.log.Reader(seglog.Position{Segment: r.cursor.from.Segment}, func(d seglog.Damage) {
		if d.Torn && !rebooted {
			r.torn = append(r.torn, d)
			return
		}
		r.x.damaged(d)
	})
	defer reader.Close()
	defer func() {
		if len(r.torn) > 0 {
			r.x.set.Logger.Info("the log ends in a write that was cut short; it was never acknowledged")
		}
	}()
	for {
		logged, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		at := reader.Position()
		rec, err := readRecord(logged.Payload)
		if err != nil {
			r.x.damaged(seglog.Damage{Segment: at.Segment, Offset: at.Offset, Bytes: int64(len(logged.Payload))})
			continue
		}
		if !r.begun && lost {
			r.cursor.acked, r.cursor.cut, r.cursor.resume = rec.at.seq, rec.at.seq, rec.at.seq
		}
		r.restore(at.Segment, &rec)
	}
}

// restore takes over what one record says.
func (r *recovery) restore(segment uint64, rec *record) {
	if rec.at.seq > r.end.seq && r.begun {
		for _, d := range r.torn {
			r.x.damaged(d)
		}
	}
	r.begun, r.torn = true, nil
	if n := len(r.segments); n == 0 || r.segments[n-1].number != segment {
		r.segments = append(r.segments, segmentMark{segment, rec.at})
		r.room = 0 // its head says all again
	}
	r.room += len(rec.definitions)
	if err := rec.define(r.set, r.series); err != nil {
		r.x.set.Logger.Warn("definitions in the log cannot be read", zap.Uint64("segment", segment))
	}
	if rec.left == 0 {
		return
	}
	r.end = rec.end()
	first := !r.found && r.end.seq > r.cursor.acked
	if first {
		r.found, r.acked, r.ms = true, rec.at.bytes, rec.ms
	}
	seq := rec.at.seq
	var s sample
	for rec.left > 0 {
		ref, ok := rec.next(&s)
		if !ok {
			return
		}
		if stream := r.refs.get(ref); stream != nil {
			stream.State.pass(s.ts, s.bits)
		}
		if first && seq >= r.cursor.acked {
			r.oldest = min(r.oldest, s.ts)
		}
		seq++
	}
}

func (r *recovery) set(id uint64, tenant string, labels []series.Label) {
	if tenant != "" {
		if !validTenant(tenant) {
			return // as if it were lost
		}
		tenant = r.in.tenants.add(tenant).name
	}
	set := r.in.interner.InternFor(tenant, labels)
	r.sets[id] = set
	r.journal.sets[set] = id
	r.lastID = max(r.lastID, id)
}

func (r *recovery) series(d definition) {
	r.room += pastBytes
	var sets [3]*series.Set
	for i, id := range d.sets {
		if sets[i] = r.sets[id]; sets[i] == nil {
			return // its samples are counted when they come up
		}
	}
	if sets[0].Overlaps(sets[2]) {
		return
	}
	f := r.in.table.Form(sets[1], sets[2], r.in.shared(d.meta))
	s, _, fresh := r.in.table.Get(sets[0], f)
	p := &s.State
	if fresh {
		p.last, p.slot = math.MinInt64, noSlot
	}
	if !r.refs.set(d.ref, s) {
		return
	}
	p.seen = r.in.translator.now
	if d.known {
		p.pass(d.past.last, d.past.bits)
	}
	if own := s.Form(); own.About != f.About {
		r.in.table.SetForm(s, r.in.table.Form(own.Name, own.Extras, f.About))
	}
	if !r.earlier {
		p.slot, p.ref = uint16(r.slot), d.ref
	}
}

// settle turns what was found into where the slot goes on.
func (r *recovery) settle(lost, rebooted bool) {
	c := &r.cursor
	if r.end.seq < c.resume {
		// The end of the log is gone; its numbers are not given again.
		r.end.seq = c.resume
	}
	if !r.found {
		r.acked = r.end.bytes
	}
	if c.cut > c.acked {
		r.fixed, r.again = true, true
	} else {
		c.acked, c.cut = c.resume, c.resume
	}
	if lost {
		r.x.set.Logger.Warn("the cursor of the log cannot be read; all that is in the log is sent again")
	}
	if lost || rebooted {
		r.uncertain = r.end.seq
	}
	if end := r.log.End(); end.Before(c.from) {
		c.from = end
	}
	r.read = mark{c.acked, r.acked}
	r.from = c.from
	r.reader = r.log.Reader(c.from, r.onDamage)
}

// result makes the slot, with what is pending counted.
func (r *recovery) result(index int) *slot {
	c := r.cursor
	pending := int(c.cut - c.acked + r.end.seq - c.resume)
	s := newSlot(r.x, index, nil, r.journal)
	if pending > 0 {
		s.oldest.Store(nonzero(r.x.arrival(r.ms)))
	}
	s.front = r.oldest
	r.x.telemetry.restored(pending)
	r.x.room.reoccupy(r.slot, int(r.end.bytes-r.acked))
	return s
}

// shared returns the one meta that is equal to m.
func (n *names) shared(m *meta) *meta {
	if m == nil {
		return nil
	}
	if n.metas[*m] == nil {
		n.metas[*m] = m
	}
	return n.metas[*m]
}

func (x *remoteWriter) logOptions(dir string, j *journal) seglog.Options {
	wal := x.cfg.WAL.Get()
	sync := seglog.Sync(wal.Fsync)
	if sync == seglog.SyncAlways {
		sync = seglog.SyncInterval // a call forces all its logs at once, after the lock
	}
	return seglog.Options{
		Dir: dir, Format: walFormat, Oldest: oldestFormat, Disk: x.disk, Sync: sync, Head: j.head,
		SegmentBytes: x.segment,
	}
}

// startError names the key that an error of the log is about.
func startError(directory string, err error) error {
	return fmt.Errorf("wal.directory: %q cannot be used: %w", directory, err)
}
