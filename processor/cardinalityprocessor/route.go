package cardinalityprocessor

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/series"
	"weir.example/processor/cardinalityprocessor/internal/aggregate"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// refusal is after how many seconds a series that found no room is tried again.
const refusal = 10

// route is what becomes of the points of one series, in 64 bytes.
type route struct {
	*fate
	key     routeKey
	own     aggregate.ID  // identity after supersede, before the other rules
	ref     aggregate.Ref // where merge is set
	since   uint32        // of refused: Unix seconds; of ref: see refGeneration; else the aggregator's version
	after   int32         // place in the trail of the route that came after it last
	used    series.Generation
	drop    bool
	merge   bool
	open    bool // it merges as mined templates say, which may become wider
	refused bool // there was no room for its input
}

// shape is what the identity of a series has besides resource, name and attributes.
type shape struct {
	scope, version, unit string
	kind                 pmetric.MetricType
	monotonic            bool
	hash                 routeKey // of it and of its plan
}

// maxShapes bounds how many shapes of one metric are remembered.
const maxShapes = 16

// visit is where the walk stands: a metric and what it belongs to.
type visit struct {
	pmetric.Metric
	entity   *entity
	plan     *plan
	variant  *variant
	contends bool // the variant's contender must be asked for
	resource pcommon.Map
	scope    pcommon.InstrumentationScope
	shape    *shape // of a metric whose points are routed
	passing  bool   // likewise: some of them may remain
}

func (m *visit) monotonic() bool {
	return m.Type() == pmetric.MetricTypeSum && m.Sum().IsMonotonic()
}

func (s *shape) fits(m *visit) bool {
	return s.scope == m.scope.Name() && s.version == m.scope.Version() && s.unit == m.Unit() &&
		s.kind == m.Type() && s.monotonic == m.monotonic()
}

// shapeOf returns the shape of a metric, mostly the only one of its plan.
func (w *walker) shapeOf(m *visit) *shape {
	for _, s := range m.plan.shapes {
		if s.fits(m) {
			return s
		}
	}
	if len(m.plan.shapes) == maxShapes {
		m.plan.shapes = nil
	}
	s := &shape{
		scope: strings.Clone(m.scope.Name()), version: strings.Clone(m.scope.Version()), unit: strings.Clone(m.Unit()),
		kind: m.Type(), monotonic: m.monotonic(),
	}
	w.hasher.number(&s.hash, "plan", m.plan.id)
	w.hasher.label(&s.hash, "scope", s.scope)
	w.hasher.label(&s.hash, "version", s.version)
	w.hasher.label(&s.hash, "unit", s.unit)
	w.hasher.number(&s.hash, "kind", uint64(s.kind))
	if s.monotonic {
		w.hasher.number(&s.hash, "monotonic", 1)
	}
	m.plan.shapes = append(m.plan.shapes, s)
	return s
}

// route returns what becomes of a point of the metric.
func (w *walker) route(m *visit, point pcommon.Map) *route {
	key := m.shape.hash
	if point.Len() > 0 {
		for k, v := range point.All() {
			w.hasher.label(&key, k, v.AsString())
		}
	}
	r, known := m.entity.trail.find(key)
	if !known {
		w.routes.now++
	}
	if !known || w.stale(r) {
		w.lead(r, m, point)
	}
	r.used = w.generation
	return r
}

// stale tells whether a route must be found anew: the aggregator forgot its input, or made an output of its series.
func (w *walker) stale(r *route) bool {
	switch {
	case r.drop:
		return false
	case r.refused:
		return uint32(w.now().Unix())-r.since > refusal
	case r.merge:
		return r.since != w.refGeneration(r, w.rules.Generation())
	case r.since == uint32(w.aggregator.Version()):
		return false
	}
	r.since = uint32(w.aggregator.Version())
	return w.aggregator.HasOutput(r.own)
}

// lead finds out what becomes of a series.
func (w *walker) lead(r *route, m *visit, point pcommon.Map) {
	resource, attributes := pcommon.NewMap(), pcommon.NewMap()
	m.resource.CopyTo(resource)
	point.CopyTo(attributes)
	var onResource, onPoint rules.Rewrite
	f := fate{variant: m.variant}
	defer func() { r.fate = m.entity.share(&f) }()
	learned := w.rules.Generation() // before the rules are asked: what they learn meanwhile makes the route stale
	if program := m.plan.program; program != nil {
		onResource, onPoint = program.RewriteResource(resource, point), program.Rewrite(attributes, point)
		if r.drop = onResource.DropSeries || onPoint.DropSeries; r.drop {
			return
		}
		r.open = onPoint.Open
		if program.Supersedes() {
			f = w.contend(m, onResource.Superseded, onPoint.Superseded, point)
		}
	}
	remove(resource, onResource.Superseded)
	remove(attributes, onPoint.Superseded)
	series := aggregate.Output{
		Resource: resource, Attributes: attributes, ScopeName: m.scope.Name(), ScopeVersion: m.scope.Version(),
		Name: m.plan.name, Description: m.Description(), Unit: m.Unit(), Type: m.Type(), Monotonic: m.monotonic(),
	}
	r.own, r.refused = series.ID(), false
	if r.merge = len(onResource.Merged)+len(onPoint.Merged) > 0 || w.aggregator.HasOutput(r.own); !r.merge {
		r.since = uint32(w.aggregator.Version())
		return
	}
	series.Function = w.functionOf(m.plan.name, attributes)
	rewrite(resource, onResource.Merged)
	rewrite(attributes, onPoint.Merged)
	ref, err := w.aggregator.Resolve(r.own, &series)
	if err != nil {
		r.refused, r.since = true, uint32(w.now().Unix())
		return
	}
	r.ref, r.since = ref, w.refGeneration(r, learned)
}

// refGeneration changes when the ref of a route must be asked for again. Both parts only rise, so equal sums are equal parts.
func (w *walker) refGeneration(r *route, learned uint64) uint32 {
	if !r.open {
		learned = 0
	}
	return uint32(w.aggregator.Generation() + learned)
}

// contend finds the incarnation that a series is of.
func (w *walker) contend(m *visit, onResource, onPoint []string, point pcommon.Map) fate {
	slices.Sort(onPoint)
	f := fate{variant: w.incarnation(m.entity, m.entity.class.removal(onResource), m.resource), removed: onPoint}
	f.contender = f.variant.contender
	w.pointwise = w.pointwise || len(onPoint) > 0
	if len(onPoint) > 0 || w.pointwise && len(onResource) == 0 {
		f.contender = w.contender(m.resource, onResource, point, onPoint)
	}
	return f
}

// functionOf decides before rules take the quantile away: what is left is still a set of quantiles.
func (w *walker) functionOf(name string, attributes pcommon.Map) aggregate.Function {
	if _, quantile := attributes.Get(aggregate.QuantileAttribute); quantile {
		return aggregate.Max
	}
	return w.function(name)
}

func remove(attrs pcommon.Map, keys []string) {
	if len(keys) > 0 {
		attrs.RemoveIf(func(key string, _ pcommon.Value) bool { return slices.Contains(keys, key) })
	}
}

func rewrite(attrs pcommon.Map, edits []rules.Edit) {
	for i := range edits {
		if edits[i].Remove {
			attrs.Remove(edits[i].Key)
		} else {
			attrs.PutStr(edits[i].Key, edits[i].Value)
		}
	}
}

// routeKey stands for a series. Its 128 bits depend on random seeds, so that no one can make two series meet.
type routeKey [2]uint64

// hasher adds up hashes of labels, in any order.
type hasher struct{ keys, values [2]maphash.Seed }

func newHasher() (h hasher) {
	for i := range h.keys {
		h.keys[i], h.values[i] = maphash.MakeSeed(), maphash.MakeSeed()
	}
	return h
}

func (h *hasher) label(sum *routeKey, key, value string) {
	for i := range sum {
		sum[i] += fold(maphash.String(h.keys[i], key), maphash.String(h.values[i], value))
	}
}

func (h *hasher) number(sum *routeKey, key string, value uint64) {
	for i := range sum {
		sum[i] += fold(maphash.String(h.keys[i], key), maphash.Comparable(h.values[i], value))
	}
}

func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b|1)
	return high ^ low
}
