package cardinalityprocessor

import (
	"context"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/lease"
	"weir.example/internal/seglog"
	"weir.example/processor/cardinalityprocessor/internal/aggregate"
)

// pipeline is the processor as one metrics pipeline has it. It is safe for concurrent use.
type pipeline struct {
	*member
	next consumer.Metrics
}

// ConsumeMetrics returns nil when the next consumer took what passes and the state has what merges. After an error the
// caller may repeat the call: what of it had its effect is recognised.
func (p *pipeline) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	c := p.core
	batch, rest, err := c.take(ctx, md)
	if err != nil {
		return err
	}
	// Outside the lock: it may block, and points that merge need not wait for it.
	if err := rest.pass(ctx, md, p.next); err != nil {
		c.giveUp(batch)
		return err
	}
	return c.absorb(ctx, batch)
}

// take walks over a call: what passes remains in md, what merges is in the batch, which is nil if there is none, and
// what it leaves behind is spent.
func (c *core) take(ctx context.Context, md pmetric.Metrics) (*aggregate.Batch, spent, error) {
	var t tally
	c.mu.Lock()
	c.owned = seglog.Position{}
	c.walker.lent = lease.Lent(ctx, md)
	batch, err := c.walker.walk(md, &t)
	owned, rest := c.owned, c.walker.editor.spent
	c.walker.editor.spent = spent{}
	c.mu.Unlock()
	c.report.add(ctx, &t)
	if err == nil && c.forces() {
		// Who owns what must be known for as long as what passes because of it.
		err = c.force(owned)
	}
	if err != nil {
		c.giveUp(batch)
	}
	return batch, rest, err
}

// absorb logs and applies a batch.
func (c *core) absorb(ctx context.Context, batch *aggregate.Batch) error {
	if batch == nil {
		return nil
	}
	c.mu.Lock()
	position, err := c.commit(aggregateKind, batch.Record(c.timestamp()))
	points := c.tally
	batch.Release()
	c.mu.Unlock()
	if err != nil {
		return err
	}
	c.report.merged(ctx, &points)
	if c.forces() {
		return c.force(position)
	}
	return nil
}

// giveUp forgets a batch.
func (c *core) giveUp(batch *aggregate.Batch) {
	if batch == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	batch.Release()
}

// forces tells whether a call waits for the disk.
func (c *core) forces() bool { return c.cfg.Aggregate.Fsync == seglog.SyncAlways }
