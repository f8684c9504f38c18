package cardinalityprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"weir.example/internal/lease"
	"weir.example/internal/seglog"
)

const (
	// A tick that was not accepted is sent again after firstPause, then after twice as long, up to longestPause.
	firstPause   = 100 * time.Millisecond
	longestPause = 10 * time.Second
	// patience is how long a tick may be refused before that is a fault.
	patience = time.Minute
	// pointsPerSend bounds what one call of the next consumer is given.
	pointsPerSend = 10_000
)

// runTicks sends the outputs at every multiple of the interval, one tick after the other, until ctx ends. A tick that
// an earlier life computed and may not have sent comes first.
func (c *core) runTicks(ctx context.Context) {
	for ctx.Err() == nil {
		if c.pending() {
			c.deliver(ctx)
			continue
		}
		interval := c.cfg.Aggregate.Interval
		now := c.now()
		if !pause(ctx, floor(now, interval).Add(interval).Sub(now)) {
			return
		}
		c.tick(floor(c.now(), interval))
	}
}

// floor is the last multiple of interval since the epoch that is not after t.
func floor(t time.Time, interval time.Duration) time.Time {
	return t.Add(-time.Duration(t.UnixNano() % int64(interval)))
}

// pause waits and tells whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (c *core) pending() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.aggregate.Pending()
}

// tick computes what the outputs are at a time, if that is after the tick before.
func (c *core) tick(at time.Time) {
	began := time.Now()
	c.mu.Lock()
	record, due := c.aggregate.Tick(pcommon.NewTimestampFromTime(at))
	if !due {
		c.mu.Unlock()
		return
	}
	position, err := c.commit(aggregateKind, record)
	events := c.tally
	c.mu.Unlock()
	if err != nil {
		return // a tick that was not logged did not happen; the next one has its increase
	}
	// What is sent must be known after power was lost, else an output could fall. A failure shows in health, and is
	// made good by a snapshot.
	if c.cfg.Aggregate.Fsync != seglog.SyncNever {
		_ = c.force(position)
	}
	c.report.merged(context.Background(), &events)
	c.report.ticked(time.Since(began))
}

// deliver sends the tick that was computed until the next consumer took all of it. Points go on being absorbed.
func (c *core) deliver(ctx context.Context) {
	began := time.Now()
	for wait := firstPause; ; wait = min(2*wait, longestPause) {
		err := c.sendTick(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return
		}
		c.report.sendFailed()
		if time.Since(began) > patience {
			c.health.begin(sendFault, err)
		}
		if !pause(ctx, wait) {
			return
		}
	}
	c.health.end(sendFault)
	for c.settle() != nil {
		if !pause(ctx, firstPause) {
			return
		}
	}
}

// sendTick sends what the last tick computed, from its first point on.
func (c *core) sendTick(ctx context.Context) error {
	return c.aggregate.Render(pointsPerSend, func(md pmetric.Metrics) error { return c.send(ctx, md) })
}

// send hands points on, and keeps the message for the next tick if it comes back. What will never be accepted is given
// up: the next tick has the same totals.
func (c *core) send(ctx context.Context, md pmetric.Metrics) error {
	points := md.DataPointCount()
	ctx, loan := lease.New(ctx, md)
	err := c.next.ConsumeMetrics(ctx, md)
	if err == nil && loan.Returned() {
		c.aggregate.Reuse(md)
	}
	if err != nil && consumererror.IsPermanent(err) {
		c.log.Error("points of a tick are given up", zap.Int("points", points), zap.Error(err))
		c.report.refused(points)
		return nil
	}
	return err
}

// settle notes that the tick was sent.
func (c *core) settle() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.commit(aggregateKind, c.aggregate.Done())
	return err
}

// snapshotCheck is how often the log's size is looked at.
const snapshotCheck = 5 * time.Second

// runSnapshots saves the state now and then, so that the log stays short.
func (c *core) runSnapshots(ctx context.Context) {
	for pause(ctx, snapshotCheck) {
		if err := c.keeper.Snapshot(); err != nil && ctx.Err() == nil {
			c.health.begin(snapshotFault, err)
		} else {
			c.health.end(snapshotFault)
		}
	}
}
