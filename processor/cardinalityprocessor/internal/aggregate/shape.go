package aggregate

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// shape is the total of an output that is a histogram or a summary.
type shape struct {
	count         uint64
	sum           amount
	layout        *layout // explicit
	buckets       []uint64
	isExponential bool
	exponent      exponent
}

// copyTo copies into the room of an earlier copy.
func (s *shape) copyTo(to *shape) *shape {
	if to == nil {
		to = &shape{}
	}
	to.count, to.sum, to.layout, to.isExponential = s.count, s.sum, s.layout, s.isExponential
	to.buckets = append(to.buckets[:0], s.buckets...)
	s.exponent.copyTo(&to.exponent)
	return to
}

func (o *output) renderHistogram(p pmetric.HistogramDataPoint, at pcommon.Timestamp) {
	putMap(o.attributes, p.Attributes())
	p.SetTimestamp(at)
	p.SetStartTimestamp(o.start)
	if o.emitted.form == showStale {
		p.SetFlags(p.Flags().WithNoRecordedValue(true))
		return
	}
	s := o.emitted.shape
	p.SetCount(s.count)
	if !o.emitted.noSum {
		p.SetSum(s.sum.float())
	}
	if s.layout != nil {
		p.ExplicitBounds().FromRaw(s.layout.bounds)
		p.BucketCounts().FromRaw(s.buckets)
	}
	renderExemplars(o.emitted.exemplars, p.Exemplars())
}

func (o *output) renderSummary(p pmetric.SummaryDataPoint, at pcommon.Timestamp) {
	putMap(o.attributes, p.Attributes())
	p.SetTimestamp(at)
	p.SetStartTimestamp(o.start)
	if o.emitted.form == showStale {
		p.SetFlags(p.Flags().WithNoRecordedValue(true))
		return
	}
	p.SetCount(o.emitted.shape.count)
	p.SetSum(o.emitted.shape.sum.float())
}
