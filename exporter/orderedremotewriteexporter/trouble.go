package orderedremotewriteexporter

import (
	"fmt"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"
)

// trouble tells log and status once when the disk begins to fail and once when it
// works again.
type trouble struct {
	x   *remoteWriter
	bad atomic.Bool
	mu  sync.Mutex // so that what is told last is true
}

func (t *trouble) report(err error) {
	t.x.telemetry.diskFailed()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bad.Swap(true) {
		return
	}
	t.x.set.Logger.Error("the disk fails; calls are refused and data waits until it works again", zap.Error(err))
	t.x.health.begin(diskFails, fmt.Errorf("wal: %w", err))
}

func (t *trouble) over() {
	if !t.bad.Load() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.bad.Swap(false) {
		return
	}
	t.x.set.Logger.Info("the disk works again")
	t.x.health.end(diskFails)
}
