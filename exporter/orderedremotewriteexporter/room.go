package orderedremotewriteexporter

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
)

var errShutdown = errors.New("exporter is shut down")

// demand is the room a call needs, by slot: samples in memory, or bytes of the log.
type demand []int

func (d demand) total() int {
	n := 0
	for _, part := range d {
		n += part
	}
	return n
}

// room admits calls, each whole or not at all and in the order in which they come:
// a small call does not overtake a large one that waits for the same room. Only a
// call that waits for a full slot is passed by calls that do not touch that slot.
type room struct {
	unit     string
	capacity int
	perSlot  int    // of capacity, at most
	crowd    func() // called when a call begins to wait

	mu      sync.Mutex
	used    int
	bySlot  []int
	closed  bool
	waiting []*waiter
}

type waiter struct {
	need    demand
	granted chan struct{} // closed once need is taken, or the room is closed
}

func newRoom(cfg *Config) *room {
	if !cfg.WAL.HasValue() {
		return &room{unit: "samples", capacity: cfg.QueueSamples, perSlot: math.MaxInt, bySlot: make([]int, cfg.Shards)}
	}
	r := &room{unit: "bytes", capacity: cfg.WAL.Get().bytes(), bySlot: make([]int, cfg.Shards)}
	if r.perSlot = r.capacity; cfg.Shards > 1 {
		r.perSlot /= 2
	}
	return r
}

// exchange gives held back, which may be nil, and takes need, if nobody waits who
// was here before. It is false when there is no such room now: held is back then.
func (r *room) exchange(held, need demand) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if held != nil {
		r.take(held, -1)
	}
	if need.total() == 0 {
		r.grant()
		return true
	}
	full, crowded := r.obstacles()
	ok := !r.closed && !crowded && r.fits(need) && !r.touches(full, need)
	if ok {
		r.take(need, 1)
	}
	r.grant()
	return ok
}

// wait takes need as soon as there is room, and waits for it as long as ctx lasts.
// An error means that nothing was taken; sending the same data again later may succeed.
func (r *room) wait(ctx context.Context, need demand) error {
	w := &waiter{need: slices.Clone(need), granted: make(chan struct{})}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return errShutdown
	}
	r.waiting = append(r.waiting, w)
	r.grant()
	r.mu.Unlock()
	r.crowd()

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
	if slices.Contains(r.waiting, w) {
		return errShutdown
	}
	return nil
}

func (r *room) giveUp(ctx context.Context, w *waiter) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.Index(r.waiting, w)
	if i < 0 {
		return nil // granted at the same moment
	}
	r.waiting = slices.Delete(r.waiting, i, i+1)
	r.grant()
	return fmt.Errorf("queue is full: no room for %d %s, %d of %d taken: %w",
		w.need.total(), r.unit, r.used, r.capacity, context.Cause(ctx))
}

// release gives room of a slot back; a negative slot is one of an earlier generation.
func (r *room) release(slot, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.occupy(slot, -n)
	r.grant()
}

// reoccupy takes room for what an earlier life left, whether there is any or not.
func (r *room) reoccupy(slot, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.occupy(slot, n)
}

func (r *room) occupy(slot, n int) {
	r.used += n
	if slot >= 0 {
		r.bySlot[slot] += n
	}
}

func (r *room) take(d demand, sign int) {
	for slot, n := range d {
		r.occupy(slot, sign*n)
	}
}

// grant lets in who waits, from the front, as far as room goes.
func (r *room) grant() {
	if r.closed {
		return
	}
	var full []int
	for i := 0; i < len(r.waiting); {
		w := r.waiting[i]
		if !r.fitsTotal(w.need) {
			return
		}
		if lacking := r.lacking(w.need); len(lacking) > 0 || r.touches(full, w.need) {
			full = append(full, lacking...)
			i++
			continue
		}
		r.take(w.need, 1)
		r.waiting = slices.Delete(r.waiting, i, i+1)
		close(w.granted)
	}
}

// obstacles returns the slots that waiting calls wait for, and whether one of them
// waits for the room as a whole.
func (r *room) obstacles() (full []int, crowded bool) {
	for _, w := range r.waiting {
		if !r.fitsTotal(w.need) {
			return full, true
		}
		full = append(full, r.lacking(w.need)...)
	}
	return full, false
}

func (r *room) fits(need demand) bool { return r.fitsTotal(need) && len(r.lacking(need)) == 0 }

// fitsTotal lets a call that is larger than all room in when there is nothing else.
func (r *room) fitsTotal(need demand) bool {
	return r.used == 0 || need.total() <= r.capacity-r.used
}

// lacking returns the slots without room for their part of need. One that is empty
// takes a part of any size.
func (r *room) lacking(need demand) []int {
	var slots []int
	for slot, n := range need {
		if n > 0 && r.bySlot[slot] > 0 && n > r.perSlot-r.bySlot[slot] {
			slots = append(slots, slot)
		}
	}
	return slots
}

func (*room) touches(slots []int, need demand) bool {
	return slices.ContainsFunc(slots, func(slot int) bool { return need[slot] > 0 })
}

// candidates returns the slots whose data stands in the way of need, the fullest
// first; none when need fits.
func (r *room) candidates(need demand) []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	slots := r.lacking(need)
	if len(slots) == 0 && !r.fitsTotal(need) {
		for slot := range r.bySlot {
			slots = append(slots, slot)
		}
	}
	slices.SortFunc(slots, func(a, b int) int { return r.bySlot[b] - r.bySlot[a] })
	return slots
}

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

// crowded tells whether calls wait for room.
func (r *room) crowded() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting) > 0
}

// taken returns how much room is in use.
func (r *room) taken() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used
}
