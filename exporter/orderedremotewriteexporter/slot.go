package orderedremotewriteexporter

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"weir.example/internal/series"
)

// slot is one FIFO with one request in flight. A series stays in its slot for
// life, so requests of one slot in turn mean samples of one series in order.
type slot struct {
	x       *remoteWriter
	index   int           // in its era
	earlier bool          // takes nothing new
	wake    chan struct{} // holds a token when form should look again
	pace    *pace
	front   int64 // ms of the oldest unsent sample, as far as pace must know
	backlog

	oldest atomic.Int64 // arrival of the oldest unsent sample, 0 if there is none
	held   atomic.Bool  // on_error says fail: tried once a minute

	// Owned by run: the request being formed or sent.
	request []sample
	number  uint32 // of that request; no other of any slot has it
	full    bool   // nothing can be added
	packer  packer

	// repeated says that the store may have the request already, from before an
	// unclean stop.
	repeated bool
}

// backlog is where the samples of a slot wait. Room is counted in samples or bytes.
type backlog interface {
	// weigh prepares to take samples of series that were as before says, and returns
	// the room they need. exporter.mu is held from here to push or forget.
	weigh(samples []sample, before []past, ms int64) (room int)
	// push takes the samples, the oldest first, and returns how many and how much
	// room that is: all unless there is an error.
	push() (samples, room int, err error)
	forget()

	// fill adds the oldest samples to the slot's request until it is full. An error says
	// why nothing could be read.
	fill(s *slot) error
	// cut is called before a request is sent for the first time.
	cut() error
	// ack forgets a request of n samples and returns the room it took.
	ack(n int) (room int)
	// idle is called when there is nothing to send. An error says why that could not be
	// written down.
	idle() error
	// drained tells whether all samples are in requests.
	drained() bool
}

func newSlot(x *remoteWriter, index int, pace *pace, b backlog) *slot {
	return &slot{x: x, index: index, wake: make(chan struct{}, 1), number: x.requests.Add(1), pace: pace, front: noSample, backlog: b}
}

// pushed counts samples that the backlog took.
func (s *slot) pushed(samples int) {
	s.x.telemetry.pending.Add(int64(samples))
	s.oldest.CompareAndSwap(0, s.x.clock())
	s.poke()
}

// poke makes form look again.
func (s *slot) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run forms and delivers requests until there is nothing left and nothing can come,
// or ctx ends.
func (s *slot) run(ctx context.Context) {
	for s.form(ctx) && s.pace.wait(ctx, s) && s.begin(ctx) && s.deliver(ctx) {
		s.done()
	}
}

// form waits until a request is due: full, or its oldest sample old enough, or calls
// wait for its room. It is false at the end.
func (s *slot) form(ctx context.Context) bool {
	for {
		fault := errors.Join(s.fill(s), s.look())
		ending := s.earlier || isClosed(s.x.drain)
		switch {
		case len(s.request) > 0 && (s.full || ending || s.rest() <= 0 || s.x.room.crowded()):
			return true
		case ending && len(s.request) == 0 && s.drained():
			return false
		case !s.wait(ctx, fault != nil):
			return false
		}
	}
}

// requests is the room for requests that no slot needs now.
var requests = sync.Pool{New: func() any { return new([]sample) }}

// lend gives the room of the request, which is empty, to slots that have one.
func (s *slot) lend() {
	if room := s.request[:0]; cap(room) > 0 {
		s.request = nil
		requests.Put(&room)
	}
}

// makeRoom doubles the room of the request where it is full, but not beyond max_size.
func (s *slot) makeRoom() {
	if s.request == nil {
		s.request = *requests.Get().(*[]sample)
	}
	if n := len(s.request); n == cap(s.request) && n < s.x.cfg.Batch.MaxSize {
		s.request = append(make([]sample, 0, min(max(64, 2*n), s.x.cfg.Batch.MaxSize)), s.request...)
	}
}

// look notes what the slot will send next.
func (s *slot) look() error {
	if len(s.request) == 0 {
		s.oldest.Store(0)
		s.lend()
		s.pace.leave(s)
		return s.idle()
	}
	s.oldest.Store(nonzero(s.request[0].at))
	s.pace.enter(s)
	return nil
}

// rest is how long the request may still wait for more samples.
func (s *slot) rest() time.Duration {
	return time.Duration(s.request[0].at-s.x.clock()) + s.x.cfg.Batch.FlushTimeout
}

// wait returns when form should look again. A slot that has nothing waits without a
// timer, unless its disk fails. It is false when ctx ended.
func (s *slot) wait(ctx context.Context, failing bool) bool {
	var due <-chan time.Time
	if again := s.again(failing); again < never {
		timer := time.NewTimer(again)
		defer timer.Stop()
		due = timer.C
	}
	drain := s.x.drain
	if isClosed(drain) {
		drain = nil
	}
	select {
	case <-s.wake:
	case <-due:
	case <-drain:
	case <-ctx.Done():
		return false
	}
	return true
}

const (
	// diskAgain is when a disk is tried again that failed.
	diskAgain = time.Second
	never     = time.Duration(math.MaxInt64)
)

// again is how long form may wait before it looks again although nothing came.
func (s *slot) again(failing bool) time.Duration {
	again := never
	if failing {
		again = diskAgain
	}
	if len(s.request) > 0 {
		again = min(again, s.rest())
	}
	return again
}

// add puts a sample into the request. It is false, and the request full, when its
// series is there already, or the request is another tenant's. A request that is
// exactly one of before takes all it had.
func (s *slot) add(next *sample, exactly bool) bool {
	if !exactly && (next.series.State.cut == s.number || !s.isFor(next.series.Entity)) {
		s.full = true
		return false
	}
	next.series.State.cut = s.number
	s.makeRoom()
	s.request = append(s.request, *next)
	s.full = len(s.request) >= s.x.cfg.Batch.MaxSize && !exactly
	return true
}

// isFor tells whether the request is of the entity's tenant. Neighbours mostly share
// the entity.
func (s *slot) isFor(entity *series.Set) bool {
	n := len(s.request)
	if n == 0 {
		return true
	}
	last := s.request[n-1].series.Entity
	return last == entity || last.Tenant() == entity.Tenant()
}

// begin notes the request where it survives the process. It is false when ctx ended.
func (s *slot) begin(ctx context.Context) bool {
	for s.cut() != nil {
		if !s.sleep(ctx, diskAgain, isClosed(s.x.drain)) || ctx.Err() != nil {
			return false
		}
	}
	return true
}

// done gives the room of the request back and begins the next one.
func (s *slot) done() {
	n := len(s.request)
	clear(s.request)
	s.request = s.request[:0]
	s.full = false
	s.number = s.x.requests.Add(1)
	room := s.ack(n)
	if s.earlier {
		s.x.room.release(-1, room)
	} else {
		s.x.room.release(s.index, room)
	}
	s.x.telemetry.pending.Add(-int64(n))
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// nonzero moves a time out of the way of the value that means none.
func nonzero(at int64) int64 {
	if at == 0 {
		return 1
	}
	return at
}
