package evidence

import (
	"encoding/binary"
	"math"
)

// writer appends the parts of a snapshot.
type writer []byte

func (w *writer) number(n uint64) { *w = binary.AppendUvarint(*w, n) }
func (w *writer) word(n uint64)   { *w = binary.LittleEndian.AppendUint64(*w, n) }
func (w *writer) float(f float64) { w.word(math.Float64bits(f)) }

func (w *writer) text(s string) {
	w.number(uint64(len(s)))
	*w = append(*w, s...)
}

// reader takes the parts of a snapshot; after a damaged part all are zero and
// bad is set.
type reader struct {
	rest []byte
	bad  bool
}

// demand marks the snapshot damaged unless ok.
func (r *reader) demand(ok bool) bool {
	if !ok {
		r.bad, r.rest = true, nil
	}
	return !r.bad
}

// number takes a number of at most limit.
func (r *reader) number(limit uint64) uint64 {
	n, size := binary.Uvarint(r.rest)
	if !r.demand(size > 0 && n <= limit) {
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) seconds() int64 { return int64(r.number(1<<32 - 1)) }

func (r *reader) word() uint64 {
	if !r.demand(len(r.rest) >= 8) {
		return 0
	}
	n := binary.LittleEndian.Uint64(r.rest)
	r.rest = r.rest[8:]
	return n
}

// float takes a count that has been halved now and then: finite, not negative.
func (r *reader) float() float64 {
	f := math.Float64frombits(r.word())
	if !r.demand(f >= 0 && f <= math.MaxInt64) {
		return 0
	}
	return f
}

func (r *reader) text(limit uint64) string {
	n := r.number(limit)
	if !r.demand(n <= uint64(len(r.rest))) {
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}
