package orderedremotewriteexporter

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

var errShutdown = errors.New("exporter is shut down")

// room admits calls to the queue, in the order in which they come: a small call
// does not overtake a large one that waits. A call takes all it needs at once.
type room struct {
	capacity int

	mu      sync.Mutex
	used    int
	closed  bool
	waiting []*waiter
}

type waiter struct {
	n       int
	granted chan struct{} // closed once n is taken, or the room is closed
}

// acquire takes n samples of room, waiting as long as ctx lasts. A call larger
// than the whole room is let in when the room is empty. An error means that
// nothing was taken; sending the same data again later may succeed.
func (r *room) acquire(ctx context.Context, n int) error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return errShutdown
	}
	if len(r.waiting) == 0 && r.fits(n) {
		r.used += n
		r.mu.Unlock()
		return nil
	}
	w := &waiter{n: n, granted: make(chan struct{})}
	r.waiting = append(r.waiting, w)
	r.mu.Unlock()

	select {
	case <-w.granted:
		return r.outcome(w)
	case <-ctx.Done():
		return r.giveUp(ctx, w)
	}
}

// outcome tells a grant from a closed room: who still waits got nothing.
func (r *room) outcome(w *waiter) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, other := range r.waiting {
		if other == w {
			return errShutdown
		}
	}
	return nil
}

func (r *room) giveUp(ctx context.Context, w *waiter) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, other := range r.waiting {
		if other == w {
			r.waiting = append(r.waiting[:i], r.waiting[i+1:]...)
			r.grant()
			return fmt.Errorf("queue is full: no room for %d samples, %d of %d taken: %w", w.n, r.used, r.capacity, context.Cause(ctx))
		}
	}
	return nil // granted at the same moment
}

// release gives n samples of room back.
func (r *room) release(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= n
	r.grant()
}

// grant lets in who waits, from the front, as far as room goes.
func (r *room) grant() {
	for !r.closed && len(r.waiting) > 0 && r.fits(r.waiting[0].n) {
		w := r.waiting[0]
		r.waiting = r.waiting[1:]
		r.used += w.n
		close(w.granted)
	}
}

func (r *room) fits(n int) bool { return r.used == 0 || n <= r.capacity-r.used }

// close refuses every call that waits or comes later.
func (r *room) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	for _, w := range r.waiting {
		close(w.granted)
	}
}

// taken returns how much room is in use.
func (r *room) taken() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used
}
