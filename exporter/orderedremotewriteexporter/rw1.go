package orderedremotewriteexporter

import (
	"encoding/binary"
	"math/bits"
)

// rw1 writes prometheus.WriteRequest, the message of remote write 1.0.
type rw1 struct{}

func (rw1) contentType() string { return "application/x-protobuf" }
func (rw1) version() string     { return "0.1.0" }

const (
	tagTimeseries = 1<<3 | 2 // WriteRequest.timeseries
	tagSample     = 2<<3 | 2 // TimeSeries.samples
	tagValue      = 1<<3 | 1 // Sample.value, fixed64
	tagTimestamp  = 2 << 3   // Sample.timestamp, varint
)

func (rw1) encode(dst []byte, samples []sample) []byte {
	for i := range samples {
		s := &samples[i]
		body := 1 + 8 + 1 + varintSize(uint64(s.ts)) // two tags, a fixed64 and a varint
		dst = append(dst, tagTimeseries)
		dst = binary.AppendUvarint(dst, uint64(s.series.Size()+2+body))
		dst = s.series.AppendWire(dst)
		dst = append(dst, tagSample, byte(body), tagValue)
		dst = binary.LittleEndian.AppendUint64(dst, s.bits)
		dst = append(dst, tagTimestamp)
		dst = binary.AppendUvarint(dst, uint64(s.ts))
	}
	return dst
}

func varintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }
