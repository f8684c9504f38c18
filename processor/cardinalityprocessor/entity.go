package cardinalityprocessor

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// entity is what is remembered of a resource.
type entity struct {
	order    []*plan          // of its metrics, as they came last
	plans    map[string]*plan // by metric name
	variants []*variant       // the first is the resource as it is
}

// maxOrder bounds how many metrics of a resource are found without looking them up.
const maxOrder = 16_384

// variant is a resource without the labels that were superseded.
type variant struct {
	removed   []string // keys, sorted
	contender *contender
}

// entity returns what is known of the resource.
func (w *walker) entity(resource pcommon.Map) *entity {
	return w.entities.Get(resource, "", nil, func() *entity {
		return &entity{plans: map[string]*plan{}, variants: []*variant{{}}}
	})
}

// plan returns what becomes of a metric. Scrapes come in the same order, so the place of the last call is tried first.
func (w *walker) plan(e *entity, place int, name string, resource pcommon.Map) *plan {
	if place < len(e.order) && e.order[place].name == name {
		return e.order[place]
	}
	p, known := e.plans[name]
	if !known {
		p = w.newPlan(e, w.intern(name), resource)
		e.plans[p.name] = p
		w.plans++
	}
	switch {
	case place < len(e.order):
		e.order[place] = p
	case place == len(e.order) && place < maxOrder:
		e.order = append(e.order, p)
	}
	return p
}

// variant returns the resource without these keys, sorted. Under rules with supersede also one that loses nothing has
// a contender: it is a second writer if another resource becomes equal to it.
func (w *walker) variant(e *entity, resource pcommon.Map, removed []string) *variant {
	for _, v := range e.variants {
		if slices.Equal(v.removed, removed) {
			if v.contender == nil {
				v.contender = w.contender(resource, removed, pcommon.NewMap(), nil)
			}
			return v
		}
	}
	v := &variant{removed: removed, contender: w.contender(resource, removed, pcommon.NewMap(), nil)}
	e.variants = append(e.variants, v)
	return v
}

// plan is what the rules say about a metric of an entity.
type plan struct {
	name    string
	program *rules.Program // nil: no rule concerns the metric
	drop    bool           // all its points
	merge   bool           // all its points: a label of the resource goes or changes
	variant *variant       // where points have no say
	id      uint64
	shape   *shape // of the metric when its points were routed last
}

func (w *walker) newPlan(e *entity, name string, resource pcommon.Map) *plan {
	w.planID++
	p := &plan{name: name, id: w.planID, program: w.rules.Program(name, resource), variant: e.variants[0]}
	if p.program == nil || p.program.PerPoint() {
		return p
	}
	rewrite := p.program.Rewrite(resource, pcommon.NewMap())
	p.drop, p.merge = rewrite.DropSeries, len(rewrite.Merged) > 0
	if p.program.Supersedes() {
		slices.Sort(rewrite.Superseded)
		p.variant = w.variant(e, resource, rewrite.Superseded)
	}
	return p
}
