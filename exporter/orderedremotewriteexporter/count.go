package orderedremotewriteexporter

import "go.opentelemetry.io/collector/pdata/pmetric"

// samplesOf returns how many samples the points of a metric become.
func samplesOf(m pmetric.Metric) int {
	n := 0
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		n = m.Gauge().DataPoints().Len()
	case pmetric.MetricTypeSum:
		n = m.Sum().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		n = m.ExponentialHistogram().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			n += samplesOfHistogram(p)
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			n += samplesOfSummary(p)
		}
	}
	return n
}

// samplesOfHistogram: the finite buckets, +Inf, _count, and _sum if there is one.
func samplesOfHistogram(p pmetric.HistogramDataPoint) int {
	n := finiteBuckets(p) + 2
	if p.HasSum() {
		n++
	}
	return n
}

func finiteBuckets(p pmetric.HistogramDataPoint) int {
	return min(p.ExplicitBounds().Len(), p.BucketCounts().Len())
}

// samplesOfSummary: the quantiles, _sum and _count.
func samplesOfSummary(p pmetric.SummaryDataPoint) int { return p.QuantileValues().Len() + 2 }
