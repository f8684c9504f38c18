package rules

import (
	"encoding/binary"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// maxKeys bounds what a program remembers of attribute keys, which are input; further keys are decided each time.
const maxKeys = 4096

// Program is the part of a Set that concerns a metric of a resource. One goroutine at a time may use the programs of
// a set.
type Program struct {
	set       *Set
	rules     []*compiled
	always    bool // a drop_series without labels
	perPoint  bool // match.labels stands somewhere: attributes of the point decide
	supersede bool
	merge     bool
	keys      map[string]*compiled // decided rule by key, nil: none; where perPoint is false
}

// Edit is a new value for a label, or its removal.
type Edit struct {
	Key    string
	Value  string
	Remove bool
}

// Rewrite is what rules do to an attribute map.
type Rewrite struct {
	DropSeries bool
	Superseded []string // keys to remove, which is no merging
	Merged     []Edit
}

// Program returns the rules that may concern a metric of that resource, nil if there are none.
func (s *Set) Program(metric string, resource pcommon.Map) *Program {
	var (
		rules  []*compiled
		chosen []byte
	)
	for i, rule := range s.rules {
		if (len(rule.metrics) == 0 || rule.metrics.Match(metric)) && holds(rule.resource, resource) {
			rules = append(rules, rule)
			chosen = binary.AppendUvarint(chosen, uint64(i))
		}
	}
	if len(rules) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, known := s.programs[string(chosen)]
	if !known {
		p = newProgram(s, rules)
		s.programs[string(chosen)] = p
	}
	return p
}

func newProgram(set *Set, rules []*compiled) *Program {
	p := &Program{set: set, rules: rules, keys: map[string]*compiled{}}
	for _, rule := range rules {
		p.perPoint = p.perPoint || len(rule.points) > 0
		switch rule.action {
		case Keep:
		case Supersede:
			p.supersede = true
		case DropSeries:
			p.always = p.always || len(rule.labels) == 0 && len(rule.points) == 0
		default:
			p.merge = true
		}
	}
	return p
}

// PerPoint tells whether the attributes of a point decide what becomes of other labels of its series.
func (p *Program) PerPoint() bool { return p.perPoint }

// Supersedes tells whether the program has a rule with supersede.
func (p *Program) Supersedes() bool { return p.supersede }

// DropsAll tells whether no point of the metric remains.
func (p *Program) DropsAll() bool { return p.always }

// Touches tells whether a rule may change the attribute or drop its series.
func (p *Program) Touches(key string) bool {
	if !p.perPoint {
		return p.ruleOf(key) != nil
	}
	if p.set.keep.matchKey(key) {
		return false
	}
	for _, rule := range p.rules {
		switch {
		case !rule.labels.matchKey(key):
		case rule.action != Keep:
			return true
		case len(rule.points) == 0:
			return false
		}
	}
	return false
}

// Rewrite tells what becomes of attrs, which are those of a resource, a point or an exemplar. point holds the
// attributes of the point that they belong to.
func (p *Program) Rewrite(attrs, point pcommon.Map) Rewrite {
	r := Rewrite{DropSeries: p.always || p.perPoint && p.dropsWithoutLabels(point)}
	for key, value := range attrs.All() {
		rule := p.decide(key, point)
		if rule == nil {
			continue
		}
		switch rule.action {
		case DropSeries:
			r.DropSeries = true
		case Supersede:
			r.Superseded = append(r.Superseded, strings.Clone(key))
		case Drop:
			r.Merged = append(r.Merged, Edit{Key: strings.Clone(key), Remove: true})
		default:
			old := value.AsString()
			if fresh := rule.value(old); fresh != old {
				r.Merged = append(r.Merged, Edit{Key: strings.Clone(key), Value: strings.Clone(fresh)})
			}
		}
	}
	return r
}

func (p *Program) dropsWithoutLabels(point pcommon.Map) bool {
	for _, rule := range p.rules {
		if rule.action == DropSeries && len(rule.labels) == 0 && holds(rule.points, point) {
			return true
		}
	}
	return false
}

// decide returns the first rule for the key that ends, nil if that is keep or there is none.
func (p *Program) decide(key string, point pcommon.Map) *compiled {
	if !p.perPoint {
		return p.ruleOf(key)
	}
	if p.set.keep.matchKey(key) {
		return nil
	}
	for _, rule := range p.rules {
		if rule.labels.matchKey(key) && holds(rule.points, point) {
			return rule.unlessKeep()
		}
	}
	return nil
}

// ruleOf is decide for a program in which the point has no say.
func (p *Program) ruleOf(key string) *compiled {
	if rule, known := p.keys[key]; known {
		return rule
	}
	var found *compiled
	if !p.set.keep.matchKey(key) {
		for _, rule := range p.rules {
			if rule.labels.matchKey(key) {
				found = rule.unlessKeep()
				break
			}
		}
	}
	if len(p.keys) < maxKeys {
		p.keys[strings.Clone(key)] = found
	}
	return found
}

func (c *compiled) unlessKeep() *compiled {
	if c.action == Keep {
		return nil
	}
	return c
}

// holds tells whether all conditions do.
func holds(conditions []condition, attrs pcommon.Map) bool {
	for i := range conditions {
		value, ok := lookup(attrs, conditions[i].key)
		if !ok || !conditions[i].pattern.Match(value.AsString()) {
			return false
		}
	}
	return true
}

// lookup accepts job and instance for the attributes they are made of.
func lookup(attrs pcommon.Map, key string) (pcommon.Value, bool) {
	value, ok := attrs.Get(key)
	switch {
	case ok:
	case key == "job":
		return attrs.Get("service.name")
	case key == "instance":
		return attrs.Get("service.instance.id")
	}
	return value, ok
}
