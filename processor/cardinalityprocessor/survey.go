package cardinalityprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// action is how the points of a metric are treated.
type action uint8

const (
	passes      action = iota // no one looks at them
	watched                   // all belong to one incarnation
	removed                   // none remains
	exemplified               // likewise or to none, and some have exemplars
	routed                    // each has a route
)

// step is what the survey found out about a metric, for the edit that follows.
type step struct {
	plan    *plan    // nil: the rename stage dropped the metric
	variant *variant // where points have no say
	routes  int32    // index of the first point's route in taken
	action  action
	spent   bool // routed, and no point remains
}

// found is what the survey found out about a resource.
type found struct {
	whole   *variant // of all its metrics, which have no steps then; nil: they must be edited one by one
	watched bool     // where it is whole: its contender has a say
	spent   bool     // nothing passes, and there is something that merges
}

// survey renames, finds out what becomes of each metric, and notes which incarnations the call holds, since who owns an
// output is decided over the whole call. It tells whether nothing is left to do.
func (w *walker) survey(md pmetric.Metrics, t *tally) (unchanged bool) {
	w.steps, w.found, w.taken = w.steps[:0], w.found[:0], w.taken[:0]
	unchanged = true
	plain := w.rules.Empty() && w.aggregator.Stats().Outputs == 0
	for _, rm := range md.ResourceMetrics().All() {
		m := visit{resource: rm.Resource().Attributes()}
		from := len(w.steps)
		for _, sm := range rm.ScopeMetrics().All() {
			m.scope = sm.Scope()
			metrics := sm.Metrics()
			for i := range metrics.Len() {
				m.Metric = metrics.At(i)
				w.steps = append(w.steps, step{})
				w.examine(&m, &w.steps[len(w.steps)-1], plain, t)
			}
		}
		f, passes := conclude(w.steps[from:])
		if f.whole != nil {
			w.steps = w.steps[:from]
		}
		unchanged = unchanged && passes
		w.found = append(w.found, f)
	}
	return unchanged
}

// conclude tells what the steps of a resource have in common.
func conclude(steps []step) (f found, unchanged bool) {
	if len(steps) == 0 {
		return f, true
	}
	first := &steps[0]
	unchanged = true
	same, passing := first.action <= watched, false
	for i := range steps {
		s := &steps[i]
		same = same && s.action == first.action && s.variant == first.variant
		f.spent = f.spent || s.spent
		unchanged = unchanged && s.action == passes
		passing = passing || !s.spent && s.action != removed
	}
	f.spent = f.spent && !passing
	if same {
		f.whole, f.watched = first.variant, first.action == watched
	}
	return f, unchanged
}

// examine leads a metric through rename and rules, and notes in s what it found out. With plain there are no rules.
func (w *walker) examine(m *visit, s *step, plain bool, t *tally) {
	var n *naming
	if w.rename != nil {
		var outcome outcome
		n, outcome = w.rename.apply(m.Metric)
		t.renamed[outcome]++
		if outcome == dropped {
			t.dropped[unmatched] += pointCount(m.Metric)
			s.action = removed
			return
		}
	}
	if plain {
		s.variant = &plainVariant
		return
	}
	if m.entity == nil {
		m.entity = w.entity(m.resource)
		m.plan = &m.entity.class.head
	}
	m.plan = w.plan(m, n)
	if !m.variant.fits(m.plan) {
		m.variant = w.variant(m.entity, m.plan, m.resource)
		m.contends = w.contends(m.variant.contender)
	}
	s.plan, s.variant, s.routes = m.plan, m.variant, int32(len(w.taken))
	switch {
	case m.plan.drop:
		t.dropped[dropSeries] += pointCount(m.Metric)
		s.action = removed
	case m.plan.program != nil || w.hasOutputs(m.plan):
		s.action = w.examinePoints(m)
		s.spent = s.action == routed && !m.passing
	}
}

// plainVariant is any resource where there are no rules.
var plainVariant = variant{removal: &removal{}}

func (w *walker) examinePoints(m *visit) action {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return w.examineNumbers(m, m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		return w.examineNumbers(m, m.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		return examine(w, m, m.Histogram().DataPoints(), &histogramKind)
	case pmetric.MetricTypeExponentialHistogram:
		return examine(w, m, m.ExponentialHistogram().DataPoints(), &exponentialKind)
	case pmetric.MetricTypeSummary:
		return examine(w, m, m.Summary().DataPoints(), &summaryKind)
	}
	return passes
}

// examine decides how the points are treated and notes of which incarnations they are.
func examine[S points[P], P point[P]](w *walker, m *visit, s S, kind *pointKind[P]) action {
	if w.routesAll(m) {
		return routeAll(w, m, s)
	}
	for i := range s.Len() {
		if attrs := s.At(i).Attributes(); attrs.Len() > 0 && touches(m.plan, attrs) {
			return routeAll(w, m, s)
		}
	}
	treated := passes
	for i := range s.Len() {
		p := s.At(i)
		if m.contends {
			w.see(m.variant.contender, p.Timestamp(), p.StartTimestamp(), p.Flags().NoRecordedValue())
			treated = max(treated, watched)
		}
		if kind.exemplars(p).Len() > 0 {
			treated = exemplified
		}
	}
	return treated
}

// examineNumbers is examine for the points that nearly all are, with calls that the compiler knows.
func (w *walker) examineNumbers(m *visit, s pmetric.NumberDataPointSlice) action {
	if w.routesAll(m) {
		return routeAll(w, m, s)
	}
	for i := range s.Len() {
		if attrs := s.At(i).Attributes(); attrs.Len() > 0 && touches(m.plan, attrs) {
			return routeAll(w, m, s)
		}
	}
	treated := passes
	for i := range s.Len() {
		p := s.At(i)
		if m.contends {
			w.see(m.variant.contender, p.Timestamp(), p.StartTimestamp(), p.Flags().NoRecordedValue())
			treated = max(treated, watched)
		}
		if p.Exemplars().Len() > 0 {
			treated = exemplified
		}
	}
	return treated
}

// routeAll gives each point of the metric its route.
func routeAll[S points[P], P point[P]](w *walker, m *visit, s S) action {
	m.shape, m.passing = w.shapeOf(m), false
	for i := range s.Len() {
		p := s.At(i)
		r := w.route(m, p.Attributes())
		w.taken = append(w.taken, r)
		m.passing = m.passing || r.passes()
		if !r.drop && w.contends(r.contender) {
			w.see(r.contender, p.Timestamp(), p.StartTimestamp(), p.Flags().NoRecordedValue())
		}
	}
	return routed
}

// routesAll tells whether points of the metric can differ in what becomes of them, or merge, whatever their attributes.
func (w *walker) routesAll(m *visit) bool {
	program := m.plan.program
	return m.plan.merge || w.hasOutputs(m.plan) ||
		program != nil && (program.PerPoint() || w.pointwise && program.Supersedes())
}

// hasOutputs tells whether a series of the metric may be one that the aggregator makes.
func (w *walker) hasOutputs(p *plan) bool {
	if version := w.aggregator.Version(); p.version != version {
		p.version, p.outputs = version, w.aggregator.HasOutputs(p.name)
	}
	return p.outputs
}

func touches(p *plan, attrs pcommon.Map) bool {
	for key, value := range attrs.All() {
		if p.program.Touches(key, value) {
			return true
		}
	}
	return false
}
