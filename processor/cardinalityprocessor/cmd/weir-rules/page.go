package main

import (
	"cmp"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/flinkname"
)

// readPage turns a page into metrics as Weir's receiver has them: labels of a Flink entity, job and instance stand on the
// resource, all others on the points.
func readPage(_ *options, text io.Reader, b *builder) error {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(text)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		family := families[name]
		for _, sample := range family.GetMetric() {
			b.sample(family, sample)
		}
	}
	return nil
}

func (b *builder) sample(family *dto.MetricFamily, sample *dto.Metric) {
	labels := slices.SortedFunc(slices.Values(sample.GetLabel()), func(a, b *dto.LabelPair) int {
		return cmp.Compare(a.GetName(), b.GetName())
	})
	var own []string
	beyond := pcommon.NewMap()
	flink := strings.HasPrefix(family.GetName(), "flink_")
	for _, l := range labels {
		if key, ok := resourceKey(l.GetName(), flink); ok {
			own = append(own, key, l.GetValue())
		} else {
			beyond.PutStr(l.GetName(), l.GetValue())
		}
	}
	m := b.resource(own).metric(family.GetName(), func(m pmetric.Metric) {
		m.SetDescription(family.GetHelp())
		prepare(m, family.GetType())
	})
	at := b.now
	if sample.TimestampMs != nil {
		at = pcommon.Timestamp(sample.GetTimestampMs() * 1e6)
	}
	addPoint(m, sample, at, beyond)
}

// resourceKey returns the key that a label of the resource has there.
func resourceKey(label string, flink bool) (string, bool) {
	switch {
	case label == "job":
		return "service.name", true
	case label == "instance":
		return "service.instance.id", true
	case flink && label == "host":
		return "host.name", true
	}
	return label, flink && flinkname.IsEntityLabel(label)
}

// prepare gives a metric its type.
func prepare(m pmetric.Metric, kind dto.MetricType) {
	switch kind {
	case dto.MetricType_COUNTER:
		m.SetEmptySum().SetIsMonotonic(true)
		m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	case dto.MetricType_HISTOGRAM, dto.MetricType_GAUGE_HISTOGRAM:
		m.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	case dto.MetricType_SUMMARY:
		m.SetEmptySummary()
	default:
		m.SetEmptyGauge()
	}
}

func addPoint(m pmetric.Metric, sample *dto.Metric, at pcommon.Timestamp, labels pcommon.Map) {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		addNumber(m.Sum().DataPoints().AppendEmpty(), sample.GetCounter().GetValue(), at, labels)
	case pmetric.MetricTypeHistogram:
		p := m.Histogram().DataPoints().AppendEmpty()
		p.SetTimestamp(at)
		labels.MoveTo(p.Attributes())
		fillBuckets(p, sample.GetHistogram())
	case pmetric.MetricTypeSummary:
		p := m.Summary().DataPoints().AppendEmpty()
		p.SetTimestamp(at)
		labels.MoveTo(p.Attributes())
		p.SetCount(sample.GetSummary().GetSampleCount())
		p.SetSum(sample.GetSummary().GetSampleSum())
		for _, q := range sample.GetSummary().GetQuantile() {
			v := p.QuantileValues().AppendEmpty()
			v.SetQuantile(q.GetQuantile())
			v.SetValue(q.GetValue())
		}
	default:
		value := sample.GetGauge().GetValue()
		if sample.GetUntyped() != nil {
			value = sample.GetUntyped().GetValue()
		}
		addNumber(m.Gauge().DataPoints().AppendEmpty(), value, at, labels)
	}
}

func addNumber(p pmetric.NumberDataPoint, value float64, at pcommon.Timestamp, labels pcommon.Map) {
	p.SetTimestamp(at)
	p.SetDoubleValue(value)
	labels.MoveTo(p.Attributes())
}

// fillBuckets takes the counts of buckets apart, which add up in the text format.
func fillBuckets(p pmetric.HistogramDataPoint, h *dto.Histogram) {
	p.SetCount(h.GetSampleCount())
	p.SetSum(h.GetSampleSum())
	var below uint64
	for _, b := range h.GetBucket() {
		if bound := b.GetUpperBound(); !math.IsInf(bound, 1) {
			p.ExplicitBounds().Append(bound)
			p.BucketCounts().Append(b.GetCumulativeCount() - below)
			below = b.GetCumulativeCount()
		}
	}
	p.BucketCounts().Append(h.GetSampleCount() - below)
}
