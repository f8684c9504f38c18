package orderedremotewriteexporter

import (
	"encoding/binary"
	"math/bits"

	"weir.example/internal/series"
)

// rw1 writes prometheus.WriteRequest, the message of remote write 1.0. It has
// no place for metadata of single series and for start times. The labels of an entity
// are put together once for its series that follow each other.
type rw1 struct {
	entity        *series.Set
	before, after []byte // its labels on the wire, around the metric name
	pairs         []*series.Pair
	labels        []byte // of a series with extras
	scratch       []byte
}

const (
	tagTimeseries = 1<<3 | 2 // WriteRequest.timeseries
	tagSample     = 2<<3 | 2 // TimeSeries.samples
	tagExemplar   = 3<<3 | 2 // TimeSeries.exemplars
	tagHistogram  = 4<<3 | 2 // TimeSeries.histograms
	tagValue      = 1<<3 | 1 // Sample.value, fixed64
	tagTimestamp  = 2 << 3   // Sample.timestamp, varint

	tagExemplarLabel = 1<<3 | 2
	tagExemplarValue = 2<<3 | 1
	tagExemplarTime  = 3 << 3
	tagLabelName     = 1<<3 | 2
	tagLabelValue    = 2<<3 | 2
)

func (r *rw1) encode(dst []byte, samples []sample) []byte {
	for i := range samples {
		s := &samples[i]
		r.scratch = r.value(r.scratch[:0], s)
		if s.series.Entity != r.entity {
			r.begin(s.series.Entity)
		}
		f := s.series.Form()
		name := f.Name.Pairs()
		before, after := r.before, r.after
		if !f.Extras.Empty() || len(name) != 1 {
			r.pairs = f.AppendPairs(r.pairs[:0], r.entity)
			r.labels = appendWire(r.labels[:0], r.pairs)
			before, name, after = r.labels, nil, nil
		}
		size := len(before) + len(after) + len(r.scratch)
		for _, p := range name {
			size += len(p.Wire())
		}
		dst = binary.AppendUvarint(append(dst, tagTimeseries), uint64(size))
		dst = appendWire(append(dst, before...), name)
		dst = append(append(dst, after...), r.scratch...)
	}
	r.entity = nil
	clear(r.pairs)
	return dst
}

func (r *rw1) begin(entity *series.Set) {
	before, after := entity.Split()
	r.entity, r.before, r.after = entity, appendWire(r.before[:0], before), appendWire(r.after[:0], after)
}

func appendWire(dst []byte, pairs []*series.Pair) []byte {
	for _, p := range pairs {
		dst = append(dst, p.Wire()...)
	}
	return dst
}

// value appends what a TimeSeries holds after its labels.
func (r *rw1) value(dst []byte, s *sample) []byte {
	if s.more == nil {
		return appendSample1(dst, s)
	}
	if s.more.histogram == nil {
		dst = appendSample1(dst, s)
	}
	for _, x := range s.more.exemplars {
		dst = appendMessage(dst, tagExemplar, appendExemplar1(nil, x))
	}
	if s.more.histogram != nil {
		fields := append([]byte(nil), s.more.histogram...)
		fields = binary.AppendUvarint(append(fields, tagHistogramTime), uint64(s.ts))
		dst = appendMessage(dst, tagHistogram, fields)
	}
	return dst
}

func appendSample1(dst []byte, s *sample) []byte {
	body := 1 + 8 + 1 + varintSize(uint64(s.ts)) // two tags, a fixed64 and a varint
	dst = append(dst, tagSample, byte(body), tagValue)
	dst = binary.LittleEndian.AppendUint64(dst, s.bits)
	dst = append(dst, tagTimestamp)
	return binary.AppendUvarint(dst, uint64(s.ts))
}

func appendExemplar1(dst []byte, x exemplar) []byte {
	for _, l := range x.labels {
		dst = appendMessage(dst, tagExemplarLabel, appendLabel(nil, l))
	}
	dst = binary.LittleEndian.AppendUint64(append(dst, tagExemplarValue), x.bits)
	return binary.AppendUvarint(append(dst, tagExemplarTime), uint64(x.ts))
}

func appendLabel(dst []byte, l series.Label) []byte {
	return appendText(append(appendText(append(dst, tagLabelName), l.Name), tagLabelValue), l.Value)
}

// appendMessage appends a field that is a message, or packed.
func appendMessage(dst []byte, tag byte, body []byte) []byte {
	return appendText(append(dst, tag), body)
}

func varintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }
