package cardinalityprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// entity is what is remembered of a resource.
type entity struct {
	class    *class
	variants []*variant // the first is the resource as it is
	hash     routeKey   // its part of the key of a route
}

// variant is a resource without the labels that were superseded.
type variant struct {
	*removal
	contender *contender
}

// entity returns what is known of the resource.
func (w *walker) entity(resource pcommon.Map) *entity {
	e := w.entities.Get(resource, "", nil, func() *entity {
		e := &entity{class: w.classOf(resource)}
		e.variants = []*variant{{removal: e.class.removals[0]}}
		w.newest++
		w.hasher.number(&e.hash, "entity", w.newest)
		w.resources++
		return e
	})
	e.class.used = w.generation
	return e
}

// variant returns the resource as the plan has it, where points have no say.
func (w *walker) variant(e *entity, p *plan, resource pcommon.Map) *variant {
	if p.contend {
		return w.incarnation(e, p.removal, resource)
	}
	return e.variants[0]
}

// incarnation returns the resource without these keys. Under rules with supersede also one that loses nothing has a
// contender: it is a second writer if another resource becomes equal to it.
func (w *walker) incarnation(e *entity, r *removal, resource pcommon.Map) *variant {
	for _, v := range e.variants {
		if v.removal == r {
			if v.contender == nil {
				v.contender = w.contender(resource, r.keys, pcommon.NewMap(), nil)
			}
			return v
		}
	}
	v := &variant{removal: r, contender: w.contender(resource, r.keys, pcommon.NewMap(), nil)}
	e.variants = append(e.variants, v)
	return v
}
