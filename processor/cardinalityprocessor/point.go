package cardinalityprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/processor/cardinalityprocessor/internal/aggregate"
)

// point is what the data points of all metric types have in common.
type point[P any] interface {
	Attributes() pcommon.Map
	Timestamp() pcommon.Timestamp
	StartTimestamp() pcommon.Timestamp
	SetStartTimestamp(pcommon.Timestamp)
	Flags() pmetric.DataPointFlags
	MoveTo(P)
}

// points is a slice of them.
type points[P any] interface {
	Len() int
	At(int) P
	AppendEmpty() P
}

// pointKind is what they differ in.
type pointKind[P any] struct {
	exemplars func(P) pmetric.ExemplarSlice
	put       func(*aggregate.Batch, aggregate.Ref, P, pmetric.AggregationTemporality)
}

var (
	numberKind      = pointKind[pmetric.NumberDataPoint]{pmetric.NumberDataPoint.Exemplars, (*aggregate.Batch).Number}
	histogramKind   = pointKind[pmetric.HistogramDataPoint]{pmetric.HistogramDataPoint.Exemplars, (*aggregate.Batch).Histogram}
	exponentialKind = pointKind[pmetric.ExponentialHistogramDataPoint]{
		pmetric.ExponentialHistogramDataPoint.Exemplars, (*aggregate.Batch).Exponential,
	}
	summaryKind = pointKind[pmetric.SummaryDataPoint]{
		func(pmetric.SummaryDataPoint) pmetric.ExemplarSlice { return noExemplars },
		func(b *aggregate.Batch, ref aggregate.Ref, p pmetric.SummaryDataPoint, _ pmetric.AggregationTemporality) {
			b.Summary(ref, p)
		},
	}
	noExemplars = pmetric.NewExemplarSlice()
)

func pointCount(m pmetric.Metric) int {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return m.Gauge().DataPoints().Len()
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints().Len()
	case pmetric.MetricTypeSummary:
		return m.Summary().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().DataPoints().Len()
	default:
		return 0
	}
}

func temporalityOf(m pmetric.Metric) pmetric.AggregationTemporality {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().AggregationTemporality()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().AggregationTemporality()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().AggregationTemporality()
	default:
		return pmetric.AggregationTemporalityUnspecified
	}
}
