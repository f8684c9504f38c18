package cardinalityprocessor

import (
	"context"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// logsPipeline is the processor as one logs pipeline has it. It is safe for concurrent use.
type logsPipeline struct {
	*member
	next consumer.Logs
}

// ConsumeLogs sanitizes bodies and attributes. Everything else of a record stays as it is.
func (p *logsPipeline) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if set := p.inForce.Load(); !set.Empty() {
		w := beginTexts(set)
		w.logs(ld)
		p.report.sanitized(ctx, ofLogs, &w.changed)
		w.end()
	}
	return p.next.ConsumeLogs(ctx, ld)
}

func (w *textWalk) logs(ld plog.Logs) {
	resources := ld.ResourceLogs()
	for i := range resources.Len() {
		rl := resources.At(i)
		if !w.enter(rl.Resource().Attributes()) {
			continue
		}
		for j := range rl.ScopeLogs().Len() {
			sl := rl.ScopeLogs().At(j)
			w.attributes(sl.Scope().Attributes())
			for k := range sl.LogRecords().Len() {
				w.record(sl.LogRecords().At(k))
			}
		}
		w.attributes(rl.Resource().Attributes())
	}
}

func (w *textWalk) record(record plog.LogRecord) {
	w.near(record.Attributes())
	if text, changed := w.text(rules.EventName, record.EventName()); changed {
		record.SetEventName(text)
	}
	w.body(record.Body())
	w.attributes(record.Attributes())
}

// body takes a plain body as one text, and what is in maps and lists as attributes.
func (w *textWalk) body(body pcommon.Value) {
	text := ""
	switch body.Type() {
	case pcommon.ValueTypeStr:
		text = body.Str()
	case pcommon.ValueTypeBytes:
		text = textOf(body.Bytes())
	default:
		if leaves := w.value(rules.Body, body, 0); leaves {
			body.SetStr("")
		}
		return
	}
	if fresh, changed := w.text(rules.Body, text); changed {
		body.SetStr(fresh)
	}
}
