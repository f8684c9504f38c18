package cardinalityprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"weir.example/processor/cardinalityprocessor/internal/metadata"
)

// tally counts what happened in one call, so that the shared instruments are touched once per call.
type tally struct {
	renamed   [outcomes]int
	dropped   [reasons]int // points
	takeovers int
}

// reason is why points were dropped by rename, rules or supersede.
type reason uint8

const (
	unmatched        reason = iota
	dropSeries              // by a rule
	superseded              // values of an incarnation that does not own the output
	supersededMarker        // its stale markers
	overlap                 // the owner's, not later than the last sample of those before it
	tooManyInputs           // of a series that merges, while there are aggregate.max_inputs
	reasons                 // how many there are
)

var reasonNames = [reasons]string{"unmatched", "drop_series", "superseded", "superseded_marker", "overlap", "too_many_inputs"}

// reporter adds tallies to the processor's own metrics.
type reporter struct {
	builder  *metadata.TelemetryBuilder
	outcomes [outcomes][]metric.AddOption
	reasons  [reasons][]metric.AddOption
	labels   runtimeLabels
	texts    textLabels
}

func newReporter(set component.TelemetrySettings) (*reporter, error) {
	builder, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	r := &reporter{
		builder: builder,
		labels:  newRuntimeLabels(),
		texts:   newTextLabels(),
		outcomes: [outcomes][]metric.AddOption{
			named:   label("outcome", "table"),
			derived: label("outcome", "derived"),
			kept:    label("outcome", "kept"),
			dropped: label("outcome", "dropped"),
		},
	}
	for i, name := range reasonNames {
		r.reasons[i] = label("reason", name)
	}
	return r, nil
}

// label is built once, since an attribute set is costly.
func label(key, value string) []metric.AddOption {
	return []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))}
}

func (r *reporter) add(ctx context.Context, t *tally) {
	for o := named; o < outcomes; o++ {
		if n := t.renamed[o]; n > 0 {
			r.builder.ProcessorCardinalityRenameMetrics.Add(ctx, int64(n), r.outcomes[o]...)
		}
	}
	for i, n := range t.dropped {
		if n > 0 {
			r.builder.ProcessorCardinalityDroppedPoints.Add(ctx, int64(n), r.reasons[i]...)
		}
	}
	if t.takeovers > 0 {
		r.builder.ProcessorCardinalityTakeovers.Add(ctx, int64(t.takeovers))
	}
}

func (r *reporter) shutdown() { r.builder.Shutdown() }
