package aggregate

import (
	"encoding/binary"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// histogram is a point of an explicit histogram or, without buckets, of a summary.
type histogram struct {
	layout  *layout // nil: no buckets
	count   uint64
	sum     float64
	hasSum  bool
	buckets []uint64 // one more than bounds
}

// The first byte of a distribution's body.
const (
	bodySum       = 1 << iota // a sum follows the count
	bodyBuckets               // buckets follow
	bodyZero                  // exponential: a zero threshold follows
	bodyMalformed             // buckets do not fit the bounds; nothing follows
	bodyQuantiles             // summary: it had quantiles
)

// Histogram adds a point of an explicit histogram.
func (b *Batch) Histogram(ref Ref, p pmetric.HistogramDataPoint, temporality pmetric.AggregationTemporality) {
	if p.Flags().NoRecordedValue() {
		b.begin(ref, formStale, temporality, p.StartTimestamp(), p.Timestamp())
		return
	}
	b.begin(ref, formHistogram, temporality, p.StartTimestamp(), p.Timestamp())
	bounds, buckets := p.ExplicitBounds(), p.BucketCounts()
	if buckets.Len() > 0 && buckets.Len() != bounds.Len()+1 || bounds.Len() > maxBounds {
		b.samples = append(b.samples, bodyMalformed)
		return
	}
	flags := sumFlag(p.HasSum(), p.Sum())
	if buckets.Len() > 1 {
		flags |= bodyBuckets
	}
	b.appendCount(flags, p.Count(), p.Sum())
	if flags&bodyBuckets != 0 {
		b.samples = binary.AppendUvarint(b.samples, b.layoutOf(bounds))
		for i := range buckets.Len() {
			b.samples = binary.AppendUvarint(b.samples, buckets.At(i))
		}
	}
	b.exemplars(p.Exemplars())
}

// Summary adds a point of a summary. Its quantiles cannot be merged and are left out.
func (b *Batch) Summary(ref Ref, p pmetric.SummaryDataPoint) {
	const temporality = pmetric.AggregationTemporalityCumulative
	if p.Flags().NoRecordedValue() {
		b.begin(ref, formStale, temporality, p.StartTimestamp(), p.Timestamp())
		return
	}
	b.begin(ref, formSummary, temporality, p.StartTimestamp(), p.Timestamp())
	flags := sumFlag(true, p.Sum())
	if p.QuantileValues().Len() > 0 {
		flags |= bodyQuantiles
	}
	b.appendCount(flags, p.Count(), p.Sum())
}

// sumFlag: a sum that is not finite will never be again, and counts as none.
func sumFlag(has bool, sum float64) byte {
	if has && !math.IsNaN(sum) && !math.IsInf(sum, 0) {
		return bodySum
	}
	return 0
}

func (b *Batch) appendCount(flags byte, count uint64, sum float64) {
	b.samples = binary.AppendUvarint(append(b.samples, flags), count)
	if flags&bodySum != 0 {
		b.samples = appendFloat(b.samples, sum)
	}
}

// layoutOf returns the number of a layout in the batch.
func (b *Batch) layoutOf(bounds pcommon.Float64Slice) uint64 {
	b.key = b.key[:0]
	for i := range bounds.Len() {
		b.key = appendFloat(b.key, bounds.At(i))
	}
	number, ok := b.layouts[string(b.key)]
	if !ok {
		if b.layouts == nil {
			b.layouts = map[string]uint64{}
		}
		number = uint64(len(b.layouts))
		b.layouts[string(b.key)] = number
		b.layoutBytes = append(binary.AppendUvarint(b.layoutBytes, uint64(bounds.Len())), b.key...)
		b.layoutSizes = append(b.layoutSizes, bounds.Len()+1)
	}
	return number
}

// layoutRef is a layout of a batch; nil if its bounds do not ascend.
type layoutRef struct {
	layout  *layout
	buckets int
}

// readLayouts reads the layouts of a batch.
func (r *samples) readLayouts(a *Aggregator) {
	for n := r.count(); n > 0 && !r.bad; n-- {
		bounds := r.count()
		r.layouts = append(r.layouts, layoutRef{a.layout(r.take(8 * bounds)), bounds + 1})
	}
}

// histogram reads the body of a histogram or summary into h, and tells whether it is well formed.
func (r *samples) histogram(h *histogram) (flags byte, ok bool) {
	flags = r.byte()
	h.layout, h.buckets = nil, h.buckets[:0]
	if flags&bodyMalformed != 0 {
		return flags, false
	}
	h.count = r.uvarint()
	if h.hasSum = flags&bodySum != 0; h.hasSum {
		h.sum = r.float()
	} else {
		h.sum = 0
	}
	if flags&bodyBuckets == 0 {
		return flags, true
	}
	number := r.uvarint()
	if number >= uint64(len(r.layouts)) {
		r.fail()
		return flags, false
	}
	h.layout = r.layouts[number].layout
	for n := r.layouts[number].buckets; n > 0 && !r.bad; n-- {
		h.buckets = append(h.buckets, r.uvarint())
	}
	return flags, h.layout != nil && !r.bad
}
