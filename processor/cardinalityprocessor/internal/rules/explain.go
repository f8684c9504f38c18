package rules

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/sanitize"
)

// Verdict is what becomes of a label, and why.
type Verdict struct {
	Rule   string          // that ended, or else changed the value last: its name, or its path; "" when none acts
	Action Action          // of that rule; Keep when none acts
	Reason sanitize.Reason // what it found in the value; Nothing where only names decided
	Kind   detect.Kind     // likewise
	Value  string          // what stands there from now on; "" when the label goes
	Shown  string          // the value as redaction alone leaves it, whatever else becomes of it
}

// Explain tells what becomes of a label of a series, as Rewrite decides it. One goroutine at a time may explain.
func (s *Set) Explain(metric, key, value string, resource, point pcommon.Map) Verdict {
	p := s.Program(metric, resource)
	if p == nil {
		return Verdict{Action: Keep, Value: value, Shown: value}
	}
	_, onPoint := point.Get(key)
	return p.explain(p.course(key), value, point, onPoint)
}

func (p *Program) explain(c *course, value string, point pcommon.Map, mine bool) Verdict {
	if c == nil {
		return Verdict{Action: Keep, Value: value, Shown: value}
	}
	v := p.judge(c, value, point, mine)
	said := Verdict{Action: Keep, Reason: v.reason, Kind: v.kind, Value: value, Shown: c.redacted(p.set.reader, value, point)}
	if v.by != nil {
		said.Rule, said.Action = v.by.name, v.by.action
	}
	if v.change {
		said.Value = v.value
	}
	if v.end != nil {
		switch v.end.action {
		case Drop, Supersede, DropSeries:
			said.Value = ""
		}
	}
	return said
}

func (c *course) redacted(reader *sanitize.Reader, value string, point pcommon.Map) string {
	s := reader.Open(c.reads, value)
	defer s.Close()
	for _, rule := range c.rules {
		if rule.action == Redact && holds(rule.points, point) {
			s.Redact(rule.values)
		}
	}
	return s.Value
}
