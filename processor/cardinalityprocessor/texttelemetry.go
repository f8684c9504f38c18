package cardinalityprocessor

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// signal is what texts belong to.
type signal uint8

const (
	ofTraces signal = iota
	ofLogs
	signals // how many there are
)

var signalNames = [signals]string{"traces", "logs"}

// sanitizingActions are those that change texts, in the order of a textTally.
var sanitizingActions = [...]rules.Action{
	rules.Redact, rules.Template, rules.Drop, rules.Hash, rules.Bucket, rules.Truncate, rules.Map,
}

// textTally counts what happened to the texts of one call, by action.
type textTally [len(sanitizingActions)]int

func (t *textTally) count(action rules.Action) {
	for i, known := range sanitizingActions {
		if known == action {
			t[i]++
			return
		}
	}
}

// textLabels are built once, since an attribute set is costly.
type textLabels [signals][len(sanitizingActions)][]metric.AddOption

func newTextLabels() (labels textLabels) {
	for s, of := range signalNames {
		for a, action := range sanitizingActions {
			labels[s][a] = []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(
				attribute.String("signal", of), attribute.String("action", string(action))))}
		}
	}
	return labels
}

// sanitized adds what happened to the texts of a call.
func (r *reporter) sanitized(ctx context.Context, of signal, t *textTally) {
	for i, n := range t {
		if n > 0 {
			r.builder.ProcessorCardinalitySanitizedValues.Add(ctx, int64(n), r.texts[of][i]...)
		}
	}
}
