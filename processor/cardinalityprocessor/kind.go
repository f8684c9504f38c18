package cardinalityprocessor

import (
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/flinkname"
)

// setKind makes m the kind that the table says. The points move over as they are: values, attributes, start times,
// flags and exemplars. Only gauges and cumulative sums change places, since both carry the present value. A delta point
// carries a difference, which no relabelling turns into a total, so delta sums keep their kind and temporality; so do
// summaries and histograms.
func setKind(m pmetric.Metric, kind flinkname.Kind) {
	switch kind {
	case flinkname.Sum:
		if m.Type() == pmetric.MetricTypeGauge {
			gaugeToSum(m)
		}
		if isCumulativeSum(m) {
			m.Sum().SetIsMonotonic(true)
		}
	case flinkname.Gauge:
		if isCumulativeSum(m) {
			sumToGauge(m)
		}
	}
}

func isCumulativeSum(m pmetric.Metric) bool {
	return m.Type() == pmetric.MetricTypeSum &&
		m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityCumulative
}

func gaugeToSum(m pmetric.Metric) {
	forgetScrapedType(m)
	points := m.Gauge().DataPoints()
	sum := m.SetEmptySum()
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	points.MoveAndAppendTo(sum.DataPoints())
}

func sumToGauge(m pmetric.Metric) {
	forgetScrapedType(m)
	points := m.Sum().DataPoints()
	points.MoveAndAppendTo(m.SetEmptyGauge().DataPoints())
}

// forgetScrapedType removes what a Prometheus receiver noted as the type of the exposition (gauge, unknown). It is
// wrong from now on, and some exporters trust it more than the type itself.
func forgetScrapedType(m pmetric.Metric) { m.Metadata().Remove("prometheus.type") }
