package cardinalityprocessor

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/internal/series"
)

// entity is what is remembered of a resource. What each scrape needs comes first, and is mostly all that it needs: the
// data of a target has left the processor's caches when its next scrape comes.
type entity struct {
	class   *class
	variant variant // that was needed first; mostly the only one
	used    series.Generation
	others  []*variant
	trail   trail // of the series whose points were routed
	fate    *fate // that one of them got last
}

// variant is a resource without the labels that were superseded.
type variant struct {
	*removal
	contender *contender
}

// fate is what most routes of an entity have in common.
type fate struct {
	variant   *variant
	contender *contender
	removed   []string // superseded keys of the point
}

// entity returns what is known of the resource.
func (w *walker) entity(resource pcommon.Map) *entity {
	e := w.entities.Get(resource, "", nil, func() *entity {
		e := &entity{class: w.classOf(resource), used: w.generation}
		w.resources++
		return e
	})
	if e.used != w.generation {
		w.renew(e)
	}
	e.class.used = w.generation
	return e
}

// renew counts the routes of an entity among those of this generation, without the ones that are not used any more.
func (w *walker) renew(e *entity) {
	w.routes.before -= len(e.trail.routes)
	e.trail.sweep(w.generation)
	w.routes.now += len(e.trail.routes)
	e.used = w.generation
}

// share returns the one fate that is equal to f, where it is that of the series before.
func (e *entity) share(f *fate) *fate {
	if e.fate == nil || e.fate.variant != f.variant || e.fate.contender != f.contender || !slices.Equal(e.fate.removed, f.removed) {
		e.fate = f
	}
	return e.fate
}

// fits tells whether v, if it is not nil, is the resource as the plan has it.
func (v *variant) fits(p *plan) bool {
	return v != nil && v.removal == p.removal && (v.contender != nil || !p.contend)
}

// variant returns the resource as the plan has it, where points have no say.
func (w *walker) variant(e *entity, p *plan, resource pcommon.Map) *variant {
	if p.contend {
		return w.incarnation(e, p.removal, resource)
	}
	return e.without(e.class.removals[0])
}

// incarnation returns the resource without these keys. Under rules with supersede also one that loses nothing has a
// contender: it is a second writer if another resource becomes equal to it.
func (w *walker) incarnation(e *entity, r *removal, resource pcommon.Map) *variant {
	v := e.without(r)
	if v.contender == nil {
		v.contender = w.contender(resource, r.keys, pcommon.NewMap(), nil)
	}
	return v
}

// without returns the resource without these keys.
func (e *entity) without(r *removal) *variant {
	if e.variant.removal == nil {
		e.variant.removal = r
	}
	if e.variant.removal == r {
		return &e.variant
	}
	for _, v := range e.others {
		if v.removal == r {
			return v
		}
	}
	v := &variant{removal: r}
	e.others = append(e.others, v)
	return v
}
