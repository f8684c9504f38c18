package orderedremotewriteexporter

import (
	"encoding/binary"

	"weir.example/internal/series"
)

// rw2 writes io.prometheus.write.v2.Request, the message of remote write 2.0.
// A request has its own table of symbols, so everything here is of one request
// and only the memory is used again. The references of an entity and of a form are
// worked out once per request, then copied.
type rw2 struct {
	symbols map[string]uint32
	table   []byte // the symbols on the wire
	pairs   map[*series.Pair]stretch
	sets    map[*series.Set]labelRefs
	labels  []labelRef // of all sets, those of one set side by side
	before  int        // where those of the set before begin
	known   map[*form]int32
	forms   []formRefs
	last    int32  // of forms, the one before
	refs    []byte // what the others point to
	part    []byte // of a TimeSeries
	all     []byte // TimeSeries

	ts, start int64
	times     []byte // these two on the wire
}

// labelRef is a label whose two references, as varints, are refs[from:to].
type labelRef struct {
	*series.Pair
	stretch
}

type stretch struct{ from, to uint32 }

func (s stretch) size() int { return int(s.to - s.from) }

// labelRefs says where a set is in labels: those from first sort before the
// metric name, those from named after it.
type labelRefs struct {
	first, named, end uint32
	size              int     // bytes of all references
	before, after     stretch // references as they stand without those of other sets
}

// formRefs is what the series of a form have in common.
type formRefs struct {
	form   *form
	name   stretch
	extras labelRefs
	meta   stretch // the metadata field of a TimeSeries
	next   int32   // of forms, the one that followed, mostly the one that will
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
	return &rw2{
		symbols: map[string]uint32{}, pairs: map[*series.Pair]stretch{}, sets: map[*series.Set]labelRefs{}, known: map[*form]int32{},
	}
}

// encode puts the symbols first: some stores decode in one pass.
func (r *rw2) encode(dst []byte, samples []sample) []byte {
	r.begin()
	var entity labelRefs
	for i := range samples {
		s := &samples[i]
		if i == 0 || s.series.Entity != samples[i-1].series.Entity {
			entity = r.set(s.series.Entity)
		}
		r.timeSeries(&entity, r.form(s.series.Form()), s)
	}
	dst = append(append(dst, r.table...), r.all...)
	r.reset()
	return dst
}

func (r *rw2) begin() {
	r.ts, r.start, r.times = 0, 0, append(r.times[:0], tagTimestamp, 0)
	r.symbol("")
	r.forms, r.last, r.before = append(r.forms, formRefs{}), 0, 0
}

// reset lets go of all that the request refers to.
func (r *rw2) reset() {
	clear(r.symbols)
	clear(r.pairs)
	clear(r.sets)
	clear(r.known)
	clear(r.labels)
	clear(r.forms)
	r.table, r.labels, r.forms, r.refs, r.all = r.table[:0], r.labels[:0], r.forms[:0], r.refs[:0], r.all[:0]
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

// pair returns where the references of a label are.
func (r *rw2) pair(p *series.Pair) stretch {
	at, known := r.pairs[p]
	if !known {
		at.from = uint32(len(r.refs))
		r.refs = binary.AppendUvarint(r.refs, uint64(r.symbol(p.Name())))
		r.refs = binary.AppendUvarint(r.refs, uint64(r.symbol(p.Value())))
		at.to = uint32(len(r.refs))
		r.pairs[p] = at
	}
	return at
}

func (r *rw2) set(s *series.Set) labelRefs {
	at, known := r.sets[s]
	if known {
		return at
	}
	before, after := s.Split()
	at.first = uint32(len(r.labels))
	at.before = r.run(before)
	at.named = uint32(len(r.labels))
	at.after = r.run(after)
	at.end = uint32(len(r.labels))
	at.size = at.before.size() + at.after.size()
	r.sets[s] = at
	return at
}

// run adds labels of a set and returns where all their references are, one behind the
// other.
func (r *rw2) run(pairs []*series.Pair) stretch {
	from := len(r.labels)
	for i, p := range pairs {
		if at := r.before + i; at < from && r.labels[at].Pair == p {
			r.labels = append(r.labels, r.labels[at]) // entities differ in few labels
			continue
		}
		r.labels = append(r.labels, labelRef{p, r.pair(p)})
	}
	if len(pairs) > 1 {
		r.before = from
	}
	all := stretch{from: uint32(len(r.refs))}
	for _, l := range r.labels[from:] {
		r.refs = append(r.refs, r.refs[l.from:l.to]...)
	}
	all.to = uint32(len(r.refs))
	return all
}

// form expects forms in the order in which they came for the entity before.
func (r *rw2) form(f *form) *formRefs {
	if next := r.forms[r.last].next; next != 0 && r.forms[next].form == f {
		r.last = next
		return &r.forms[next]
	}
	at, known := r.known[f]
	if !known {
		refs := formRefs{form: f}
		refs.name = r.run(f.Name.Pairs())
		if !f.Extras.Empty() {
			refs.extras = r.set(f.Extras)
		}
		if f.About != nil {
			refs.meta = r.meta(f.About)
		}
		at = int32(len(r.forms))
		r.known[f] = at
		r.forms = append(r.forms, refs)
	}
	r.forms[r.last].next = at
	r.last = at
	return &r.forms[at]
}

// meta returns where the metadata field of a TimeSeries is in refs.
func (r *rw2) meta(m *meta) stretch {
	fields := append(r.part[:0], tagType, byte(m.kind))
	if m.help != "" {
		fields = binary.AppendUvarint(append(fields, tagHelpRef), uint64(r.symbol(m.help)))
	}
	if m.unit != "" {
		fields = binary.AppendUvarint(append(fields, tagUnitRef), uint64(r.symbol(m.unit)))
	}
	at := stretch{from: uint32(len(r.refs))}
	r.refs = appendMessage(r.refs, tagMetadata, fields)
	at.to, r.part = uint32(len(r.refs)), fields
	return at
}

// timeSeries appends one TimeSeries to all.
func (r *rw2) timeSeries(entity *labelRefs, f *formRefs, s *sample) {
	size := entity.size + f.name.size() + f.extras.size
	value := r.part[:0]
	if s.more == nil {
		value = r.sample(value, s)
	} else {
		value = r.value(value, s)
	}
	dst := append(r.all, tagTimeseries2)
	dst = binary.AppendUvarint(dst, uint64(1+varintSize(uint64(size))+size+len(value)+f.meta.size()))
	dst = binary.AppendUvarint(append(dst, tagLabelsRefs), uint64(size))
	dst = r.labelsRefs(dst, entity, f)
	dst = append(dst, value...)
	dst = append(dst, r.refs[f.meta.from:f.meta.to]...)
	r.all, r.part = dst, value
}

// labelsRefs appends the references of a series in the order of its labels.
// The name set holds the metric name alone.
func (r *rw2) labelsRefs(dst []byte, entity *labelRefs, f *formRefs) []byte {
	if f.extras.size == 0 {
		dst = append(dst, r.refs[entity.before.from:entity.before.to]...)
		dst = append(dst, r.refs[f.name.from:f.name.to]...)
		return append(dst, r.refs[entity.after.from:entity.after.to]...)
	}
	dst = r.merge(dst, r.labels[entity.first:entity.named], r.labels[f.extras.first:f.extras.named])
	dst = append(dst, r.refs[f.name.from:f.name.to]...)
	return r.merge(dst, r.labels[entity.named:entity.end], r.labels[f.extras.named:f.extras.end])
}

// merge appends two sorted runs of labels; b is the shorter one.
func (r *rw2) merge(dst []byte, a, b []labelRef) []byte {
	for len(a)+len(b) > 0 {
		from := &a
		if len(a) == 0 || len(b) > 0 && b[0].Name() < a[0].Name() {
			from = &b
		}
		l := (*from)[0]
		dst = append(dst, r.refs[l.from:l.to]...)
		*from = (*from)[1:]
	}
	return dst
}

// value appends sample or histogram, and exemplars.
func (r *rw2) value(dst []byte, s *sample) []byte {
	if s.more.histogram == nil {
		dst = r.sample(dst, s)
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

// sample leaves out what is zero, as protobuf allows. Times are mostly those of the
// sample before.
func (r *rw2) sample(dst []byte, s *sample) []byte {
	if s.ts != r.ts || s.start != r.start {
		r.ts, r.start = s.ts, s.start
		r.times = binary.AppendUvarint(append(r.times[:0], tagTimestamp), uint64(s.ts))
		if s.start != 0 {
			r.times = binary.AppendUvarint(append(r.times, tagStart), uint64(s.start))
		}
	}
	if s.bits == 0 {
		dst = append(dst, tagSample, byte(len(r.times)))
		return append(dst, r.times...)
	}
	dst = append(dst, tagSample, byte(9+len(r.times)), tagValue) // at most 31
	dst = binary.LittleEndian.AppendUint64(dst, s.bits)
	return append(dst, r.times...)
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
