package orderedremotewriteexporter

import (
	"encoding/binary"

	"weir.example/internal/series"
)

// rw2 writes io.prometheus.write.v2.Request, the message of remote write 2.0.
// A request has its own table of symbols, so everything here is of one request
// and only the memory is used again. A label set's references are worked out
// once per request, then copied.
type rw2 struct {
	symbols map[string]uint32
	table   []byte // the symbols on the wire
	sets    map[*series.Set]labelRefs
	labels  []labelRef // of all sets, those of one set side by side
	metas   map[*meta]stretch
	refs    []byte // what labels and metas point to
	body    []byte // of one TimeSeries
	part    []byte // of it
	all     []byte // TimeSeries
}

// labelRef is a label whose two references, as varints, are refs[from:to].
type labelRef struct {
	name string
	stretch
}

type stretch struct{ from, to uint32 }

// labelRefs says where a set is in labels: those from first sort before the
// metric name, those from named after it.
type labelRefs struct {
	first, named, end uint32
	size              uint32 // bytes of all references
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

func newRW2() *rw2 {
	return &rw2{symbols: map[string]uint32{}, sets: map[*series.Set]labelRefs{}, metas: map[*meta]stretch{}}
}

// encode puts the symbols first: some stores decode in one pass.
func (r *rw2) encode(dst []byte, samples []sample) []byte {
	r.reset()
	r.symbol("")
	var entity labelRefs
	for i := range samples {
		s := &samples[i]
		if i == 0 || s.series.Entity != samples[i-1].series.Entity {
			entity = r.set(s.series.Entity)
		}
		r.body = r.labelsRefs(r.body[:0], entity, s.series)
		r.body = r.value(r.body, s)
		if m := s.series.State.meta.Load(); m != nil {
			at := r.meta(m)
			r.body = append(r.body, r.refs[at.from:at.to]...)
		}
		r.all = appendMessage(r.all, tagTimeseries2, r.body)
	}
	return append(append(dst, r.table...), r.all...)
}

func (r *rw2) reset() {
	clear(r.symbols)
	clear(r.sets)
	clear(r.metas)
	clear(r.labels) // let go of the names
	r.table, r.labels, r.refs, r.all = r.table[:0], r.labels[:0], r.refs[:0], r.all[:0]
}

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

func (r *rw2) set(s *series.Set) labelRefs {
	at, known := r.sets[s]
	if known {
		return at
	}
	at.first, at.named = uint32(len(r.labels)), uint32(len(r.labels))
	for name, value := range s.All() {
		l := labelRef{name: name}
		l.from = uint32(len(r.refs))
		r.refs = binary.AppendUvarint(r.refs, uint64(r.symbol(name)))
		r.refs = binary.AppendUvarint(r.refs, uint64(r.symbol(value)))
		l.to = uint32(len(r.refs))
		r.labels = append(r.labels, l)
		at.size += l.to - l.from
		if name < series.NameLabel {
			at.named = uint32(len(r.labels))
		}
	}
	at.end = uint32(len(r.labels))
	r.sets[s] = at
	return at
}

// labelsRefs appends the references of a series in the order of its labels.
// The name set holds the metric name alone.
func (r *rw2) labelsRefs(dst []byte, entity labelRefs, s *stream) []byte {
	name := r.set(s.Name)
	var extras labelRefs
	if !s.Extras.Empty() {
		extras = r.set(s.Extras)
	}
	dst = append(dst, tagLabelsRefs)
	dst = binary.AppendUvarint(dst, uint64(entity.size+name.size+extras.size))
	dst = r.merge(dst, entity.first, entity.named, extras.first, extras.named)
	dst = r.run(dst, name.first, name.end)
	return r.merge(dst, entity.named, entity.end, extras.named, extras.end)
}

// merge appends two sorted runs of labels; b is the shorter one.
func (r *rw2) merge(dst []byte, a, aEnd, b, bEnd uint32) []byte {
	for ; b < bEnd; b++ {
		from := a
		for a < aEnd && r.labels[a].name < r.labels[b].name {
			a++
		}
		dst = r.run(dst, from, a)
		dst = r.run(dst, b, b+1)
	}
	return r.run(dst, a, aEnd)
}

// run appends the references of neighbours.
func (r *rw2) run(dst []byte, from, to uint32) []byte {
	if from == to {
		return dst
	}
	return append(dst, r.refs[r.labels[from].from:r.labels[to-1].to]...)
}

// meta returns where the metadata field of a TimeSeries is in refs.
func (r *rw2) meta(m *meta) stretch {
	at, known := r.metas[m]
	if known {
		return at
	}
	fields := append(r.part[:0], tagType, byte(m.kind))
	if m.help != "" {
		fields = binary.AppendUvarint(append(fields, tagHelpRef), uint64(r.symbol(m.help)))
	}
	if m.unit != "" {
		fields = binary.AppendUvarint(append(fields, tagUnitRef), uint64(r.symbol(m.unit)))
	}
	at.from = uint32(len(r.refs))
	r.refs = appendMessage(r.refs, tagMetadata, fields)
	at.to = uint32(len(r.refs))
	r.metas[m], r.part = at, fields
	return at
}

// value appends sample or histogram, and exemplars.
func (r *rw2) value(dst []byte, s *sample) []byte {
	if s.more == nil || s.more.histogram == nil {
		dst = appendSample2(dst, s)
	} else {
		r.part = append(r.part[:0], s.more.histogram...)
		r.part = binary.AppendUvarint(append(r.part, tagHistogramTime), uint64(s.ts))
		if s.start != 0 {
			r.part = binary.AppendUvarint(r.part, tagHistogramStart)
			r.part = binary.AppendUvarint(r.part, uint64(s.start))
		}
		dst = appendMessage(dst, tagHistogram2, r.part)
	}
	if s.more != nil {
		for _, x := range s.more.exemplars {
			r.part = r.exemplar(r.part[:0], x)
			dst = appendMessage(dst, tagExemplar2, r.part)
		}
	}
	return dst
}

// appendSample2 leaves out what is zero, as protobuf allows.
func appendSample2(dst []byte, s *sample) []byte {
	dst = append(dst, tagSample, 0)
	body := len(dst)
	if s.bits != 0 {
		dst = binary.LittleEndian.AppendUint64(append(dst, tagValue), s.bits)
	}
	dst = binary.AppendUvarint(append(dst, tagTimestamp), uint64(s.ts))
	if s.start != 0 {
		dst = binary.AppendUvarint(append(dst, tagStart), uint64(s.start))
	}
	dst[body-1] = byte(len(dst) - body) // at most 31
	return dst
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
