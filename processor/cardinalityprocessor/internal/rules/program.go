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
	number    uint32 // in its set
	rules     []*compiled
	always    bool // a drop_series without labels
	perPoint  bool // match.labels stands somewhere: attributes of the point decide
	supersede bool
	byName    bool               // labels are texts: rules that end are for those they name
	courses   map[string]*course // by key; nil: no rule touches it
	front     [places]known      // of courses
	text      *TextProgram       // of it, once asked for; the set's mutex guards it
}

// places and maxStays bound what is remembered without hashing: the keys, and for each key the values, that came first.
const (
	places   = 64
	maxStays = 64 // bytes of a value
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

// newProgram is called with the set's mutex held.
func (s *Set) newProgram(rules []*compiled) *Program {
	s.numbers++
	p := &Program{set: s, number: s.numbers, rules: rules, courses: map[string]*course{}}
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

// DropsAll tells whether no point of the metric remains.
func (p *Program) DropsAll() bool { return p.always }

// Touches tells whether a rule may change the attribute of a point or drop its series.
func (p *Program) Touches(key string, value pcommon.Value) bool {
	c := p.course(key)
	switch {
	case c == nil:
		return false
	case c.byPoint || !c.byValue:
		return true
	}
	if value.Type() == pcommon.ValueTypeStr && c.stays[place(value.Str())%places] == value.Str() && value.Str() != "" {
		return false
	}
	if value.Type() == pcommon.ValueTypeInt {
		var room [20]byte // a text on the stack is enough to remember by
		if v, known := p.recall(c, string(strconv.AppendInt(room[:0], value.Int(), 10))); known {
			return v.touches()
		}
	}
	text := value.AsString()
	v := p.judge(c, text, pcommon.Map{}, true)
	if at := place(text) % places; !v.touches() && c.stays[at] == "" && len(text) <= maxStays {
		c.stays[at] = strings.Clone(text)
	}
	return v.touches()
}

// recall is what judge remembers of the value of a point.
func (p *Program) recall(c *course, value string) (verdict, bool) {
	space := p.space(true)
	return p.set.memory.Get(p.set.memory.Hash(space, c.key, value), space, c.key, value, p.set.reader.Generation())
}

// space tells apart what is remembered for this program, and for resources and what they have.
func (p *Program) space(mine bool) uint32 {
	if mine {
		return p.number<<1 + 1
	}
	return p.number << 1
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

// judge asks the memory first.
func (p *Program) judge(c *course, value string, point pcommon.Map, mine bool) verdict {
	if !c.byValue || c.byPoint {
		return c.judge(p.set.reader, value, point, mine)
	}
	space, memory := p.space(mine), p.set.memory
	generation := p.set.reader.Generation() // before the judgement: what is learned meanwhile makes it old
	hash := memory.Hash(space, c.key, value)
	if v, known := memory.Get(hash, space, c.key, value, generation); known {
		return v
	}
	v := c.judge(p.set.reader, value, point, mine)
	at := sanitize.At[verdict]{Space: space, Key: c.key, Decision: v}
	if v.open {
		at.Generation = generation
	}
	memory.Put(hash, value, at)
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
	front := &p.front[place(key)%places]
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
