package orderedremotewriteexporter

import (
	"encoding/binary"
	"math/bits"

	"weir.example/internal/series"
)

// rw1 writes prometheus.WriteRequest, the message of remote write 1.0. It has
// no place for metadata of single series and for start times.
type rw1 struct{}

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

func (rw1) begin()                                {}
func (rw1) end()                                  {}
func (rw1) preface() []byte                       { return nil }
func (rw1) omits0() bool                          { return false }
func (rw1) appendMeta(dst []byte, _ *meta) []byte { return dst }

func (rw1) appendHead(dst []byte, labels, rest int) []byte {
	return binary.AppendUvarint(append(dst, tagTimeseries), uint64(labels+rest))
}

func (rw1) appendLabel(dst []byte, p *series.Pair, _ []byte) []byte { return append(dst, p.Wire()...) }

func (rw1) appendTimes(dst []byte, ts, _ int64) []byte {
	return binary.AppendUvarint(append(dst, tagTimestamp), uint64(ts))
}

func (rw1) appendMore(dst []byte, s *sample) []byte {
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
	return rw1{}.appendTimes(dst, s.ts, 0)
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
