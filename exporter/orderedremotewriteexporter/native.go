package orderedremotewriteexporter

import (
	"encoding/binary"
	"math"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// The fields of prometheus.Histogram, the same in both protocols.
const (
	tagCountInt       = 1 << 3
	tagSum            = 3<<3 | 1
	tagSchema         = 4 << 3
	tagZeroThreshold  = 5<<3 | 1
	tagZeroCountInt   = 6 << 3
	tagNegativeSpans  = 8<<3 | 2
	tagNegativeDeltas = 9<<3 | 2
	tagPositiveSpans  = 11<<3 | 2
	tagPositiveDeltas = 12<<3 | 2
	tagHistogramTime  = 15 << 3
	tagCustomValues   = 16<<3 | 2
	tagHistogramStart = 17 << 3

	tagSpanOffset = 1 << 3
	tagSpanLength = 2 << 3
)

const (
	minScale, maxScale = -4, 8 // of Prometheus's standard schemas
	customSchema       = -53
	// noThreshold stands for a zero bucket of no width.
	noThreshold = 1e-128
	// maxFill is how many empty buckets are cheaper than a new span.
	maxFill = 2
)

// exponentialBuckets returns the fields of a native histogram, scaled down to
// what Prometheus knows. It is false if the point contradicts itself or is
// coarser than any schema: a store would refuse the whole request for it.
func exponentialBuckets(p pmetric.ExponentialHistogramDataPoint) ([]byte, bool) {
	if p.Flags().NoRecordedValue() {
		return staleHistogram(), true
	}
	scale := min(p.Scale(), maxScale)
	shift := uint(min(p.Scale()-scale, 63))
	positive, ok1 := sparse(p.Positive(), shift)
	negative, ok2 := sparse(p.Negative(), shift)
	total := positive.total + negative.total + p.ZeroCount()
	if !ok1 || !ok2 || p.Scale() < minScale || total > math.MaxInt64 || p.ZeroCount() > math.MaxInt64 ||
		!consistent(total, p.Count(), p.Sum()) {
		return nil, false
	}
	threshold := p.ZeroThreshold()
	if threshold == 0 {
		threshold = noThreshold
	}
	dst := appendTotals(nil, p.Count(), p.Sum(), int64(scale))
	dst = appendDouble(dst, tagZeroThreshold, threshold)
	dst = binary.AppendUvarint(append(dst, tagZeroCountInt), p.ZeroCount())
	dst = negative.append(dst, tagNegativeSpans, tagNegativeDeltas)
	return positive.append(dst, tagPositiveSpans, tagPositiveDeltas), true
}

// consistent is Prometheus's rule: observations that are not a number are in
// no bucket and make the sum not a number.
func consistent(inBuckets, count uint64, sum float64) bool {
	return inBuckets == count || (math.IsNaN(sum) && inBuckets < count)
}

// customBuckets returns the fields of a native histogram with the bounds of an
// explicit one. What no finite bucket has is above all bounds. It is false if
// the point contradicts itself.
func customBuckets(p pmetric.HistogramDataPoint) ([]byte, bool) {
	if p.Flags().NoRecordedValue() {
		return staleHistogram(), true
	}
	bounds := p.ExplicitBounds().AsRaw()
	if n := len(bounds); n > 0 && math.IsInf(bounds[n-1], 1) {
		bounds = bounds[:n-1]
	}
	var b buckets
	for i := range min(len(bounds), p.BucketCounts().Len()) {
		if !b.add(int64(i), p.BucketCounts().At(i)) {
			return nil, false
		}
	}
	if b.total > p.Count() || !b.add(int64(len(bounds)), p.Count()-b.total) || !increasing(bounds) {
		return nil, false
	}
	dst := appendTotals(nil, p.Count(), p.Sum(), customSchema)
	dst = b.append(dst, tagPositiveSpans, tagPositiveDeltas)
	if len(bounds) > 0 {
		dst = binary.AppendUvarint(dst, tagCustomValues)
		dst = binary.AppendUvarint(dst, uint64(8*len(bounds)))
		for _, v := range bounds {
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
		}
	}
	return dst, true
}

func increasing(bounds []float64) bool {
	last := math.Inf(-1)
	for _, b := range bounds {
		if !(b > last) || math.IsInf(b, 1) {
			return false
		}
		last = b
	}
	return true
}

// staleHistogram ends a series of native histograms: its sum is the marker.
func staleHistogram() []byte { return appendTotals(nil, 0, math.Float64frombits(staleMarker), 0) }

func appendTotals(dst []byte, count uint64, sum float64, schema int64) []byte {
	dst = binary.AppendUvarint(append(dst, tagCountInt), count)
	dst = appendDouble(dst, tagSum, sum)
	return binary.AppendVarint(append(dst, tagSchema), schema)
}

func appendDouble(dst []byte, tag byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(append(dst, tag), math.Float64bits(v))
}

// sparse turns dense buckets into Prometheus's, joining 2^shift into one.
// OpenTelemetry's bucket 0 begins where Prometheus's bucket 0 ends.
func sparse(from pmetric.ExponentialHistogramDataPointBuckets, shift uint) (buckets, bool) {
	var b buckets
	sum, at := uint64(0), int64(0)
	for i, n := range from.BucketCounts().All() {
		if index := (int64(from.Offset())+int64(i))>>shift + 1; index != at {
			if !b.add(at, sum) {
				return b, false
			}
			at, sum = index, 0
		}
		if sum += n; n > math.MaxInt64 || sum > math.MaxInt64 {
			return b, false
		}
	}
	return b, b.add(at, sum)
}

// buckets is one side of a native histogram under construction: spans of
// neighbours, and each count as difference to the one before.
type buckets struct {
	spans  []span
	deltas []byte
	last   int64 // count
	next   int64 // index after the last bucket
	total  uint64
}

type span struct{ offset, length int64 }

// add puts the next bucket; indices never fall. An empty one is left out. It
// is false if a number does not fit.
func (b *buckets) add(index int64, count uint64) bool {
	if count == 0 {
		return true
	}
	if b.total += count; count > math.MaxInt64 || b.total > math.MaxInt64 || index != int64(int32(index)) {
		return false
	}
	gap := index - b.next
	if len(b.spans) == 0 || gap > maxFill {
		b.spans = append(b.spans, span{offset: gap})
	} else {
		for range gap {
			b.put(0)
		}
	}
	b.put(int64(count))
	b.next = index + 1
	return true
}

func (b *buckets) put(count int64) {
	b.deltas = binary.AppendVarint(b.deltas, count-b.last)
	b.last = count
	b.spans[len(b.spans)-1].length++
}

func (b *buckets) append(dst []byte, spansTag, deltasTag byte) []byte {
	for _, s := range b.spans {
		body := 2 + varintSize(zigzag(s.offset)) + varintSize(uint64(s.length))
		dst = append(dst, spansTag, byte(body), tagSpanOffset)
		dst = binary.AppendVarint(dst, s.offset)
		dst = append(dst, tagSpanLength)
		dst = binary.AppendUvarint(dst, uint64(s.length))
	}
	if len(b.deltas) > 0 {
		dst = append(dst, deltasTag)
		dst = binary.AppendUvarint(dst, uint64(len(b.deltas)))
		dst = append(dst, b.deltas...)
	}
	return dst
}

func zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }
