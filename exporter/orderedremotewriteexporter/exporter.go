package orderedremotewriteexporter

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"weir.example/internal/series"
)

const (
	// generation is the unit in which the age of series is kept.
	generation = 10 * time.Minute
	// idleGenerations is how long a series is remembered after its last sample.
	idleGenerations = 12
	// flushLimit is how long Shutdown tries to deliver what is queued.
	flushLimit = 5 * time.Second
)

// remoteWriter is the exporter.
type remoteWriter struct {
	cfg       *Config
	set       exporter.Settings
	telemetry *telemetry
	notes     *notes
	born      time.Time
	room      room
	slots     []*slot

	mu         sync.Mutex // guards in, generation and closed; order of calls
	in         *intake
	generation series.Generation
	closed     bool

	stop    context.CancelFunc // nil until started
	drain   chan struct{}      // closed when Shutdown begins
	running sync.WaitGroup
	client  *client
	formats *formats
}

func newExporter(set exporter.Settings, cfg *Config) (*remoteWriter, error) {
	x := &remoteWriter{
		cfg:   cfg,
		set:   set,
		notes: newNotes(set.Logger, cfg.OnError.FailAction),
		born:  time.Now(),
		room:  room{capacity: cfg.QueueSamples},
		drain: make(chan struct{}),

		formats: newFormats(cfg),
	}
	var err error
	if x.telemetry, err = newTelemetry(set.TelemetrySettings); err != nil {
		return nil, err
	}
	for range cfg.Shards {
		x.slots = append(x.slots, newSlot(x))
	}
	x.in = newIntake(cfg)
	x.in.onConflict, x.in.onUnsupported = x.notes.conflict, x.notes.unsupported
	return x, x.telemetry.observe(x)
}

// Capabilities implements consumer.Metrics.
func (*remoteWriter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Start connects the slots to the store.
func (x *remoteWriter) Start(ctx context.Context, host component.Host) error {
	var err error
	if x.client, err = newClient(ctx, x.cfg, host, x.set); err != nil {
		return fmt.Errorf("http: %w", err)
	}
	x.notes.host = host
	running, stop := context.WithCancel(context.Background())
	x.stop = stop
	for _, s := range x.slots {
		x.running.Go(func() { s.run(running) })
	}
	return nil
}

// ConsumeMetrics takes all samples of md into the queue, or none. It blocks
// until there is room or ctx ends; that error is retryable.
func (x *remoteWriter) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	reserved := countSamples(md)
	if reserved == 0 {
		return nil
	}
	if x.cfg.TargetInfo {
		reserved += md.ResourceMetrics().Len() // at most one target each
	}
	if err := x.room.acquire(ctx, reserved); err != nil {
		return err
	}
	taken, err := x.take(md)
	x.room.release(reserved - taken)
	return err
}

func (x *remoteWriter) take(md pmetric.Metrics) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return 0, errShutdown
	}
	if g := series.Generation(time.Since(x.born) / generation); g != x.generation {
		x.generation = g
		x.in.sweep(g)
	}
	x.in.now = x.clock()
	x.in.walk(md)
	x.telemetry.taken(x.in)
	return x.in.commit(x.slots), nil
}

// clock returns ns since the exporter was made; it never jumps. It is above 0.
func (x *remoteWriter) clock() int64 { return int64(time.Since(x.born)) + 1 }

// Shutdown delivers what is queued for as long as ctx, but at most five
// seconds. What is left then is counted and named.
func (x *remoteWriter) Shutdown(ctx context.Context) error {
	x.room.close()
	x.mu.Lock()
	was := x.closed
	x.closed = true
	x.mu.Unlock()
	if was {
		return nil
	}
	if x.stop != nil {
		x.flush(ctx)
	}
	x.telemetry.shutdown()
	return nil
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
	lost := 0
	for _, s := range x.slots {
		lost += s.abandon()
	}
	if lost > 0 {
		x.telemetry.dropped(atShutdown, lost)
		x.set.Logger.Warn("samples dropped at shutdown: the store did not take them in time", zap.Int("samples", lost))
	}
}
