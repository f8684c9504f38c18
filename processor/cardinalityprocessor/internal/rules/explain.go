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
}

// Explain tells what becomes of a label of a series, as Rewrite decides it. One goroutine at a time may explain.
func (s *Set) Explain(metric, key, value string, resource, point pcommon.Map) Verdict {
	p := s.Program(metric, resource)
	if p == nil {
		return Verdict{Action: Keep, Value: value}
	}
	_, onPoint := point.Get(key)
	return p.explain(p.course(key), value, point, onPoint)
}

func (p *Program) explain(c *course, value string, point pcommon.Map, mine bool) Verdict {
	if c == nil {
		return Verdict{Action: Keep, Value: value}
	}
	v := p.judge(c, value, point, mine)
	said := Verdict{Action: Keep, Reason: v.reason, Kind: v.kind, Value: value}
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
