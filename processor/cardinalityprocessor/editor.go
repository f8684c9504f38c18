package cardinalityprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/processor/cardinalityprocessor/internal/aggregate"
)

// editor carries out what the survey found out, in the same order.
type editor struct {
	w     *walker
	batch *aggregate.Batch // nil until a point merges
	tally *tally
	steps []step // that are left, of resources that are not whole
	split splitter
	spent spent

	// Where the edit stands.
	whole       bool // the step is that of all metrics of the resource
	step        step
	metric      pmetric.Metric
	temporality pmetric.AggregationTemporality

	// Made once, since a closure for each metric would be an allocation for each.
	numbers      func(pmetric.NumberDataPoint) bool
	histograms   func(pmetric.HistogramDataPoint) bool
	exponentials func(pmetric.ExponentialHistogramDataPoint) bool
	summaries    func(pmetric.SummaryDataPoint) bool
}

func newEditor(w *walker) *editor {
	e := &editor{w: w}
	e.numbers = func(p pmetric.NumberDataPoint) bool { return editPoint(e, p, &numberKind, numbersOf) }
	e.histograms = func(p pmetric.HistogramDataPoint) bool {
		return editPoint(e, p, &histogramKind, func(m pmetric.Metric) pmetric.HistogramDataPointSlice { return m.Histogram().DataPoints() })
	}
	e.exponentials = func(p pmetric.ExponentialHistogramDataPoint) bool {
		return editPoint(e, p, &exponentialKind, func(m pmetric.Metric) pmetric.ExponentialHistogramDataPointSlice {
			return m.ExponentialHistogram().DataPoints()
		})
	}
	e.summaries = func(p pmetric.SummaryDataPoint) bool {
		return editPoint(e, p, &summaryKind, func(m pmetric.Metric) pmetric.SummaryDataPointSlice { return m.Summary().DataPoints() })
	}
	return e
}

func numbersOf(m pmetric.Metric) pmetric.NumberDataPointSlice {
	if m.Type() == pmetric.MetricTypeSum {
		return m.Sum().DataPoints()
	}
	return m.Gauge().DataPoints()
}

// run edits md and returns the points that merge, nil if there are none.
func (e *editor) run(md pmetric.Metrics, t *tally) *aggregate.Batch {
	e.batch, e.tally, e.steps = nil, t, e.w.steps
	place := -1
	md.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		place++
		f := &e.w.found[place]
		if f.spent {
			e.spend(place, rm)
			return true
		}
		return e.editResource(rm, f)
	})
	e.split.moveTo(md)
	batch := e.batch
	e.batch, e.metric = nil, pmetric.Metric{} // md belongs to the next consumer
	return batch
}

// editResource tells whether the resource goes.
func (e *editor) editResource(rm pmetric.ResourceMetrics, f *found) bool {
	if f.whole != nil && (!f.watched || f.whole.contender.unhindered()) {
		// One check for the entity.
		remove(rm.Resource().Attributes(), f.whole.keys)
		return false
	}
	if e.whole = f.whole != nil; e.whole {
		e.step = step{variant: f.whole, action: watched}
	}
	e.split.begin(rm)
	rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool {
		e.split.scope = sm
		sm.Metrics().RemoveIf(e.editMetric)
		return sm.Metrics().Len() == 0
	})
	e.split.finish()
	e.whole = false
	return rm.ScopeMetrics().Len() == 0
}

// turn goes on to a metric.
func (e *editor) turn(m pmetric.Metric) {
	if e.metric = m; !e.whole {
		e.step, e.steps = e.steps[0], e.steps[1:]
	}
}

// editMetric tells whether the metric goes.
func (e *editor) editMetric(m pmetric.Metric) bool {
	e.turn(m)
	switch e.step.action {
	case removed:
		return true
	case watched, exemplified, routed:
		if e.step.action == watched && e.step.variant.contender.unhindered() {
			break // one check for the entity
		}
		e.temporality = temporalityOf(m)
		if e.editPoints(m); pointCount(m) == 0 {
			return true
		}
	}
	if e.step.action == routed && e.step.plan.program != nil && e.step.plan.program.PerPoint() {
		return false // its points were split one by one
	}
	return e.split.metric(m, e.step.variant)
}

func (e *editor) editPoints(m pmetric.Metric) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		m.Gauge().DataPoints().RemoveIf(e.numbers)
	case pmetric.MetricTypeSum:
		m.Sum().DataPoints().RemoveIf(e.numbers)
	case pmetric.MetricTypeHistogram:
		m.Histogram().DataPoints().RemoveIf(e.histograms)
	case pmetric.MetricTypeExponentialHistogram:
		m.ExponentialHistogram().DataPoints().RemoveIf(e.exponentials)
	case pmetric.MetricTypeSummary:
		m.Summary().DataPoints().RemoveIf(e.summaries)
	}
}

// editPoint tells whether the point goes: it is dropped, merged, or moved to another resource.
func editPoint[S points[P], P point[P]](e *editor, p P, kind *pointKind[P], slice func(pmetric.Metric) S) bool {
	plan := e.step.plan
	var r *route
	c := e.step.variant.contender
	if e.step.action == routed {
		r = e.w.taken[e.step.routes]
		e.step.routes++
		c = r.contender
		if reason, drops := r.drops(); drops {
			e.tally.dropped[reason]++
			return true
		}
	}
	if c != nil && c.call == e.w.call && !admit(e, c, p) {
		return true
	}
	if exemplars := kind.exemplars(p); exemplars.Len() > 0 && plan.program != nil {
		e.editExemplars(plan, p.Attributes(), exemplars)
	}
	if r == nil {
		return false
	}
	if r.merge {
		if e.batch == nil {
			e.batch = e.w.aggregator.Begin()
		}
		kind.put(e.batch, r.ref, p, e.temporality)
		return true
	}
	remove(p.Attributes(), r.removed)
	if plan.program == nil || !plan.program.PerPoint() || e.split.stays(r.variant) {
		return false
	}
	p.MoveTo(slice(e.split.point(e.metric, r.variant)).AppendEmpty())
	return true
}

// passes tells whether points may remain.
func (r *route) passes() bool { return !r.drop && !r.merge && !r.refused }

func (r *route) drops() (reason, bool) {
	switch {
	case r.drop:
		return dropSeries, true
	case r.refused:
		return tooManyInputs, true
	}
	return 0, false
}

// timed is the part of a point that supersede reads and changes.
type timed interface {
	Timestamp() pcommon.Timestamp
	StartTimestamp() pcommon.Timestamp
	SetStartTimestamp(pcommon.Timestamp)
	Flags() pmetric.DataPointFlags
}

// admit lets points of the owner through that are later than all of those before it, and raises their start to that.
func admit[P timed](e *editor, c *contender, p P) bool {
	switch {
	case !c.owns && p.Flags().NoRecordedValue():
		e.tally.dropped[supersededMarker]++
		return false
	case !c.owns:
		e.tally.dropped[superseded]++
		return false
	case p.Timestamp() < c.from:
		e.tally.dropped[overlap]++
		return false
	}
	if start := p.StartTimestamp(); start != 0 && start < c.from {
		p.SetStartTimestamp(c.from)
	}
	return true
}

// editExemplars applies the rules to what exemplars have beyond their point.
func (e *editor) editExemplars(plan *plan, point pcommon.Map, exemplars pmetric.ExemplarSlice) {
	exemplars.RemoveIf(func(x pmetric.Exemplar) bool {
		change := plan.program.Rewrite(x.FilteredAttributes(), point)
		remove(x.FilteredAttributes(), change.Superseded)
		rewrite(x.FilteredAttributes(), change.Merged)
		return change.DropSeries
	})
}
