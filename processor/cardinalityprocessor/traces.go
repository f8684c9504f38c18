package cardinalityprocessor

import (
	"context"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// tracesPipeline is the processor as one traces pipeline has it. It is safe for concurrent use.
type tracesPipeline struct {
	*member
	next consumer.Traces
}

// ConsumeTraces sanitizes what carries values: names, attributes and messages. Everything else of a span stays as it is.
func (p *tracesPipeline) ConsumeTraces(ctx context.Context, td ptrace.Traces) error {
	if set := p.inForce.Load(); !set.Empty() {
		w := beginTexts(set)
		w.traces(td)
		p.report.sanitized(ctx, ofTraces, &w.changed)
		w.end()
	}
	return p.next.ConsumeTraces(ctx, td)
}

func (w *textWalk) traces(td ptrace.Traces) {
	resources := td.ResourceSpans()
	for i := range resources.Len() {
		rs := resources.At(i)
		if !w.enter(rs.Resource().Attributes()) {
			continue
		}
		for j := range rs.ScopeSpans().Len() {
			ss := rs.ScopeSpans().At(j)
			w.attributes(ss.Scope().Attributes())
			for k := range ss.Spans().Len() {
				w.span(ss.Spans().At(k))
			}
		}
		w.attributes(rs.Resource().Attributes())
	}
}

func (w *textWalk) span(span ptrace.Span) {
	w.near(span.Attributes())
	if text, changed := w.text(rules.SpanName, span.Name()); changed {
		span.SetName(text)
	}
	if text, changed := w.text(rules.StatusMessage, span.Status().Message()); changed {
		span.Status().SetMessage(text)
	}
	w.attributes(span.Attributes())
	for i := range span.Events().Len() {
		event := span.Events().At(i)
		w.near(event.Attributes())
		if text, changed := w.text(rules.EventName, event.Name()); changed {
			event.SetName(text)
		}
		w.attributes(event.Attributes())
	}
	for i := range span.Links().Len() {
		w.attributes(span.Links().At(i).Attributes())
	}
}
