package orderedremotewriteexporter

import (
	"context"
	"math"
	"sync"
	"time"
)

// maxLead is how much newer than the oldest unsent sample of another slot a sample
// may be that is sent, in ms. Prometheus refuses what is an hour older than its newest.
const maxLead = int64(30 * time.Minute / time.Millisecond)

// pace keeps the slots of an era together while they work off a backlog.
type pace struct {
	mu      sync.Mutex // guards what follows, and front of the slots
	slots   []*slot
	waiting int
	changed chan struct{} // closed when slots may look again
}

func newPace() *pace { return &pace{changed: make(chan struct{})} }

func (p *pace) join(s *slot) { p.slots = append(p.slots, s) }

// noSample is the time of the oldest unsent sample where there is none.
const noSample = math.MaxInt64

// enter notes the oldest sample of the slot's request.
func (p *pace) enter(s *slot) {
	oldest := int64(noSample)
	for i := range s.request {
		oldest = min(oldest, s.request[i].ts)
	}
	p.set(s, oldest)
}

// leave notes that the slot has nothing to send.
func (p *pace) leave(s *slot) { p.set(s, noSample) }

func (p *pace) set(s *slot, oldest int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.front != oldest {
		s.front = oldest
		p.stir()
	}
}

// held notes that a slot holds its data, or does so no longer.
func (p *pace) held() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stir()
}

// stir lets those who wait look again.
func (p *pace) stir() {
	if p.waiting > 0 {
		close(p.changed)
		p.changed, p.waiting = make(chan struct{}), 0
	}
}

// wait returns once no slot is left too far behind. It is false when ctx ended.
func (p *pace) wait(ctx context.Context, s *slot) bool {
	newest := int64(math.MinInt64)
	for i := range s.request {
		newest = max(newest, s.request[i].ts)
	}
	for {
		p.mu.Lock()
		if !p.ahead(s, newest) {
			p.mu.Unlock()
			return true
		}
		p.waiting++
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// ahead tells whether newest is too new for another slot. The slot that is furthest
// behind is ahead of none.
func (p *pace) ahead(s *slot, newest int64) bool {
	last := s
	for _, other := range p.slots {
		if !other.held.Load() && other.front < last.front {
			last = other
		}
	}
	return last != s && newest > last.front+maxLead
}
