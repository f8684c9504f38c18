package orderedremotewriteexporter

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.uber.org/zap"

	"weir.example/internal/seglog"
	"weir.example/internal/series"
)

const (
	// generation is the unit in which the age of series is kept.
	generation = 10 * time.Minute
	// idleGenerations is how long a series is remembered after its last sample.
	idleGenerations = 12
	// flushLimit is how long Shutdown tries to deliver what is queued. It leaves half a
	// second of the five to close the logs.
	flushLimit = 4500 * time.Millisecond
)

// remoteWriter is the exporter.
type remoteWriter struct {
	cfg       *Config
	set       exporter.Settings
	telemetry *telemetry
	health    health
	notes     *notes
	born      time.Time
	room      *room
	slots     []*slot
	requests  atomic.Uint32 // numbers given

	mu         sync.Mutex // guards what follows; order of calls
	in         *intake
	need       demand // of the current call
	generation series.Generation
	earlier    []*era // with data still to be sent; changed under mu by runWAL alone
	closed     bool

	// With wal:
	disk    seglog.Disk
	boot    uint32
	fsync   seglog.Sync
	forces  bool  // each call, before it returns
	segment int64 // bytes from which a segment is closed
	trouble trouble
	reserve reserve // guarded by mu

	stop    context.CancelFunc // nil until started
	drain   chan struct{}      // closed when Shutdown begins
	running sync.WaitGroup
	client  *client
	formats *formats
}

func newExporter(set exporter.Settings, cfg *Config) (*remoteWriter, error) {
	x := &remoteWriter{
		cfg:     cfg,
		set:     set,
		born:    time.Now(),
		room:    newRoom(cfg),
		in:      newIntake(cfg),
		need:    make(demand, cfg.Shards),
		drain:   make(chan struct{}),
		formats: newFormats(cfg),
		disk:    seglog.OS{},
		boot:    bootID(),
	}
	x.notes = newNotes(set.Logger, &x.health, cfg.OnError.FailAction)
	x.trouble.x = x
	x.room.crowd = x.poke
	if cfg.WAL.HasValue() {
		x.fsync = seglog.Sync(cfg.WAL.Get().Fsync)
		x.forces = x.fsync == seglog.SyncAlways
		// Small enough that what is delivered and not yet removed stays below 1/16.
		x.reserve.block = 4 << 10
		x.segment = min(max(int64(cfg.WAL.Get().bytes()/16/cfg.Shards), 64<<10), 16<<20)
	} else {
		x.slots = memorySlots(x)
	}
	x.in.onDescribed = x.described
	x.in.onConflict, x.in.onUnsupported, x.in.onRefused = x.notes.conflict, x.notes.unsupported, x.notes.refusedTenant
	var err error
	if x.telemetry, err = newTelemetry(set.TelemetrySettings); err != nil {
		return nil, err
	}
	return x, x.telemetry.observe(x)
}

func memorySlots(x *remoteWriter) []*slot {
	steps := newPace()
	slots := make([]*slot, x.cfg.Shards)
	for i := range slots {
		slots[i] = newSlot(x, i, steps, &queue{})
		steps.join(slots[i])
	}
	return slots
}

// poke makes slots look again: calls wait for room.
func (x *remoteWriter) poke() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range x.slots {
		s.poke()
	}
}

// Capabilities implements consumer.Metrics.
func (*remoteWriter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Start connects the slots to the store.
func (x *remoteWriter) Start(ctx context.Context, host component.Host) error {
	var err error
	if x.client, err = newClient(ctx, x.cfg, host, x.set); err != nil {
		return fmt.Errorf("http: %w", err)
	}
	x.health.host = host
	if x.cfg.WAL.HasValue() {
		if err := x.openWAL(); err != nil {
			return err
		}
	}
	running, stop := context.WithCancel(context.Background())
	x.stop = stop
	x.running.Go(func() { x.send(running) })
	return nil
}

// send sends what earlier eras of the log left, one after the other, and then lets the
// slots of this one begin.
func (x *remoteWriter) send(ctx context.Context) {
	for _, e := range x.earlier {
		if runSlots(ctx, e.slots); !e.sent() {
			return // ctx ended
		}
		x.leaveEra(e)
	}
	runSlots(ctx, x.slots)
}

func runSlots(ctx context.Context, slots []*slot) {
	var sending sync.WaitGroup
	for _, s := range slots {
		sending.Go(func() { s.run(ctx) })
	}
	sending.Wait()
}

// clock returns ns since the exporter was made; it never jumps. It is above 0.
func (x *remoteWriter) clock() int64 { return int64(time.Since(x.born)) + 1 }

// Shutdown delivers what is queued for as long as ctx, but less than five seconds.
// What is left then stays in the log. Without wal it is counted and named.
func (x *remoteWriter) Shutdown(ctx context.Context) error {
	x.room.close()
	x.mu.Lock()
	was := x.closed
	x.closed = true
	x.mu.Unlock()
	if was {
		return nil
	}
	var err error
	if x.stop != nil {
		x.flush(ctx)
		err = x.leave()
	}
	x.telemetry.shutdown()
	return err
}

func (x *remoteWriter) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, flushLimit)
	defer cancel()
	flushed := make(chan struct{})
	go func() {
		defer close(flushed)
		x.running.Wait()
	}()
	close(x.drain)
	select {
	case <-flushed:
	case <-ctx.Done():
	}
	x.stop()
	<-flushed
	x.client.close()
}

// leave closes the logs, or counts what is lost with the memory.
func (x *remoteWriter) leave() error {
	if x.cfg.WAL.HasValue() {
		return x.closeWAL()
	}
	if left := int(x.telemetry.pending.Load()); left > 0 {
		x.lost(atShutdown, left)
		x.set.Logger.Warn("samples dropped at shutdown: the store did not take them in time", zap.Int("samples", left))
	}
	return nil
}

// lost counts samples that were taken in and will not be sent.
func (x *remoteWriter) lost(why reason, n int) {
	x.telemetry.dropped(why, n)
	x.telemetry.pending.Add(-int64(n))
}
