package cardinalityprocessor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"weir.example/internal/seglog"
	"weir.example/processor/cardinalityprocessor/internal/aggregate"
	"weir.example/processor/cardinalityprocessor/internal/keeper"
	"weir.example/processor/cardinalityprocessor/internal/rules"
	"weir.example/processor/cardinalityprocessor/internal/sanitize"
	"weir.example/processor/cardinalityprocessor/internal/supersede"
)

// core is what the pipelines of one component ID share: rules, state, and the tick. Lock order: mu, then those of the
// keeper, of health and of telemetry.
type core struct {
	cfg     *Config
	id      component.ID
	log     *zap.Logger
	report  *reporter
	health  health
	now     func() time.Time
	metrics bool                      // a metrics pipeline is among them: there is state
	next    consumer.Metrics          // of the one pipeline that may merge
	rename  *renamer                  // nil: the stage is off
	reader  *sanitize.Reader          // of values; it keeps what it learned when rules change
	set     *rules.Set                // in force at the start
	file    *rulesFile                // of rules; nil: they stand in the configuration
	inForce atomic.Pointer[rules.Set] // for traces and logs; the walker has those for metrics

	witness *witness // of label values; nil: they are not measured
	attic   *attic   // nil without storage

	mu        sync.Mutex // guards what follows, and that the log has its records in the order of Apply
	walker    *walker
	aggregate *aggregate.Aggregator
	owners    *supersede.Owners
	memo      *memo
	machines  map[uint8]keeper.Machine
	tally     aggregate.Tally // of the record that was applied last
	owned     seglog.Position // behind the last record of owners
	keeping   keeper.Options
	keeper    *keeper.Keeper // nil without storage; set once

	stop    context.CancelFunc
	running sync.WaitGroup
}

// The machines whose records the log holds.
const (
	aggregateKind uint8 = iota + 1
	ownersKind
	memoKind
)

func newCore(cfg *Config, set processor.Settings) (*core, error) {
	report, err := newReporter(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	c := &core{cfg: cfg, id: set.ID, log: set.Logger, report: report, now: time.Now, health: health{log: set.Logger}, reader: newReader()}
	if stage := cfg.Rename.Get(); stage != nil {
		if c.rename, err = newRenamer(stage); err != nil {
			return nil, err
		}
	}
	if c.set, c.file, err = cfg.firstRules(c.reader); err != nil {
		return nil, err
	}
	c.inForce.Store(c.set)
	c.witness = newWitness(&cfg.Learn)
	return c, nil
}

// start recovers the state and begins to tick, where there are metrics.
func (c *core) start(host component.Host) error {
	c.health.host = host
	if c.metrics {
		if err := c.open(host); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	if c.next != nil {
		c.running.Go(func() { c.runTicks(ctx) })
	}
	if c.keeper != nil {
		c.running.Go(func() { c.runSnapshots(ctx) })
	}
	if c.file != nil {
		c.running.Go(func() { c.watchRules(ctx) })
	}
	if c.witness != nil && c.metrics {
		c.running.Go(func() { c.runReports(ctx) })
	}
	if c.attic != nil {
		c.running.Go(func() { c.runAttic(ctx) })
	}
	return nil
}

// open makes everything that start needs, and leaves nothing open when it fails.
func (c *core) open(host component.Host) error {
	counted, err := c.recover(host)
	if err != nil {
		return err
	}
	if c.cfg.Storage != nil {
		if c.attic, err = openAttic(context.Background(), host, *c.cfg.Storage, c.id, c.log, c.learned()); err != nil {
			return errors.Join(err, c.close())
		}
	}
	c.walker = newWalker(walker{
		rename: c.rename, rules: c.set, aggregator: c.aggregate, owners: c.owners, now: c.now,
		function: c.cfg.Aggregate.function(), commit: c.commitOwners, witness: c.witness,
	})
	if err := c.begin(counted); err != nil {
		return errors.Join(fmt.Errorf("storage: %w", err), c.close())
	}
	if err := c.report.observe(c); err != nil {
		return errors.Join(err, c.close())
	}
	return nil
}

// begin notes under which rules this life begins.
func (c *core) begin(counted bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.adopt(c.set.Identity(), counted)
}

// recover brings the state to where the life before ended, and tells whether there was one.
func (c *core) recover(host component.Host) (counted bool, err error) {
	began := c.timestamp()
	if c.cfg.Storage == nil {
		c.reset(began)
		return false, nil
	}
	directory, err := stateDirectory(host, *c.cfg.Storage, c.id)
	if err != nil {
		return false, err
	}
	c.keeping.Dir, c.keeping.Lock, c.keeping.Sync = directory, &c.mu, c.cfg.Aggregate.Fsync
	opened, recovery, err := keeper.Open(c.keeping, func(lost bool) map[uint8]keeper.Machine {
		if lost {
			return c.reset(began)
		}
		return c.reset(0)
	})
	if err != nil {
		return false, fmt.Errorf("storage: the state in %q cannot be opened: %w", directory, err)
	}
	c.keeper = opened
	c.report.recovered(recovery)
	switch {
	case recovery.Lost:
		c.log.Warn("the state cannot be used; merged series begin anew, with a new start time",
			zap.String("directory", directory), zap.Strings("why", recovery.Notes))
		return true, c.noteLoss()
	case len(recovery.Notes) > 0:
		c.log.Warn("a part of the state was damaged and is not needed",
			zap.String("directory", directory), zap.Strings("what", recovery.Notes))
	}
	c.log.Info("state recovered", zap.Bool("fresh", recovery.Fresh), zap.Int("records", recovery.Records),
		zap.Duration("took", recovery.Took), zap.Int64("torn_bytes", recovery.Torn))
	return !recovery.Fresh, nil
}

// reset makes the state that is empty. Since epoch, if it is not 0, an earlier life may have counted anything.
func (c *core) reset(epoch pcommon.Timestamp) map[uint8]keeper.Machine {
	cfg := &c.cfg.Aggregate
	c.aggregate = aggregate.New(aggregate.Options{
		Epoch: epoch, BirthDelay: cfg.BirthDelay, TombstoneTTL: cfg.TombstoneTTL,
		MaxInputs: cfg.MaxInputs, MaxTombstones: cfg.MaxTombstones, Locker: &c.mu,
	})
	c.owners = supersede.New(supersede.DefaultMaxOutputs)
	c.memo = &memo{}
	c.machines = map[uint8]keeper.Machine{
		aggregateKind: aggregateMachine{c.aggregate, &c.tally}, ownersKind: c.owners, memoKind: c.memo,
	}
	return c.machines
}

// noteLoss logs a record without points, which carries the time of the loss. From then on the state counts as known.
func (c *core) noteLoss() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	batch := c.aggregate.Begin()
	defer batch.Release()
	if _, err := c.commit(aggregateKind, batch.Record(c.timestamp())); err != nil {
		return errors.Join(fmt.Errorf("storage: noting that the state was lost: %w", err), c.keeper.Close())
	}
	return nil
}

// commit logs a record and applies it; c.mu is held. When it cannot be logged, nothing happened.
func (c *core) commit(kind uint8, record []byte) (position seglog.Position, err error) {
	if c.keeper != nil {
		if len(record) > keeper.MaxRecord {
			// No fault of the disk, and never better when repeated.
			return position, consumererror.NewPermanent(fmt.Errorf(
				"one call takes %d bytes of the state log, at most %d are allowed: send smaller calls", len(record), keeper.MaxRecord))
		}
		if position, err = c.keeper.Append(kind, record); err != nil {
			c.health.begin(logFault, err)
			return position, fmt.Errorf("writing the state log: %w", err)
		}
		c.health.end(logFault)
	}
	return position, c.machines[kind].Apply(record)
}

// commitOwners is called by the walker.
func (c *core) commitOwners(record []byte) (err error) {
	c.owned, err = c.commit(ownersKind, record)
	return err
}

// force returns when what was logged up to position is on the disk.
func (c *core) force(position seglog.Position) error {
	if c.keeper == nil || position == (seglog.Position{}) {
		return nil
	}
	if err := c.keeper.Force(position); err != nil {
		c.health.begin(forceFault, err)
		return fmt.Errorf("forcing the state log to the disk: %w", err)
	}
	c.health.end(forceFault)
	return nil
}

func (c *core) timestamp() pcommon.Timestamp { return pcommon.NewTimestampFromTime(c.now()) }

// shutdown ends within closeLimit. What was computed and not accepted is sent by the next life.
func (c *core) shutdown(ctx context.Context) error {
	defer c.report.shutdown()
	if c.stop == nil {
		return nil
	}
	c.stop()
	done := make(chan error, 1)
	go func() {
		c.running.Wait()
		done <- c.close()
	}()
	ctx, cancel := context.WithTimeout(ctx, closeLimit)
	defer cancel()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errors.New("a consumer or a disk does not return; the state is safe in the log")
	}
}

// closeLimit leaves a little of the five seconds to those that shut down afterwards.
const closeLimit = 4 * time.Second

func (c *core) close() error {
	var faults []error
	if c.attic != nil {
		faults = append(faults, c.attic.client.Close(context.Background()))
	}
	if c.keeper != nil {
		faults = append(faults, c.keeper.Close())
	}
	return errors.Join(faults...)
}

// aggregateMachine keeps the tally of the record that was applied last.
type aggregateMachine struct {
	*aggregate.Aggregator
	tally *aggregate.Tally
}

// Apply implements keeper.Machine.
func (m aggregateMachine) Apply(record []byte) (err error) {
	*m.tally, err = m.Aggregator.Apply(record)
	return err
}
