package rules

import (
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// TextProgram applies rules to what is no metric: attributes of spans and logs, and texts. Rules with `metrics`,
// supersede and drop_series are not among them. It is safe for concurrent use.
type TextProgram struct {
	mu         sync.RWMutex // guards the courses of the programs
	attributes *Program
	texts      *Program
}

// TextProgram returns the rules for what is no metric and comes from this resource, nil if there are none.
func (s *Set) TextProgram(resource pcommon.Map) *TextProgram {
	if s.alike != nil {
		return s.alike
	}
	program := s.texts.Program("", resource)
	if program == nil {
		return nil
	}
	s.texts.mu.Lock()
	defer s.texts.mu.Unlock()
	if program.text == nil {
		program.text = &TextProgram{attributes: program, texts: s.texts.newProgram(program.rules)}
		program.text.texts.byName = true
	}
	return program.text
}

// Attribute tells what becomes of a value beside attrs, and by which action; that is "" where the value stays, and Drop
// where the attribute goes.
func (p *TextProgram) Attribute(key, value string, attrs pcommon.Map) (fresh string, action Action) {
	return p.judge(p.attributes, key, value, attrs)
}

// Text is Attribute for a text that is none, such as one with the key SpanName, EventName or Body. Actions other than
// redact, template and keep apply to it where a rule names it: `*` means labels. Drop empties it.
func (p *TextProgram) Text(key, text string, attrs pcommon.Map) (fresh string, action Action) {
	return p.judge(p.texts, key, text, attrs)
}

func (p *TextProgram) judge(of *Program, key, value string, point pcommon.Map) (fresh string, action Action) {
	c := p.course(of, key)
	if c == nil {
		return value, ""
	}
	v := of.judge(c, value, point, true)
	switch {
	case v.end != nil && v.end.action == Drop:
		return "", Drop
	case v.change:
		return v.value, v.by.action
	}
	return value, ""
}

// Beside tells whether what stands beside an attribute decides what becomes of it.
func (p *TextProgram) Beside() bool { return p.attributes.perPoint }

// Drops tells whether an attribute goes whatever its value is.
func (p *TextProgram) Drops(key string, attrs pcommon.Map) bool {
	c := p.course(p.attributes, key)
	if c == nil {
		return false
	}
	for _, rule := range c.rules {
		if rule.ends() && rule.values == nil && holds(rule.points, attrs) {
			return rule.action == Drop
		}
	}
	return false
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
	return of.find(key)
}
