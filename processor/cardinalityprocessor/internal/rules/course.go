package rules

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/sanitize"
)

// course is what a program may do to one label: its rules in the order in which they are asked, up to the first that
// ends in any case.
type course struct {
	key        string
	number     uint32 // in its set; 0: nothing is remembered of it
	byValue    bool   // a rule looks at the value
	byPoint    bool   // a rule looks at other attributes of the point
	statements bool   // a template takes the literals of statements, and what is sensitive in them with them
	mines      bool   // templates are mined: not where a label may be superseded, for that is part of a series' identity
	rules      []*compiled
	reads      sanitize.Key    // by which values are read
	stays      *[places]string // values that no rule touches, by place; by itself, for courses are looked at more often
}

// space tells apart what is remembered of this course, and of what stands on resources.
func (c *course) space(mine bool) uint32 {
	if mine {
		return c.number<<1 + 1
	}
	return c.number << 1
}

// verdict is what becomes of a value.
type verdict struct {
	value  string    // where it changed
	end    *compiled // the rule that ended; nil: none did, or keep
	by     *compiled // the rule that changed the value last, or ended; nil: none
	change bool
	reason sanitize.Reason
	kind   detect.Kind
	open   bool // the miner may say otherwise later: the series merges, so that it can move
}

// touches tells whether the label changes, or may later.
func (v *verdict) touches() bool { return v.end != nil || v.open || v.change }

// newCourse returns nil when no rule of the program touches the label.
func (p *Program) newCourse(key string) *course {
	c := &course{key: strings.Clone(key), stays: new([places]string)}
	kept, allowed := p.set.keep.matchKey(key), p.set.allow.matchKey(key)
	for _, rule := range p.rules {
		if !rule.labels.matchKey(key) || rule.action == Redact && allowed || rule.action != Redact && kept {
			continue
		}
		if p.byName && rule.ends() && rule.action != Keep && !rule.labels.names(key) {
			continue
		}
		c.rules = append(c.rules, rule)
		if rule.ends() && rule.values == nil && len(rule.points) == 0 {
			break
		}
	}
	if !slices.ContainsFunc(c.rules, func(r *compiled) bool { return r.action != Keep }) {
		return nil
	}
	readAs := c.key
	if p.byName {
		readAs = prose[key]
	}
	c.reads = p.set.reader.Key(readAs)
	c.byValue = slices.ContainsFunc(c.rules, (*compiled).readsValues)
	c.byPoint = slices.ContainsFunc(c.rules, func(r *compiled) bool { return len(r.points) > 0 })
	c.mines = !slices.ContainsFunc(c.rules, func(r *compiled) bool { return r.action == Supersede })
	for _, rule := range c.rules {
		c.statements = rule.action == Template && rule.values == nil && len(rule.points) == 0
		if c.statements || rule.ends() && !rule.ofKinds() {
			break
		}
	}
	return c
}

// judge asks the rules. With mine, templates are mined.
func (c *course) judge(reader *sanitize.Reader, value string, point pcommon.Map, mine bool) verdict {
	if !c.byValue {
		return c.judgeName(value, point)
	}
	s := reader.Open(c.reads, value)
	var v verdict
	if c.statements && s.Statement() {
		v.reason = sanitize.BySQL
	}
	for _, rule := range c.rules {
		if holds(rule.points, point) && rule.apply(s, &v, mine && c.mines) {
			break
		}
	}
	v.value, v.open = s.Value, s.Open
	s.Close()
	v.finish(value)
	return v
}

// judgeName is judge where values have no say.
func (c *course) judgeName(value string, point pcommon.Map) verdict {
	v := verdict{value: value}
	for _, rule := range c.rules {
		if holds(rule.points, point) {
			v.end, v.by = rule, rule
			break
		}
	}
	v.finish(value)
	return v
}

// apply tells whether the rule ended.
func (c *compiled) apply(s *sanitize.Subject, v *verdict, mine bool) (ended bool) {
	switch c.action {
	case Redact:
		if kind, ok := s.Redact(c.values); ok {
			v.by, v.reason, v.kind = c, sanitize.ByKind, kind
		}
		return false
	case Template:
		if c.values != nil {
			if _, has := s.Has(c.values); !has {
				return false
			}
		}
		if v.reason == sanitize.BySQL && v.by == nil {
			v.by = c
		}
		if reason, kind := s.Template(mine); reason != sanitize.Nothing {
			v.by, v.reason, v.kind = c, reason, kind
		}
		return false
	}
	var kind detect.Kind
	if c.values != nil {
		is := false
		if kind, is = s.Is(c.values); !is {
			return false
		}
	}
	v.end = c
	if c.action == Keep && v.by != nil {
		return true // it keeps what is left
	}
	v.by, v.reason, v.kind = c, sanitize.Nothing, kind
	if kind != detect.None {
		v.reason = sanitize.ByKind
	}
	return true
}

// finish does what the rule that ended says.
func (v *verdict) finish(value string) {
	switch {
	case v.end == nil:
	case v.end.action == Keep:
		v.end = nil
	case v.end.value != nil:
		v.value = v.end.value(v.value)
	}
	if v.change = v.value != value; !v.change {
		v.value = "" // the caller has it, and memory shall not hold it
	}
}
