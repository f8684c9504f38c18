package orderedremotewriteexporter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/lease"
	"weir.example/internal/seglog"
	"weir.example/internal/series"
)

var errNoRoom = errors.New("no room now")

// ConsumeMetrics takes all samples of md in, or none. It blocks until there is room or
// ctx ends; that error is retryable. With wal, they are in the log when it returns nil.
// An error of the disk is retryable too: what of the call was logged nevertheless is
// recognised when it comes again.
func (x *remoteWriter) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	caller, lent := x.cfg.Tenant.callerOf(ctx), lease.Lent(ctx, md)
	var held demand
	for {
		need, written, err := x.take(caller, lent, md, held)
		if !errors.Is(err, errNoRoom) {
			if err = errors.Join(err, x.force(written)); err == nil {
				lease.Return(ctx, md)
			}
			return err
		}
		if err := x.room.wait(ctx, need); err != nil {
			return err
		}
		held = need
	}
}

// take stages the samples that caller brings in md, whose texts may be kept if it is lent, and takes them if there is
// room, in exchange for what the call holds. Otherwise nothing happened, and it returns the room they need.
func (x *remoteWriter) take(caller string, lent bool, md pmetric.Metrics, held demand) (need demand, written []logged, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		x.room.exchange(held, nil)
		return nil, nil, errShutdown
	}
	if g := series.Generation(time.Since(x.born) / generation); g != x.generation {
		x.generation = g
		x.sweep(g)
	}
	x.in.now, x.in.tenants.caller = x.clock(), caller
	x.in.keepTexts(lent)
	x.in.walk(md)
	x.weigh()
	if err := x.fits(); err != nil {
		x.room.exchange(held, nil)
		x.refuse()
		return nil, nil, consumererror.NewPermanent(err)
	}
	for !x.room.exchange(held, x.need) {
		held = nil
		if !x.dropOldest(x.need) {
			x.forget()
			return slices.Clone(x.need), nil, errNoRoom
		}
	}
	written, err = x.push()
	x.telemetry.taken(x.in)
	return nil, written, err
}

// weigh finds the room that the staged samples need.
func (x *remoteWriter) weigh() {
	for i, staged := range x.in.staged {
		if x.need[i] = 0; len(staged) > 0 {
			x.need[i] = x.slots[i].weigh(staged, x.in.before[i], x.wall(x.in.now))
		}
	}
}

// fits tells why the log can never take the staged samples.
func (x *remoteWriter) fits() error {
	if !x.cfg.WAL.HasValue() {
		return nil
	}
	if size := x.need.total(); size > x.room.capacity {
		return fmt.Errorf("call of %d bytes does not fit into wal.max_size_mib, %d bytes", size, x.room.capacity)
	}
	for i, staged := range x.in.staged {
		if size := x.need[i]; len(staged) > 0 && size > maxRecord {
			if largest := x.slots[i].backlog.(*journal).largest(); largest > maxRecord {
				return fmt.Errorf("a series and its sample of %d bytes do not fit into a record of the log, %d bytes", largest, maxRecord)
			}
		}
	}
	return nil
}

// refuse drops the staged samples for good.
func (x *remoteWriter) refuse() {
	for _, staged := range x.in.staged {
		x.in.dropped[tooLarge] += len(staged)
	}
	x.unstage()
	x.telemetry.taken(x.in)
}

// forget takes back what walk and weigh did.
func (x *remoteWriter) forget() {
	x.unstage()
	x.in.offered, x.in.dropped, x.in.exemplarsDropped = 0, [reasons]int{}, [reasons]int{}
}

// unstage takes the staged samples back.
func (x *remoteWriter) unstage() {
	for i, staged := range x.in.staged {
		if len(staged) > 0 {
			x.slots[i].forget()
			undo(staged, x.in.before[i])
			x.in.unstage(i)
		}
	}
}

// push hands the staged samples to their slots. When one fails, it and those after it
// take no more, and the samples they did not take are forgotten, with what was said of
// others of the call: all of it will come again.
func (x *remoteWriter) push() (written []logged, err error) {
	taken := 0
	err = x.holdHeads()
	for i, staged := range x.in.staged {
		if len(staged) == 0 {
			continue
		}
		s, samples, room := x.slots[i], 0, 0
		if err == nil {
			samples, room, err = s.push()
		} else {
			s.forget()
		}
		if samples < len(staged) {
			undo(staged[samples:], x.in.before[i][samples:])
			x.room.release(i, x.need[i]-room)
		}
		if samples > 0 {
			taken += samples
			s.pushed(samples)
			if j, ok := s.backlog.(*journal); ok && x.forces {
				written = append(written, logged{j.log, j.written})
			}
		}
		x.in.unstage(i)
	}
	if err != nil {
		x.in.offered, x.in.dropped, x.in.exemplarsDropped = taken, [reasons]int{}, [reasons]int{}
		x.trouble.report(err)
		x.reclaim()
		return written, fmt.Errorf("wal: %w", err)
	}
	x.trouble.over()
	return written, nil
}

// logged is a place in a log up to which it is to be forced.
type logged struct {
	log *seglog.Log
	end seglog.Position
}

// force returns once all of a call is on the disk. Calls that wait at the same time
// share the work.
func (x *remoteWriter) force(written []logged) error {
	faults := make([]error, len(written))
	var forcing sync.WaitGroup
	for i, w := range written {
		forcing.Go(func() { faults[i] = w.log.Force(w.end) })
	}
	forcing.Wait()
	err := errors.Join(faults...)
	if err != nil {
		x.trouble.report(err)
		return fmt.Errorf("wal: logged, but not forced to the disk: %w", err)
	}
	return nil
}

// dropOldest makes room by giving up the oldest unsent samples of the slot that is in
// the way. It is false when it may not, or cannot.
func (x *remoteWriter) dropOldest(need demand) bool {
	if !x.cfg.WAL.HasValue() || x.cfg.WAL.Get().OnFull != onFullDrop {
		return false
	}
	for _, slot := range x.room.candidates(need) {
		samples, room, err := x.slots[slot].backlog.(*journal).drop()
		if err != nil {
			x.trouble.report(err)
			continue
		}
		if samples > 0 {
			x.lost(walFull, samples)
			x.notes.full(samples)
			x.room.release(slot, room)
			return true
		}
	}
	return false
}

// described notes in the log of a series that its metadata changed.
func (x *remoteWriter) described(s *stream, was *meta) {
	if s.State.ref != 0 {
		x.slots[s.State.slot].backlog.(*journal).describe(s, was)
	}
}

// sweep forgets series that were not seen for long, unless a log may still hold
// samples of theirs.
func (x *remoteWriter) sweep(now series.Generation) {
	idle := x.clock() - int64(idleGenerations*generation)
	needed := make([]bool, len(x.slots))
	for i, s := range x.slots {
		oldest := s.oldest.Load()
		needed[i] = oldest != 0 && oldest < idle
	}
	x.in.sweep(now, func(s *stream) bool {
		p := &s.State
		if len(x.earlier) > 0 || p.slot != noSlot && needed[p.slot] {
			return true
		}
		if p.ref != 0 {
			x.slots[p.slot].backlog.(*journal).evict(s)
		}
		return false
	})
}
