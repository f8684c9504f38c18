package orderedremotewriteexporter

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// slot is one FIFO with one request in flight. A series stays in its slot for
// life, so requests of one slot in turn mean samples of one series in order.
type slot struct {
	x    *remoteWriter
	wake chan struct{} // holds a token when something was pushed

	mu    sync.Mutex
	queue queue

	oldest atomic.Int64 // arrival of request[0], 0 if there is none

	// Owned by run: the request being formed or sent.
	request []sample
	number  uint32 // of that request, from 1
	full    bool   // nothing can be added
	held    bool   // on_error says fail: tried once a minute
	packer  packer

	// repeated says that the store may have the request already, from before an
	// unclean stop.
	repeated bool
}

func newSlot(x *remoteWriter) *slot {
	return &slot{x: x, wake: make(chan struct{}, 1), number: 1}
}

// push appends samples; it copies them.
func (s *slot) push(samples []sample) {
	s.mu.Lock()
	s.queue.push(samples)
	s.mu.Unlock()
	s.x.telemetry.pending.Add(int64(len(samples)))
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run forms and delivers requests until the exporter drains and nothing is
// left, or ctx ends.
func (s *slot) run(ctx context.Context) {
	for s.form(ctx) && s.deliver(ctx) {
		s.done()
	}
}

// form waits until a request is due: full, or its oldest sample old enough. It
// is false at the end.
func (s *slot) form(ctx context.Context) bool {
	for {
		s.fill()
		draining := isClosed(s.x.drain)
		switch {
		case s.full, len(s.request) > 0 && (draining || s.rest() <= 0):
			return true
		case draining, !s.wait(ctx):
			return false
		}
	}
}

// rest is how long the request may still wait for more samples.
func (s *slot) rest() time.Duration {
	return time.Duration(s.request[0].at-s.x.clock()) + s.x.cfg.Batch.FlushTimeout
}

// wait returns when form should look again. It is false when ctx ended.
func (s *slot) wait(ctx context.Context) bool {
	var due <-chan time.Time
	if len(s.request) > 0 {
		timer := time.NewTimer(s.rest())
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-s.wake:
	case <-due:
	case <-s.x.drain:
	case <-ctx.Done():
		return false
	}
	return true
}

// fill moves samples from the queue into the request, up to its largest size
// and up to the second sample of any series.
func (s *slot) fill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.queue.size > 0 && !s.full {
		next := s.queue.front()
		if next.series.State.cut == s.number {
			s.full = true
			break
		}
		next.series.State.cut = s.number
		s.request = append(s.request, *next)
		s.queue.pop()
		s.full = len(s.request) == s.x.cfg.Batch.MaxSize
	}
	if len(s.request) > 0 {
		s.oldest.Store(s.request[0].at)
	}
}

// done gives the room of the request back and begins the next one.
func (s *slot) done() {
	n := len(s.request)
	clear(s.request)
	s.request = s.request[:0]
	s.full = false
	s.number++
	s.oldest.Store(0)
	s.x.telemetry.pending.Add(-int64(n))
	s.x.room.release(n)
}

// abandon empties the slot after run ended and returns how many samples it held.
func (s *slot) abandon() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.request) + s.queue.size
	s.queue, s.request = queue{}, nil
	s.oldest.Store(0)
	s.x.telemetry.pending.Add(-int64(n))
	s.x.room.release(n)
	return n
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
