package flinkprometheusreceiver

import (
	"runtime/debug"
	"sync"
	"time"
)

// reclaimFrom is how many series must have been learned for their garbage to be worth a collection of its own.
const reclaimFrom = 10_000

// reclaimer gives back to the system what learning leaves behind. To learn a series costs several times the memory of
// knowing it; afterwards so little garbage is made that the runtime may hold the peak for minutes.
type reclaimer struct {
	quiet time.Duration // how long nothing must have been learned
	free  func()

	mu      sync.Mutex
	learned int
	timer   *time.Timer
}

func newReclaimer(quiet time.Duration) *reclaimer {
	return &reclaimer{quiet: quiet, free: debug.FreeOSMemory}
}

// note takes note of series that were learned.
func (r *reclaimer) note(series int) {
	if series == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.learned += series
	switch {
	case r.learned < reclaimFrom:
	case r.timer == nil:
		r.timer = time.AfterFunc(r.quiet, r.reclaim)
	default:
		r.timer.Reset(r.quiet)
	}
}

func (r *reclaimer) reclaim() {
	r.mu.Lock()
	r.learned = 0
	r.mu.Unlock()
	r.free()
}

// stop ends it; nothing must be noted any more.
func (r *reclaimer) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.timer != nil {
		r.timer.Stop()
	}
}
