package aggregate

import (
	"encoding/binary"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Batch encodes the points of one call. Its methods Number, Histogram, Exponential, Summary and Len need no mutex: they
// touch the batch alone, and keep nothing of a point.
type Batch struct {
	aggregator  *Aggregator
	generation  uint64 // of the refs that may be in it
	samples     []byte
	record      []byte
	points      int
	previous    sample
	met         []uint64          // bitmap of refs, to see
	repeats     bool              // whether a ref came twice
	layouts     map[string]uint64 // bounds of the batch's histograms: their numbers
	layoutBytes []byte
	layoutSizes []int // buckets of each
	key         []byte
	picked      []pmetric.Exemplar
}

// Begin returns an empty batch. Refs cached at an earlier Generation must not be put into it.
func (a *Aggregator) Begin() *Batch {
	var b *Batch
	if n := len(a.issue.idle); n > 0 {
		b, a.issue.idle = a.issue.idle[n-1], a.issue.idle[:n-1]
	} else {
		b = &Batch{aggregator: a}
	}
	b.generation = a.issue.generation
	a.issue.open[b] = struct{}{}
	return b
}

// Release ends the batch, which must not be used after. It may be called twice.
func (b *Batch) Release() {
	a := b.aggregator
	if _, open := a.issue.open[b]; !open {
		return
	}
	delete(a.issue.open, b)
	if cap(b.record) > 4*len(b.record)+1<<16 {
		b.record = nil // one with definitions was much larger
	}
	b.samples, b.record = b.samples[:0], b.record[:0]
	b.points, b.previous, b.repeats = 0, sample{}, false
	clear(b.met)
	clear(b.layouts)
	b.layoutBytes, b.layoutSizes = b.layoutBytes[:0], b.layoutSizes[:0]
	if cap(b.samples)+cap(b.record) < 16<<20 && len(a.issue.idle) < 16 {
		a.issue.idle = append(a.issue.idle, b)
	}
	a.issue.recycle()
}

// Record returns the batch as a record, with all definitions that no applied record has yet. now is the clock, which
// tells when points arrived. The slice is valid until the next call of Record or Release.
func (b *Batch) Record(now pcommon.Timestamp) []byte {
	a := b.aggregator
	a.readmit(b.generation)
	if b.repeats {
		b.sort()
	}
	b.record = append(b.record[:0], recordBatch)
	b.record = binary.AppendUvarint(b.record, uint64(now))
	b.record = a.appendDefinitions(b.record)
	b.record = binary.AppendUvarint(b.record, uint64(len(b.layouts)))
	b.record = append(b.record, b.layoutBytes...)
	b.record = append(b.record, b.samples...)
	return b.record
}

// Number adds a point of a gauge (temporality unspecified) or sum.
func (b *Batch) Number(ref Ref, p pmetric.NumberDataPoint, temporality pmetric.AggregationTemporality) {
	form, value := formStale, uint64(0)
	switch {
	case p.Flags().NoRecordedValue():
	case p.ValueType() == pmetric.NumberDataPointValueTypeInt:
		form, value = formInt, zigzag(p.IntValue())
	case p.ValueType() == pmetric.NumberDataPointValueTypeDouble:
		form, value = formOf(p.DoubleValue())
	}
	b.begin(ref, form, temporality, p.StartTimestamp(), p.Timestamp())
	switch form {
	case formInt, formWhole:
		b.samples = binary.AppendUvarint(b.samples, value)
	case formDouble:
		b.samples = binary.LittleEndian.AppendUint64(b.samples, value)
	}
	if p.Exemplars().Len() > 0 && form != formStale {
		b.exemplars(p.Exemplars())
	}
}

func formOf(v float64) (form byte, value uint64) {
	const limit = 1 << 48 // longer varints save nothing
	if whole := int64(v); v < limit && v > -limit && float64(whole) == v && (v != 0 || !math.Signbit(v)) {
		return formWhole, zigzag(whole)
	}
	return formDouble, math.Float64bits(v)
}

func zigzag(v int64) uint64 { return uint64(v)<<1 ^ uint64(v>>63) }

// begin notes a point and begins its sample.
func (b *Batch) begin(ref Ref, form byte, temporality pmetric.AggregationTemporality, start, at pcommon.Timestamp) {
	b.points++
	b.meet(ref)
	s := sample{ref: ref, form: form, time: at, start: start}
	switch temporality {
	case pmetric.AggregationTemporalityDelta:
		s.temporality = headDelta
	case pmetric.AggregationTemporalityCumulative:
		s.temporality = headCumul
	}
	b.head(s)
}

// head encodes the head of a sample. A gauge has no start, which costs no byte; a start of 0 does not change what later ones are compared with.
func (b *Batch) head(s sample) {
	head := s.form | s.temporality
	if s.time == b.previous.time {
		head |= headSameTime
	}
	if s.start == b.previous.start || s.temporality == 0 {
		head |= headSameStart
	}
	if s.ref == b.previous.ref+1 {
		head |= headNextRef
	}
	b.samples = append(b.samples, head)
	if head&headNextRef == 0 {
		b.samples = binary.AppendUvarint(b.samples, zigzag(int64(s.ref)-int64(b.previous.ref)))
	}
	if head&headSameTime == 0 {
		b.samples = binary.AppendUvarint(b.samples, zigzag(int64(s.time-b.previous.time)))
	}
	if head&headSameStart == 0 {
		b.samples = appendStart(b.samples, s.start, b.previous.start)
	}
	b.previous.ref, b.previous.time = s.ref, s.time
	if s.start != 0 && s.temporality != 0 {
		b.previous.start = s.start
	}
}

// appendStart encodes 0 as 0 and other starts as their distance from the last known one, which is not 0.
func appendStart(dst []byte, start, previous pcommon.Timestamp) []byte {
	if start == 0 {
		return append(dst, 0)
	}
	return binary.AppendUvarint(dst, zigzag(int64(start-previous)))
}

func (b *Batch) meet(ref Ref) {
	word, bit := int(ref/64), uint64(1)<<(ref%64)
	for word >= len(b.met) {
		b.met = append(b.met, 0)
	}
	b.repeats = b.repeats || b.met[word]&bit != 0
	b.met[word] |= bit
}
