package orderedremotewriteexporter

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"weir.example/exporter/orderedremotewriteexporter/internal/metadata"
)

// telemetry counts so that samples in = samples out + dropped + pending.
type telemetry struct {
	builder *metadata.TelemetryBuilder
	reasons [reasons]metric.MeasurementOption
	pending atomic.Int64 // samples
	newest  atomic.Int64 // ms since the epoch, delivered
}

func newTelemetry(set component.TelemetrySettings) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	t := &telemetry{builder: builder}
	for r := range reasons {
		t.reasons[r] = metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", r.String())))
	}
	return t, nil
}

// taken counts what a call brought, and clears the counts of the intake.
func (t *telemetry) taken(in *intake) {
	t.builder.ExporterOrderedremotewriteNumSamplesIn.Add(context.Background(), int64(in.offered))
	for r, n := range in.dropped {
		if n > 0 {
			t.dropped(reason(r), n)
		}
	}
	for r, n := range in.exemplarsDropped {
		t.exemplarsDropped(reason(r), n)
	}
	in.offered, in.dropped, in.exemplarsDropped = 0, [reasons]int{}, [reasons]int{}
}

func (t *telemetry) dropped(r reason, n int) {
	t.builder.ExporterOrderedremotewriteNumSamplesDropped.Add(context.Background(), int64(n), t.reasons[r])
}

func (t *telemetry) exemplarsDropped(r reason, n int) {
	if n > 0 {
		t.builder.ExporterOrderedremotewriteNumExemplarsDropped.Add(context.Background(), int64(n), t.reasons[r])
	}
}

// attempted measures one request, answered or not.
func (t *telemetry) attempted(d time.Duration) {
	t.builder.ExporterOrderedremotewriteRequestDuration.Record(context.Background(), d.Seconds())
}

func (t *telemetry) retried() {
	t.builder.ExporterOrderedremotewriteNumWriteRequestsRetries.Add(context.Background(), 1)
}

// delivered counts a request that the store took, at least in part.
func (t *telemetry) delivered(sent tally, bytes int) {
	ctx := context.Background()
	t.builder.ExporterOrderedremotewriteNumWriteRequestsOut.Add(ctx, 1)
	t.builder.ExporterOrderedremotewriteBytesSent.Add(ctx, int64(bytes))
	for was := t.newest.Load(); sent.newest > was; was = t.newest.Load() {
		if t.newest.CompareAndSwap(was, sent.newest) {
			return
		}
	}
}

// wrote counts what the store wrote of a request; the rest is dropped.
func (t *telemetry) wrote(got, rest tally, why reason) {
	ctx := context.Background()
	t.builder.ExporterOrderedremotewriteNumSamplesOut.Add(ctx, int64(got.size()))
	t.builder.ExporterOrderedremotewriteNumExemplarsOut.Add(ctx, int64(got.exemplars))
	if n := rest.size(); n > 0 {
		t.dropped(why, n)
	}
	t.exemplarsDropped(why, rest.exemplars)
}

// bare counts series of a request sent without metadata that they have.
func (t *telemetry) bare(samples int) {
	t.builder.ExporterOrderedremotewriteNumMetadataDropped.Add(context.Background(), int64(samples))
}

func (t *telemetry) fellBack() {
	t.builder.ExporterOrderedremotewriteNumFallbacks.Add(context.Background(), 1)
}

// gaveUp counts a request that is not sent again, without its samples.
func (t *telemetry) gaveUp(why reason, samples int) {
	ctx := context.Background()
	t.builder.ExporterOrderedremotewriteNumWriteRequestsPermanentlyFailed.Add(ctx, 1)
	switch why {
	case nonRetryable:
		t.builder.ExporterOrderedremotewriteNumSamplesNonRetryableDropped.Add(ctx, int64(samples))
	case retriesExceeded:
		t.builder.ExporterOrderedremotewriteNumSamplesRetryLimitDropped.Add(ctx, int64(samples))
	}
}

// observe registers what is read off the exporter when it is asked for.
func (t *telemetry) observe(x *remoteWriter) error {
	ints := func(register func(metric.Int64Callback) error, value func() int) error {
		return register(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(value()))
			return nil
		})
	}
	floats := func(register func(metric.Float64Callback) error, value func() float64) error {
		return register(func(_ context.Context, o metric.Float64Observer) error {
			o.Observe(value())
			return nil
		})
	}
	b := t.builder
	for _, err := range []error{
		ints(b.RegisterExporterOrderedremotewriteQueueCapacityCallback, x.queueCapacity),
		ints(b.RegisterExporterOrderedremotewriteQueueSizeCallback, x.queueSize),
		ints(b.RegisterExporterOrderedremotewriteSamplesPendingCallback, func() int { return int(t.pending.Load()) }),
		ints(b.RegisterExporterOrderedremotewriteSeriesActiveCallback, x.seriesActive),
		ints(b.RegisterExporterOrderedremotewriteTenantsActiveCallback, x.tenantsActive),
		ints(b.RegisterExporterOrderedremotewriteWalBytesFreeCallback, x.walFree),
		ints(b.RegisterExporterOrderedremotewriteWalBytesPendingCallback, x.walPending),
		ints(b.RegisterExporterOrderedremotewriteSlotsHeldCallback, x.notes.slotsHeld),
		floats(b.RegisterExporterOrderedremotewriteHighestSentTimestampCallback, func() float64 { return float64(t.newest.Load()) / 1e3 }),
		floats(b.RegisterExporterOrderedremotewriteOldestUnsentAgeCallback, x.oldestAge),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *telemetry) shutdown() { t.builder.Shutdown() }

func (x *remoteWriter) seriesActive() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.in.table.Len()
}

func (x *remoteWriter) tenantsActive() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.in.tenants.known)
}

// oldestAge returns the age of the oldest unsent sample in seconds.
func (x *remoteWriter) oldestAge() float64 {
	x.mu.Lock()
	all := x.allSlots()
	x.mu.Unlock()
	now := x.clock()
	oldest := now
	for _, s := range all {
		if at := s.oldest.Load(); at != 0 {
			oldest = min(oldest, at)
		}
	}
	return time.Duration(now - oldest).Seconds()
}
