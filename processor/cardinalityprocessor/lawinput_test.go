package cardinalityprocessor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// lawInput is a series that merges.
type lawInput struct {
	metric string
	zone   string // on the resource; labels are those of the point
	labels map[string]string
	delta  bool
	passes bool // it is not touched, and does not begin anew
	start  time.Time
	at     time.Time
	value  float64
}

// inputOfLaw is the input of that number before its first point.
func inputOfLaw(i int) lawInput {
	in := lawInput{metric: "cumulative", labels: map[string]string{"input": fmt.Sprint(i)}, zone: fmt.Sprint(i % 2)}
	if in.delta = i >= 4; in.delta {
		in.metric = "delta"
	}
	return in
}

func metricsOfLaw(points []lawPoint) pmetric.Metrics {
	md := pmetric.NewMetrics()
	for _, point := range points {
		rm := md.ResourceMetrics().AppendEmpty()
		rm.Resource().Attributes().PutStr("zone", point.zone)
		m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName(point.metric)
		point.put(m)
	}
	return md
}

// put writes the point; its metric says of which type it is.
func (in *lawInput) put(m pmetric.Metric) {
	temporality := pmetric.AggregationTemporalityCumulative
	if in.delta {
		temporality = pmetric.AggregationTemporalityDelta
	}
	var written interface {
		Attributes() pcommon.Map
		SetTimestamp(pcommon.Timestamp)
		SetStartTimestamp(pcommon.Timestamp)
	}
	switch in.metric {
	case "queue_length":
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetDoubleValue(in.value)
		written = p
	case "latency":
		m.SetEmptyHistogram().SetAggregationTemporality(temporality)
		p := m.Histogram().DataPoints().AppendEmpty()
		p.SetCount(uint64(in.value))
		p.SetSum(in.value)
		p.ExplicitBounds().FromRaw([]float64{1})
		p.BucketCounts().FromRaw([]uint64{uint64(in.value), 0})
		written = p
	default:
		m.SetEmptySum().SetIsMonotonic(true)
		m.Sum().SetAggregationTemporality(temporality)
		p := m.Sum().DataPoints().AppendEmpty()
		p.SetDoubleValue(in.value)
		written = p
	}
	for key, value := range in.labels {
		written.Attributes().PutStr(key, value)
	}
	written.SetTimestamp(pcommon.NewTimestampFromTime(in.at))
	written.SetStartTimestamp(pcommon.NewTimestampFromTime(in.start))
}

func labelsOfLaw(maps ...pcommon.Map) string {
	var labels []string
	for _, m := range maps {
		for key, value := range m.All() {
			labels = append(labels, key+"="+value.AsString())
		}
	}
	slices.Sort(labels)
	return strings.Join(labels, ",")
}
