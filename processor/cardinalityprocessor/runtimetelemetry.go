package cardinalityprocessor

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"weir.example/processor/cardinalityprocessor/internal/aggregate"
	"weir.example/processor/cardinalityprocessor/internal/keeper"
)

// runtimeLabels are built once, since an attribute set is costly.
type runtimeLabels struct {
	outcomes              [aggregate.Outcomes][]metric.AddOption
	refused               []metric.AddOption
	reloaded, notReloaded []metric.AddOption
	live, ended           metric.ObserveOption
}

func newRuntimeLabels() runtimeLabels {
	labels := runtimeLabels{
		refused:     label("reason", "refused"),
		reloaded:    label("outcome", "in_force"),
		notReloaded: label("outcome", "refused"),
		live:        metric.WithAttributeSet(attribute.NewSet(attribute.String("state", "live"))),
		ended:       metric.WithAttributeSet(attribute.NewSet(attribute.String("state", "ended"))),
	}
	for o := range aggregate.Outcomes {
		key := "event"
		if o.Drops() {
			key = "reason"
		}
		labels.outcomes[o] = label(key, o.String())
	}
	return labels
}

// merged counts what became of points, and what happened at a tick.
func (r *reporter) merged(ctx context.Context, t *aggregate.Tally) {
	for o := range aggregate.Outcomes {
		n := t[o]
		switch {
		case n == 0:
		case o == aggregate.Absorbed:
			r.builder.ProcessorCardinalityAbsorbedPoints.Add(ctx, n)
		case o.Drops():
			r.builder.ProcessorCardinalityDroppedPoints.Add(ctx, n, r.labels.outcomes[o]...)
		default:
			r.builder.ProcessorCardinalityMergeEvents.Add(ctx, n, r.labels.outcomes[o]...)
		}
	}
}

func (r *reporter) ticked(took time.Duration) {
	r.builder.ProcessorCardinalityTicks.Add(context.Background(), 1)
	r.builder.ProcessorCardinalityTickDuration.Record(context.Background(), took.Seconds())
}

func (r *reporter) sendFailed() {
	r.builder.ProcessorCardinalityTickSendFailures.Add(context.Background(), 1)
}

// refused counts points of a tick that the next consumer will never take.
func (r *reporter) refused(points int) {
	r.builder.ProcessorCardinalityDroppedPoints.Add(context.Background(), int64(points), r.labels.refused...)
}

func (r *reporter) reloaded(err error) {
	outcome := r.labels.reloaded
	if err != nil {
		outcome = r.labels.notReloaded
	}
	r.builder.ProcessorCardinalityRulesReloads.Add(context.Background(), 1, outcome...)
}

func (r *reporter) recovered(recovery keeper.Recovery) {
	r.builder.ProcessorCardinalityRecoveryDuration.Record(context.Background(), recovery.Took.Seconds())
	r.builder.ProcessorCardinalityRecoveryRecords.Record(context.Background(), int64(recovery.Records))
}

// observe has sizes read when somebody asks for them.
func (r *reporter) observe(c *core) error {
	stats := func() aggregate.Stats {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.aggregate.Stats()
	}
	err := errors.Join(
		r.builder.RegisterProcessorCardinalityInputsCallback(func(_ context.Context, o metric.Int64Observer) error {
			s := stats()
			o.Observe(int64(s.LiveInputs), r.labels.live)
			o.Observe(int64(s.Tombstones), r.labels.ended)
			return nil
		}),
		r.builder.RegisterProcessorCardinalityOutputsCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(stats().Outputs))
			return nil
		}),
	)
	if c.witness != nil {
		err = errors.Join(err, r.observeEvidence(c.witness))
	}
	if c.keeper == nil {
		return err
	}
	return errors.Join(err,
		r.builder.RegisterProcessorCardinalityStateLogBytesCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(c.keeper.Bytes())
			return nil
		}),
		r.builder.RegisterProcessorCardinalitySnapshotAgeCallback(func(_ context.Context, o metric.Float64Observer) error {
			if last, ok := c.keeper.LastSnapshot(); ok {
				o.Observe(time.Since(last.At).Seconds())
			}
			return nil
		}),
		r.builder.RegisterProcessorCardinalitySnapshotPauseCallback(func(_ context.Context, o metric.Float64Observer) error {
			if last, ok := c.keeper.LastSnapshot(); ok {
				o.Observe(last.Paused.Seconds())
			}
			return nil
		}),
		r.builder.RegisterProcessorCardinalitySnapshotDurationCallback(func(_ context.Context, o metric.Float64Observer) error {
			if last, ok := c.keeper.LastSnapshot(); ok {
				o.Observe(last.Took.Seconds())
			}
			return nil
		}),
	)
}
