package cardinalityprocessor

import (
	"context"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/lease"
)

// spent holds the resources of a call of which nothing passes, since whoever lent the call can use them again.
type spent struct {
	places    []int // in the call, ascending
	resources pmetric.ResourceMetricsSlice
}

// add takes a resource from its place.
func (s *spent) add(place int, rm pmetric.ResourceMetrics) {
	if s.places == nil {
		s.resources = pmetric.NewResourceMetricsSlice()
	}
	s.places = append(s.places, place)
	rm.MoveTo(s.resources.AppendEmpty())
}

// giveBack puts the resources where they were among those of md. What a consumer of md did to the others does not matter.
func (s *spent) giveBack(md pmetric.Metrics) {
	all := md.ResourceMetrics()
	passed := all.Len()
	for range s.places {
		all.AppendEmpty()
	}
	for i, left := all.Len()-1, len(s.places)-1; left >= 0; i-- {
		if s.places[left] >= i {
			s.resources.At(left).MoveTo(all.At(i))
			left--
			continue
		}
		passed--
		all.At(passed).MoveTo(all.At(i))
	}
	s.places = nil
}

// pass hands md on and returns it, with what is spent, to whoever lent it, if its last owner returned it.
func (s *spent) pass(ctx context.Context, md pmetric.Metrics, next consumer.Metrics) error {
	switch {
	case len(s.places) == 0:
		if md.ResourceMetrics().Len() == 0 {
			return nil
		}
		return next.ConsumeMetrics(ctx, md)
	case md.ResourceMetrics().Len() > 0:
		within, loan := lease.New(ctx, md)
		if err := next.ConsumeMetrics(within, md); err != nil {
			return err
		}
		if !loan.Returned() {
			return nil
		}
	}
	s.giveBack(md)
	lease.Return(ctx, md)
	return nil
}

// spend absorbs all points of a resource.
func (e *editor) spend(place int, rm pmetric.ResourceMetrics) {
	for _, sm := range rm.ScopeMetrics().All() {
		for _, m := range sm.Metrics().All() {
			e.turn(m)
			if e.step.action == routed {
				e.temporality = temporalityOf(m)
				e.spendPoints(m)
			}
		}
	}
	if e.w.lent {
		e.spent.add(place, rm)
	}
}

func (e *editor) spendPoints(m pmetric.Metric) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		each(m.Gauge().DataPoints(), e.numbers)
	case pmetric.MetricTypeSum:
		each(m.Sum().DataPoints(), e.numbers)
	case pmetric.MetricTypeHistogram:
		each(m.Histogram().DataPoints(), e.histograms)
	case pmetric.MetricTypeExponentialHistogram:
		each(m.ExponentialHistogram().DataPoints(), e.exponentials)
	case pmetric.MetricTypeSummary:
		each(m.Summary().DataPoints(), e.summaries)
	}
}

func each[S points[P], P point[P]](s S, do func(P) bool) {
	for i := range s.Len() {
		do(s.At(i))
	}
}
