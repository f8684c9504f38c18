package orderedremotewriteexporter

import (
	"encoding/binary"
	"math/bits"

	"weir.example/internal/series"
)

// A record of a journal, numbers as varints unless said otherwise:
//
//	samples logged in the slot before it, bytes charged for them, ms of its arrival
//	size in bytes of the definitions, then these:
//	  count, sets:   id, count, name and value of each label; one without a name is
//	                 the tenant (since format 2)
//	  count, series: ref, ids of its entity, name and extras, metadata,
//	                 and in a head: 1, ms and value of its newest sample; else 0
//	count, samples: a byte of flags, then what it says
//
// Refs and ids are given once in a generation and never mean anything else, so that
// a lost definition is noticed and not taken for another.
const recordType = 1

// walFormat is the version of these records, oldestFormat the first that is read.
const (
	walFormat    = 2
	oldestFormat = 1
)

// Flags of a sample. What is not said of ref and time is as in the sample before:
// the ref one higher, the time equal.
const (
	refFollows   = 1 << iota // difference to the ref before
	timeFollows              // difference to the time before
	startFollows             // the time minus the start
	startAsLast              // the last start of the record
	shortValue               // the value's bytes in reverse as a varint, else 8 bytes
	moreFollows              // see appendMore
)

// mark is a place in the history of a slot.
type mark struct {
	seq   uint64 // samples logged before
	bytes uint64 // of the log that they were charged for
}

// draft is a record in the making. The zero value is empty.
type draft struct {
	sets, series, samples       []byte
	setCount, seriesCount, size int
	previous                    codec
}

// codec is what the next sample is written relative to.
type codec struct {
	ref       uint32
	ts, start int64
}

func (d *draft) reset() {
	*d = draft{sets: d.sets[:0], series: d.series[:0], samples: d.samples[:0]}
}

func (d *draft) addSet(id uint64, set *series.Set) {
	d.setCount++
	d.sets = binary.AppendUvarint(d.sets, id)
	n := 0
	if set.Tenant() != "" {
		n++
	}
	for range set.All() {
		n++
	}
	d.sets = binary.AppendUvarint(d.sets, uint64(n))
	if set.Tenant() != "" {
		d.sets = appendText(appendText(d.sets, ""), set.Tenant())
	}
	for name, value := range set.All() {
		d.sets = appendText(appendText(d.sets, name), value)
	}
}

// addSeries defines a series by its ref and the ids of its three sets.
func (d *draft) addSeries(ref uint32, ids [3]uint64, m *meta, state *past) {
	d.seriesCount++
	d.series = binary.AppendUvarint(d.series, uint64(ref))
	for _, id := range ids {
		d.series = binary.AppendUvarint(d.series, id)
	}
	d.series = appendMeta(d.series, m)
	if state == nil {
		d.series = append(d.series, 0)
		return
	}
	d.series = append(d.series, 1)
	d.series = binary.AppendVarint(d.series, state.last)
	d.series = binary.AppendUvarint(d.series, bits.ReverseBytes64(state.bits))
}

func (d *draft) addSample(ref uint32, s *sample) {
	d.size++
	at, p := len(d.samples), &d.previous
	flags := byte(0)
	dst := append(d.samples, 0)
	if ref != p.ref+1 {
		flags |= refFollows
		dst = binary.AppendVarint(dst, int64(ref)-int64(p.ref))
	}
	if s.ts != p.ts {
		flags |= timeFollows
		dst = binary.AppendVarint(dst, s.ts-p.ts)
	}
	if s.start != 0 && s.start == p.start {
		flags |= startAsLast
	} else if s.start != 0 {
		flags |= startFollows
		dst = binary.AppendVarint(dst, s.ts-s.start)
		p.start = s.start
	}
	// Counts and small numbers end in zero bytes: first, a varint leaves them out.
	if reversed := bits.ReverseBytes64(s.bits); reversed < 1<<49 {
		flags |= shortValue
		dst = binary.AppendUvarint(dst, reversed)
	} else {
		dst = binary.LittleEndian.AppendUint64(dst, s.bits)
	}
	if s.more != nil {
		flags |= moreFollows
		dst = appendMore(dst, s.more)
	}
	dst[at] = flags
	d.samples, p.ref, p.ts = dst, ref, s.ts
}

// pastBytes is what a series' newest sample takes in a head, at most.
const pastBytes = 2 * binary.MaxVarintLen64

// roomInHead is what the definitions take in a head, at most.
func (d *draft) roomInHead() int { return len(d.sets) + len(d.series) + d.seriesCount*pastBytes }

// bytes is about how long the record will be.
func (d *draft) bytes() int { return len(d.sets) + len(d.series) + len(d.samples) }

func (d *draft) append(dst []byte, at mark, ms int64) []byte {
	dst = binary.AppendUvarint(dst, at.seq)
	dst = binary.AppendUvarint(dst, at.bytes)
	dst = binary.AppendVarint(dst, ms)
	definitions := 0
	if d.setCount+d.seriesCount > 0 {
		definitions = varintSize(uint64(d.setCount)) + len(d.sets) + varintSize(uint64(d.seriesCount)) + len(d.series)
	}
	dst = binary.AppendUvarint(dst, uint64(definitions))
	if definitions > 0 {
		dst = append(binary.AppendUvarint(dst, uint64(d.setCount)), d.sets...)
		dst = append(binary.AppendUvarint(dst, uint64(d.seriesCount)), d.series...)
	}
	return append(binary.AppendUvarint(dst, uint64(d.size)), d.samples...)
}

// record is one that is being read. Its bytes may be anything.
type record struct {
	at          mark
	ms          int64 // of its arrival
	charge      int   // bytes it was charged
	definitions []byte
	left        int // samples not yet read
	samples     reader
	previous    codec
}

func readRecord(payload []byte) (record, error) {
	r := reader{src: payload}
	rec := record{charge: chargeOf(payload)}
	rec.at.seq, rec.at.bytes, rec.ms = r.uvarint(), r.uvarint(), r.varint()
	if n := r.count(); n > 0 {
		rec.definitions = r.take(n)
	}
	rec.left = r.count()
	rec.samples = r
	if rec.at.seq > 1<<62 || rec.at.bytes > 1<<62 {
		r.err = errMalformed
	}
	return rec, r.err
}

// chargeOf is the room that a record takes: itself and its frame.
func chargeOf(payload []byte) int { return len(payload) + 12 }

// end is the mark behind the record, before any of it was read.
func (r *record) end() mark {
	return mark{r.at.seq + uint64(r.left), r.at.bytes + uint64(r.charge)}
}

// next reads one sample into s, all but its series and arrival. It is false, and
// nothing is left, when the bytes do not make sense.
func (r *record) next(s *sample) (ref uint32, ok bool) {
	in, p := &r.samples, &r.previous
	r.left--
	flags := in.byte()
	p.ref++
	if flags&refFollows != 0 {
		p.ref = uint32(int64(p.ref-1) + in.varint())
	}
	if flags&timeFollows != 0 {
		p.ts += in.varint()
	}
	s.start = 0
	if flags&startFollows != 0 {
		p.start = p.ts - in.varint()
	}
	if flags&(startFollows|startAsLast) != 0 {
		s.start = p.start
	}
	if flags&shortValue != 0 {
		s.bits = bits.ReverseBytes64(in.uvarint())
	} else {
		s.bits = in.fixed64()
	}
	s.more = nil
	if flags&moreFollows != 0 {
		var err error
		if s.more, in.src, err = readMore(in.src); err != nil {
			in.err = err
		}
	}
	s.ts = p.ts
	if in.err != nil {
		r.left = 0
	}
	return p.ref, in.err == nil
}

// definition is one series as a record defines it.
type definition struct {
	ref   uint32
	sets  [3]uint64
	meta  *meta
	known bool // past says something
	past  past
}

// define reads the definitions.
func (r *record) define(set func(id uint64, tenant string, labels []series.Label), each func(definition)) error {
	in := reader{src: r.definitions}
	if len(in.src) == 0 {
		return nil
	}
	for range in.count() {
		id := in.uvarint()
		tenant, labels := "", []series.Label(nil)
		for range in.count() {
			if l := (series.Label{Name: in.text(), Value: in.text()}); l.Name == "" {
				tenant = l.Value
			} else {
				labels = append(labels, l)
			}
		}
		if in.err != nil {
			return in.err
		}
		set(id, tenant, labels)
	}
	for range in.count() {
		d := definition{ref: uint32(in.uvarint()), sets: [3]uint64{in.uvarint(), in.uvarint(), in.uvarint()}}
		var err error
		if d.meta, in.src, err = readMeta(in.src); err != nil {
			return err
		}
		if d.known = in.byte() != 0; d.known {
			d.past = past{last: in.varint(), bits: bits.ReverseBytes64(in.uvarint())}
		}
		if in.err != nil {
			return in.err
		}
		each(d)
	}
	return in.err
}
