package cardinalityprocessor

import (
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// splitter gives each variant of a resource its metrics. The first variant that keeps a metric is edited in place, which
// is all that happens where every metric of a resource loses the same labels; metrics of others move to new resources.
// No point is copied.
type splitter struct {
	rm      pmetric.ResourceMetrics
	scope   pmetric.ScopeMetrics
	primary *variant // nil: none yet
	parts   []part
	moved   pmetric.ResourceMetricsSlice
}

// part is a new resource.
type part struct {
	variant *variant
	rm      pmetric.ResourceMetrics
	// The last scope and metric that moved there, and where they came from.
	fromScope, scope   pmetric.ScopeMetrics
	fromMetric, metric pmetric.Metric
}

func (s *splitter) begin(rm pmetric.ResourceMetrics) {
	s.rm, s.primary = rm, nil
}

// finish takes the labels of the resource that stays.
func (s *splitter) finish() {
	if s.primary != nil {
		remove(s.rm.Resource().Attributes(), s.primary.keys)
	}
	clear(s.parts)
	s.parts = s.parts[:0]
}

// moveTo appends the new resources to md.
func (s *splitter) moveTo(md pmetric.Metrics) {
	if s.moved != (pmetric.ResourceMetricsSlice{}) {
		s.moved.MoveAndAppendTo(md.ResourceMetrics())
	}
	*s = splitter{parts: s.parts}
}

// stays tells whether what belongs to the variant stays where it is.
func (s *splitter) stays(v *variant) bool {
	if s.primary == nil {
		s.primary = v
	}
	return s.primary == v
}

// metric tells whether the metric has moved.
func (s *splitter) metric(m pmetric.Metric, v *variant) bool {
	if s.stays(v) {
		return false
	}
	m.MoveTo(s.part(v).scope.Metrics().AppendEmpty())
	return true
}

// point returns the metric to which a point of m moves.
func (s *splitter) point(m pmetric.Metric, v *variant) pmetric.Metric {
	p := s.part(v)
	if p.fromMetric != m {
		p.fromMetric, p.metric = m, p.scope.Metrics().AppendEmpty()
		copyHead(m, p.metric)
	}
	return p.metric
}

// part returns the new resource of a variant, with the present scope.
func (s *splitter) part(v *variant) *part {
	p := s.find(v)
	if p.fromScope != s.scope {
		p.fromScope, p.scope = s.scope, p.rm.ScopeMetrics().AppendEmpty()
		s.scope.Scope().CopyTo(p.scope.Scope())
		p.scope.SetSchemaUrl(s.scope.SchemaUrl())
	}
	return p
}

func (s *splitter) find(v *variant) *part {
	for i := range s.parts {
		if s.parts[i].variant == v {
			return &s.parts[i]
		}
	}
	if s.moved == (pmetric.ResourceMetricsSlice{}) {
		s.moved = pmetric.NewResourceMetricsSlice()
	}
	rm := s.moved.AppendEmpty()
	s.rm.Resource().CopyTo(rm.Resource())
	remove(rm.Resource().Attributes(), v.keys)
	rm.SetSchemaUrl(s.rm.SchemaUrl())
	s.parts = append(s.parts, part{variant: v, rm: rm})
	return &s.parts[len(s.parts)-1]
}

// copyHead copies all but the points.
func copyHead(from, to pmetric.Metric) {
	to.SetName(from.Name())
	to.SetDescription(from.Description())
	to.SetUnit(from.Unit())
	from.Metadata().CopyTo(to.Metadata())
	switch from.Type() {
	case pmetric.MetricTypeGauge:
		to.SetEmptyGauge()
	case pmetric.MetricTypeSum:
		sum := to.SetEmptySum()
		sum.SetIsMonotonic(from.Sum().IsMonotonic())
		sum.SetAggregationTemporality(from.Sum().AggregationTemporality())
	case pmetric.MetricTypeHistogram:
		to.SetEmptyHistogram().SetAggregationTemporality(from.Histogram().AggregationTemporality())
	case pmetric.MetricTypeExponentialHistogram:
		to.SetEmptyExponentialHistogram().SetAggregationTemporality(from.ExponentialHistogram().AggregationTemporality())
	case pmetric.MetricTypeSummary:
		to.SetEmptySummary()
	}
}
