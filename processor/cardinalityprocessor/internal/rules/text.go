package rules

import (
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// TextProgram applies rules to what is no metric: attributes of spans and logs, and texts. Rules with `metrics`,
// supersede and drop_series are not among them. A nil one does nothing. It is safe for concurrent use.
type TextProgram struct {
	mu         sync.RWMutex // guards the courses of the programs
	attributes *Program
	texts      *Program // what of it is redact, template or keep
}

// TextProgram returns the rules for what is no metric and comes from this resource, nil if there are none.
func (s *Set) TextProgram(resource pcommon.Map) *TextProgram {
	if s.texts == nil {
		return nil
	}
	program := s.texts.Program("", resource)
	if program == nil {
		return nil
	}
	s.texts.mu.Lock()
	defer s.texts.mu.Unlock()
	if program.text == nil {
		program.text = &TextProgram{attributes: program, texts: s.texts.newProgram(program.forTexts())}
	}
	return program.text
}

func (p *Program) forTexts() (rules []*compiled) {
	for _, rule := range p.rules {
		if !rule.ends() || rule.action == Keep {
			rules = append(rules, rule)
		}
	}
	return rules
}

// Attributes edits the attributes of a resource, scope, span, event, link or log in place, and tells whether it changed
// any. Strings within maps and slices are judged by the key of the attribute that stands nearest above them.
func (p *TextProgram) Attributes(attrs pcommon.Map) (changed bool) {
	if p == nil {
		return false
	}
	return p.edit(attrs, attrs)
}

// Text returns what a text becomes that is no attribute, such as one with the key SpanName, EventName or Body: redact
// and template apply to it, and keep.
func (p *TextProgram) Text(key, text string) string {
	if p == nil {
		return text
	}
	c := p.course(p.texts, key)
	if c == nil {
		return text
	}
	if v := p.texts.judge(c, text, pcommon.NewMap(), true); v.change {
		return v.value
	}
	return text
}

func (p *TextProgram) edit(attrs, point pcommon.Map) (changed bool) {
	var gone []string
	for key, value := range attrs.All() {
		outcome := p.value(key, value, point)
		changed = changed || outcome != same
		if outcome == removed {
			gone = append(gone, key)
		}
	}
	for _, key := range gone {
		attrs.Remove(key)
	}
	return changed
}

// outcome is what becomes of an attribute.
type outcome uint8

const (
	same outcome = iota
	edited
	removed
)

func (p *TextProgram) value(key string, value pcommon.Value, point pcommon.Map) outcome {
	switch value.Type() {
	case pcommon.ValueTypeMap:
		if p.edit(value.Map(), point) {
			return edited
		}
	case pcommon.ValueTypeSlice:
		return p.slice(key, value.Slice(), point)
	case pcommon.ValueTypeEmpty, pcommon.ValueTypeBytes:
	default:
		return p.scalar(key, value, point)
	}
	return same
}

// slice drops the elements that go; the attribute goes with the last.
func (p *TextProgram) slice(key string, values pcommon.Slice, point pcommon.Map) outcome {
	all, before := same, values.Len()
	values.RemoveIf(func(value pcommon.Value) bool {
		one := p.value(key, value, point)
		if one != same {
			all = edited
		}
		return one == removed
	})
	if before > 0 && values.Len() == 0 {
		return removed
	}
	return all
}

func (p *TextProgram) scalar(key string, value pcommon.Value, point pcommon.Map) outcome {
	c := p.course(p.attributes, key)
	if c == nil {
		return same
	}
	v := p.attributes.judge(c, value.AsString(), point, true)
	switch {
	case v.end != nil && v.end.action == Drop:
		return removed
	case v.change:
		value.SetStr(v.value)
		return edited
	}
	return same
}

func (p *TextProgram) course(of *Program, key string) *course {
	p.mu.RLock()
	c, known := of.courses[key]
	p.mu.RUnlock()
	if known {
		return c
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return of.course(key)
}
