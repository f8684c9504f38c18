package orderedremotewriteexporter

import "errors"

// holdHeads keeps room on the disk for the head of each log's next segment; mu is held.
func (x *remoteWriter) holdHeads() error {
	if !x.cfg.WAL.HasValue() {
		return nil
	}
	return x.reserve.hold(x.roomOfHeads())
}

// roomOfHeads is what the next heads take on the disk, at most; also those that take
// over from earlier eras.
func (x *remoteWriter) roomOfHeads() int {
	sum := 0
	for _, s := range x.allSlots() {
		sum += s.backlog.(*journal).room + x.reserve.block // files are rounded up
	}
	return sum
}

// reclaim gives the disk back what is delivered of all logs, also of their newest
// segments; mu is held. The call that failed told of the fault, and the next one that
// fails tries again.
func (x *remoteWriter) reclaim() {
	for _, s := range x.slots {
		if j, ok := s.backlog.(*journal); ok {
			_ = j.renew()
		}
	}
}

// renew lets go of all segments if all that they hold is delivered. A new one comes
// first: whenever the process dies, the newest samples of the slot's series stand in
// the old one or in the head of the new one. exporter.mu is held.
func (j *journal) renew() error {
	if !j.spent() {
		return nil
	}
	if !j.bare {
		if err := j.turn(); err != nil {
			return err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.letGo()
}

// spent tells whether all that is logged is delivered. It stays so while exporter.mu
// is held.
func (j *journal) spent() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return !j.fixed && !j.again && j.cursor.acked == j.end.seq
}

// turn goes on in another segment that holds nothing but a head.
func (j *journal) turn() error {
	if j.written.Segment == j.log.End().Segment {
		if err := j.log.Roll(); err != nil {
			return err
		}
	}
	if err := j.x.reserve.lend(j.beginSegment); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	err := j.reader.Close()
	j.reader = j.log.Reader(j.written, j.onDamage)
	j.from, j.cursor.from, j.bare = j.written, j.written, true
	return errors.Join(err, j.save())
}
