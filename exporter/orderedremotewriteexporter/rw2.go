package orderedremotewriteexporter

import (
	"encoding/binary"

	"weir.example/internal/series"
)

// rw2 writes io.prometheus.write.v2.Request, the message of remote write 2.0. A request
// has its own table of symbols, which comes first: some stores decode in one pass.
type rw2 struct {
	symbols map[string]uint32
	table   []byte // the symbols on the wire
	fields  []byte // room for those of a Metadata
}

const (
	tagSymbol      = 4<<3 | 2 // Request.symbols
	tagTimeseries2 = 5<<3 | 2 // Request.timeseries
	tagLabelsRefs  = 1<<3 | 2 // TimeSeries.labels_refs, packed
	tagHistogram2  = 3<<3 | 2 // TimeSeries.histograms
	tagExemplar2   = 4<<3 | 2 // TimeSeries.exemplars
	tagMetadata    = 5<<3 | 2 // TimeSeries.metadata
	tagStart       = 3 << 3   // Sample.start_timestamp
	tagType        = 1 << 3   // Metadata.type
	tagHelpRef     = 3 << 3   // Metadata.help_ref
	tagUnitRef     = 4 << 3   // Metadata.unit_ref
)

func newRW2() *rw2 { return &rw2{symbols: map[string]uint32{}} }

func (r *rw2) begin() {
	r.table = r.table[:0]
	r.symbol("")
}

func (r *rw2) end() { clear(r.symbols) }

func (r *rw2) preface() []byte { return r.table }

// symbol returns the reference of a string.
func (r *rw2) symbol(s string) uint32 {
	ref, known := r.symbols[s]
	if !known {
		ref = uint32(len(r.symbols))
		r.symbols[s] = ref
		r.table = appendText(append(r.table, tagSymbol), s)
	}
	return ref
}

func (r *rw2) appendHead(dst []byte, labels, rest int) []byte {
	dst = binary.AppendUvarint(append(dst, tagTimeseries2), uint64(1+varintSize(uint64(labels))+labels+rest))
	return binary.AppendUvarint(append(dst, tagLabelsRefs), uint64(labels))
}

func (r *rw2) appendLabel(dst []byte, p *series.Pair, like []byte) []byte {
	if _, name := binary.Uvarint(like); name > 0 {
		dst = append(dst, like[:name]...)
	} else {
		dst = binary.AppendUvarint(dst, uint64(r.symbol(p.Name())))
	}
	return binary.AppendUvarint(dst, uint64(r.symbol(p.Value())))
}

// omits0 leaves out what is zero, as protobuf allows.
func (*rw2) omits0() bool { return true }

func (*rw2) appendTimes(dst []byte, ts, start int64) []byte {
	dst = binary.AppendUvarint(append(dst, tagTimestamp), uint64(ts))
	if start != 0 {
		dst = binary.AppendUvarint(append(dst, tagStart), uint64(start))
	}
	return dst
}

func (r *rw2) appendMore(dst []byte, s *sample) []byte {
	if s.more.histogram == nil {
		dst = appendMessage(dst, tagSample, r.sample(nil, s))
	} else {
		fields := append([]byte(nil), s.more.histogram...)
		fields = binary.AppendUvarint(append(fields, tagHistogramTime), uint64(s.ts))
		if s.start != 0 {
			fields = binary.AppendUvarint(fields, tagHistogramStart)
			fields = binary.AppendUvarint(fields, uint64(s.start))
		}
		dst = appendMessage(dst, tagHistogram2, fields)
	}
	for _, x := range s.more.exemplars {
		dst = appendMessage(dst, tagExemplar2, r.exemplar(nil, x))
	}
	return dst
}

func (r *rw2) sample(dst []byte, s *sample) []byte {
	if s.bits != 0 {
		dst = binary.LittleEndian.AppendUint64(append(dst, tagValue), s.bits)
	}
	return r.appendTimes(dst, s.ts, s.start)
}

func (r *rw2) exemplar(dst []byte, x exemplar) []byte {
	if len(x.labels) > 0 {
		var refs []byte
		for _, l := range x.labels {
			refs = binary.AppendUvarint(refs, uint64(r.symbol(l.Name)))
			refs = binary.AppendUvarint(refs, uint64(r.symbol(l.Value)))
		}
		dst = appendMessage(dst, tagLabelsRefs, refs)
	}
	dst = binary.LittleEndian.AppendUint64(append(dst, tagExemplarValue), x.bits)
	return binary.AppendUvarint(append(dst, tagExemplarTime), uint64(x.ts))
}

func (r *rw2) appendMeta(dst []byte, m *meta) []byte {
	fields := append(r.fields[:0], tagType, byte(m.kind))
	if m.help != "" {
		fields = binary.AppendUvarint(append(fields, tagHelpRef), uint64(r.symbol(m.help)))
	}
	if m.unit != "" {
		fields = binary.AppendUvarint(append(fields, tagUnitRef), uint64(r.symbol(m.unit)))
	}
	r.fields = fields
	return appendMessage(dst, tagMetadata, fields)
}
