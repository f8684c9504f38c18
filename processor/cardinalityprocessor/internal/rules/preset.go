package rules

import (
	"fmt"

	"weir.example/internal/flinkname"
)

// Sanitize is the one preset.
const Sanitize = "sanitize"

// Names of texts that are no labels: rules may list them in `labels`.
const (
	SpanName      = "span.name"
	EventName     = "event.name"     // of a span's event or a log record
	StatusMessage = "status.message" // of a span
	Body          = "body"           // of a log record
)

// prose maps these names to keys that say of their values what is true of free text: `status` and `event` would say that they
// are few, or identifiers.
var prose = map[string]string{SpanName: "operation", EventName: "name", StatusMessage: "error", Body: "body"}

// presetOf returns the rules of a preset, which stand below all others: those for metrics, and those for spans and logs.
// There identifiers stay, for a trace without them is none; names of spans and events become templates, as they are
// what one groups by.
func presetOf(name string) (metrics, texts []Rule, err error) {
	if name == "" {
		return nil, nil, nil
	}
	if name != Sanitize {
		return nil, nil, fmt.Errorf("preset: must be %s (got %q)", Sanitize, name)
	}
	sensitive := Rule{Name: "sanitize/sensitive", Labels: []string{"*"}, Action: Redact}
	metrics = []Rule{
		sensitive,
		{Name: "sanitize/sources", Labels: Sources(), Action: Keep},
		{Name: "sanitize/identifiers", Labels: []string{"*"}, Values: unbounded, Action: Drop},
		{Name: "sanitize/templates", Labels: []string{"*"}, Action: Template},
	}
	texts = []Rule{sensitive, {Name: "sanitize/templates", Labels: []string{SpanName, EventName}, Action: Template}}
	return metrics, texts, nil
}

// unbounded are the kinds that name one thing or moment among ever more. Dates are few.
var unbounded = []string{"identifier", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "timestamp", "http_date", "log_date"}

// Sources are the labels that say where a series comes from: there are as many values as sources, whatever they look
// like. Flink's ids among them tell tasks apart, and rules of one's own say which of them go.
func Sources() []string {
	return append([]string{
		"le", "quantile", "service.name", "service.namespace", "service.instance.id", "host.name", "host", "job", "instance",
		"source_id", // operator of a Flink source, in the metrics of latency
	}, flinkname.EntityLabels()...)
}
