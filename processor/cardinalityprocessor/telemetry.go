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
	renamed       [outcomes]int
	droppedPoints int
}

// reporter adds tallies to the processor's own metrics.
type reporter struct {
	builder   *metadata.TelemetryBuilder
	outcomes  [outcomes][]metric.AddOption
	unmatched []metric.AddOption
}

func newReporter(set component.TelemetrySettings) (*reporter, error) {
	builder, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	return &reporter{
		builder: builder,
		outcomes: [outcomes][]metric.AddOption{
			named:   label("outcome", "table"),
			derived: label("outcome", "derived"),
			kept:    label("outcome", "kept"),
			dropped: label("outcome", "dropped"),
		},
		unmatched: label("reason", "unmatched"),
	}, nil
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
	if t.droppedPoints > 0 {
		r.builder.ProcessorCardinalityDroppedPoints.Add(ctx, int64(t.droppedPoints), r.unmatched...)
	}
}

func (r *reporter) shutdown() { r.builder.Shutdown() }
