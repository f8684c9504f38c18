package cardinalityprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// action is how the points of a metric are treated.
type action uint8

const (
	passes      action = iota // no one looks at them
	removed                   // none remains
	watched                   // all belong to one incarnation
	exemplified               // likewise or to none, and some have exemplars
	routed                    // each has a route
)

// step is what the survey found out about a metric, for the edit that follows.
type step struct {
	action  action
	routes  int      // index of the first point's route in taken
	spent   bool     // routed, and no point remains
	plan    *plan    // nil: the rename stage dropped the metric
	variant *variant // where points have no say
}

// survey renames, finds out what becomes of each metric, and notes which incarnations the call holds, since who owns an
// output is decided over the whole call. It tells whether nothing is left to do.
func (w *walker) survey(md pmetric.Metrics, t *tally) (unchanged bool) {
	w.steps, w.spent, w.taken = w.steps[:0], w.spent[:0], w.taken[:0]
	unchanged = true
	plain := w.rules.Empty() && w.aggregator.Stats().Outputs == 0
	for _, rm := range md.ResourceMetrics().All() {
		m := visit{resource: rm.Resource().Attributes()}
		passing, merging := false, false
		for _, sm := range rm.ScopeMetrics().All() {
			m.scope = sm.Scope()
			metrics := sm.Metrics()
			for i := range metrics.Len() {
				m.Metric = metrics.At(i)
				s := w.examine(&m, plain, t)
				unchanged = unchanged && s.action == passes
				merging = merging || s.spent
				passing = passing || !s.spent && s.action != removed
				w.steps = append(w.steps, s)
			}
		}
		w.spent = append(w.spent, merging && !passing)
	}
	return unchanged
}

// examine leads a metric through rename and rules. With plain there are no rules.
func (w *walker) examine(m *visit, plain bool, t *tally) step {
	if w.rename != nil {
		outcome := w.rename.apply(m.Metric)
		t.renamed[outcome]++
		if outcome == dropped {
			t.dropped[unmatched] += pointCount(m.Metric)
			return step{action: removed}
		}
	}
	if plain {
		return step{action: passes, variant: &plainVariant}
	}
	if m.entity == nil {
		m.entity = w.entity(m.resource)
		m.plan = &m.entity.class.head
	}
	m.plan = w.plan(m.entity.class, m.plan, m.Name(), m.resource)
	m.variant = w.variant(m.entity, m.plan, m.resource)
	s := step{plan: m.plan, variant: m.variant, routes: len(w.taken)}
	switch {
	case m.plan.drop:
		t.dropped[dropSeries] += pointCount(m.Metric)
		s.action = removed
	case m.plan.program != nil || w.hasOutputs(m.plan):
		s.action = w.examinePoints(m)
		s.spent = s.action == routed && !m.passing
	}
	return s
}

// plainVariant is any resource where there are no rules.
var plainVariant = variant{removal: &removal{}}

func (w *walker) examinePoints(m *visit) action {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return examine(w, m, m.Gauge().DataPoints(), &numberKind)
	case pmetric.MetricTypeSum:
		return examine(w, m, m.Sum().DataPoints(), &numberKind)
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
	if needsRoutes(w, m, s) {
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
	treated := passes
	contends := w.contends(m.variant.contender)
	for i := range s.Len() {
		p := s.At(i)
		if contends {
			w.see(m.variant.contender, p.Timestamp(), p.StartTimestamp(), p.Flags().NoRecordedValue())
			treated = max(treated, watched)
		}
		if kind.exemplars(p).Len() > 0 {
			treated = exemplified
		}
	}
	return treated
}

// needsRoutes tells whether points of the metric can differ in what becomes of them, or merge.
func needsRoutes[S points[P], P point[P]](w *walker, m *visit, s S) bool {
	program := m.plan.program
	if m.plan.merge || w.hasOutputs(m.plan) ||
		program != nil && (program.PerPoint() || w.pointwise && program.Supersedes()) {
		return true
	}
	for i := range s.Len() {
		if attrs := s.At(i).Attributes(); attrs.Len() > 0 && touches(m.plan, attrs) {
			return true
		}
	}
	return false
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
