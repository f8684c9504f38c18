package rules

import (
	"encoding/binary"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/processor/cardinalityprocessor/internal/sanitize"
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
	byName    bool               // labels are texts: rules that end are for those they name
	courses   map[string]*course // by key; nil: no rule touches it
	front     [keyPlaces]known   // of courses
	text      *TextProgram       // of it, once asked for; the set's mutex guards it
}

// These bound what is remembered without hashing: the keys, and for each key the values, that came first.
const (
	keyPlaces = 256
	places    = 64
	maxStays  = 64 // bytes of a value
)

// known is a key and what may be done to it.
type known struct {
	key    string
	course *course
}

// place spreads texts that differ in length or at their ends.
func place(text string) uint {
	n := uint(len(text))
	if n < 2 {
		return n
	}
	return n*7 + uint(text[0]) + uint(text[n-1])*3 + uint(text[n-2])*11
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
	Merged     []Edit   // such that change nothing stand for values of which that may change
	Open       bool     // what was mined may say otherwise in another Generation
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
		p = s.newProgram(rules)
		s.programs[string(chosen)] = p
	}
	return p
}

func (s *Set) newProgram(rules []*compiled) *Program {
	p := &Program{set: s, rules: rules, courses: map[string]*course{}}
	for _, rule := range rules {
		p.perPoint = p.perPoint || len(rule.points) > 0
		p.supersede = p.supersede || rule.action == Supersede
		p.always = p.always || rule.action == DropSeries && len(rule.labels) == 0 && len(rule.points) == 0
	}
	return p
}

// Generation changes when mined templates may have become wider. It is never 0.
func (s *Set) Generation() uint64 { return s.reader.Generation() }

// PerPoint tells whether the attributes of a point decide what becomes of other labels of its series.
func (p *Program) PerPoint() bool { return p.perPoint }

// Supersedes tells whether the program has a rule with supersede.
func (p *Program) Supersedes() bool { return p.supersede }

// Touches tells whether a rule may change the attribute of a point or drop its series.
func (p *Program) Touches(key string, value pcommon.Value) bool {
	c := p.course(key)
	switch {
	case c == nil:
		return false
	case c.byPoint || !c.byValue:
		return true
	}
	text := value.Str()
	if value.Type() != pcommon.ValueTypeStr {
		var room [20]byte // numbers need no more, and stay on the stack
		text = string(appendText(room[:0], value))
	}
	stays := &c.stays[place(text)%places]
	if *stays == text && text != "" {
		return false
	}
	if v := p.recall(c, text, true); v != nil {
		return v.touches()
	}
	v := p.learn(c, value.AsString(), true)
	if !v.touches() && *stays == "" && len(text) <= maxStays {
		*stays = strings.Clone(text)
	}
	return v.touches()
}

// appendText is AsString, which allocates.
func appendText(to []byte, value pcommon.Value) []byte {
	if value.Type() == pcommon.ValueTypeInt {
		return strconv.AppendInt(to, value.Int(), 10)
	}
	return append(to, value.AsString()...)
}

// Rewrite tells what becomes of attrs, which are those of a point or an exemplar. point holds the attributes of the
// point that they belong to.
func (p *Program) Rewrite(attrs, point pcommon.Map) Rewrite { return p.rewrite(attrs, point, true) }

// RewriteResource is Rewrite for the attributes of a resource. They are not mined: as many words as there are sources
// are no reason to merge all that these have.
func (p *Program) RewriteResource(attrs, point pcommon.Map) Rewrite {
	return p.rewrite(attrs, point, false)
}

func (p *Program) rewrite(attrs, point pcommon.Map, mine bool) Rewrite {
	r := Rewrite{DropSeries: p.always || p.perPoint && p.dropsWithoutLabels(point)}
	for key, value := range attrs.All() {
		c := p.course(key)
		if c == nil {
			continue
		}
		old := value.AsString()
		v := p.judge(c, old, point, mine)
		r.Open = r.Open || v.open
		switch {
		case v.end != nil && v.end.action == DropSeries:
			r.DropSeries = true
		case v.end != nil && v.end.action == Supersede:
			r.Superseded = append(r.Superseded, c.key)
		case v.end != nil && v.end.action == Drop:
			r.Merged = append(r.Merged, Edit{Key: c.key, Remove: true})
		case v.change:
			r.Merged = append(r.Merged, Edit{Key: c.key, Value: strings.Clone(v.value)})
		case v.open:
			r.Merged = append(r.Merged, Edit{Key: c.key, Value: strings.Clone(old)})
		}
	}
	return r
}

// judge asks the memory first, where the value alone decides.
func (p *Program) judge(c *course, value string, point pcommon.Map, mine bool) verdict {
	if !c.byValue || c.byPoint {
		return c.judge(p.set.reader, value, point, mine)
	}
	if v := p.recall(c, value, mine); v != nil {
		return *v
	}
	return p.learn(c, value, mine)
}

// recall returns what is remembered of a value, nil if nothing is.
func (p *Program) recall(c *course, value string, mine bool) *verdict {
	space, memory := c.space(mine), p.set.memory
	return memory.Get(memory.Hash(space, value), space, value, p.set.reader.Generation())
}

// learn judges a value and remembers that.
func (p *Program) learn(c *course, value string, mine bool) verdict {
	generation := p.set.reader.Generation() // before the judgement: what is learned meanwhile makes it old
	v := c.judge(p.set.reader, value, pcommon.Map{}, mine)
	if c.number == 0 {
		return v
	}
	at := sanitize.At[verdict]{Space: c.space(mine), Decision: v}
	if v.open {
		at.Generation = generation
	}
	p.set.memory.Put(p.set.memory.Hash(at.Space, value), value, at)
	return v
}

func (p *Program) dropsWithoutLabels(point pcommon.Map) bool {
	for _, rule := range p.rules {
		if rule.action == DropSeries && len(rule.labels) == 0 && holds(rule.points, point) {
			return true
		}
	}
	return false
}

// course returns what the program may do to the label.
func (p *Program) course(key string) *course {
	front := &p.front[place(key)%keyPlaces]
	if front.key == key && key != "" {
		return front.course
	}
	c := p.find(key)
	if front.key == "" { // who comes first stays: taking turns would cost more than it spares
		*front = known{strings.Clone(key), c}
	}
	return c
}

func (p *Program) find(key string) *course {
	if c, known := p.courses[key]; known {
		return c
	}
	c := p.newCourse(key)
	if len(p.courses) < maxKeys {
		p.courses[strings.Clone(key)] = c
		if c != nil {
			c.number = p.set.courses.Add(1)
		}
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
