package cardinalityprocessor

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/internal/series"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// class is what resources have in common whose attributes have the same keys, and the same values, or findings in them,
// where the rules read them: the rules say the same about their metrics. A Flink cluster has as many as it has kinds of entities, so what
// passes through costs memory by its names, not by its series.
type class struct {
	head     plan             // stands before the first metric of a resource
	plans    map[string]*plan // by metric name
	removals []*removal       // the first removes nothing
	used     series.Generation
}

// removal is a set of superseded keys, sorted.
type removal struct{ keys []string }

// plan is what the rules say about a metric of a class.
type plan struct {
	name    string
	naming  *naming        // that gave a metric this name last
	program *rules.Program // nil: no rule concerns the metric
	drop    bool           // all its points
	merge   bool           // all its points: a label of the resource goes or changes
	contend bool           // its resource is an incarnation; where points have no say
	removal *removal       // likewise
	id      uint64
	shapes  []*shape // of the metric when its points were routed
	next    *plan    // of the metric that came after it last
	outputs bool     // the aggregator makes series of its name, as of
	version uint64   // of the aggregator
}

// classOf returns the class of a resource.
func (w *walker) classOf(resource pcommon.Map) *class {
	var labels [][2]string
	for key, value := range resource.All() {
		labels = append(labels, [2]string{key, w.rules.Reads(key, value.AsString())})
	}
	key := string(canonical(labels))
	c, known := w.classes[key]
	if !known {
		c = &class{plans: map[string]*plan{}, removals: []*removal{{}}}
		w.classes[key] = c
	}
	return c
}

// plan returns what becomes of the metric of this name that comes after the one of last. Scrapes bring the metrics of
// all resources of a class in the same order, so what came there last time is tried first.
func (w *walker) plan(m *visit, n *naming) *plan {
	last := m.plan
	if p := last.next; p != nil && n != nil && p.naming == n {
		return p
	}
	p := last.next
	if name := m.Name(); p == nil || p.name != name {
		p = w.planOf(m.entity.class, name, m.resource)
		last.next = p
	}
	if n != nil && n.raw != "" { // it is remembered
		p.naming = n
	}
	return p
}

func (w *walker) planOf(c *class, name string, resource pcommon.Map) *plan {
	p, known := c.plans[name]
	if !known {
		p = w.newPlan(c, strings.Clone(name), resource)
		c.plans[p.name] = p
		w.plans++
	}
	return p
}

func (w *walker) newPlan(c *class, name string, resource pcommon.Map) *plan {
	w.newest++
	p := &plan{name: name, id: w.newest, program: w.rules.Program(name, resource), removal: c.removals[0]}
	if p.program == nil || p.program.PerPoint() {
		return p
	}
	rewrite := p.program.RewriteResource(resource, pcommon.NewMap())
	p.drop, p.merge, p.contend = rewrite.DropSeries, len(rewrite.Merged) > 0, p.program.Supersedes()
	p.removal = c.removal(rewrite.Superseded)
	return p
}

// removal returns the one set of these keys, which it sorts.
func (c *class) removal(keys []string) *removal {
	slices.Sort(keys)
	for _, r := range c.removals {
		if slices.Equal(r.keys, keys) {
			return r
		}
	}
	r := &removal{keys: keys}
	c.removals = append(c.removals, r)
	return r
}
