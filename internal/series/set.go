package series

import (
	"encoding/binary"
	"iter"
	"math/bits"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// NameLabel is the label that holds the metric name.
const NameLabel = "__name__"

// Label is a name and value, both valid UTF-8 and not empty.
type Label struct{ Name, Value string }

// Set is an immutable label set, sorted by name, without duplicate names.
//
// It is kept as one string in the wire form of a remote write 1.0 TimeSeries
// (each label a length-delimited field 1 holding name as field 1 and value as
// field 2): a third of the memory of two string headers per label, and an
// encoder copies it as it stands.
type Set struct {
	wire   string
	nameAt int    // offset at which NameLabel stands or would stand
	tenant string // whose labels these are; no label itself
	hash   uint64 // sum over the labels, so that hash(A ∪ B) = hash(A) + hash(B)
	names  uint64 // bloom filter of the label names
	seen   uint16 // generation of the last use
}

const (
	tagLabel = 1<<3 | 2
	tagName  = 1<<3 | 2
	tagValue = 2<<3 | 2
)

// newSet builds a set from labels, which it sorts. Names must be unique.
func newSet(tenant string, labels []Label) *Set {
	slices.SortFunc(labels, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	s := &Set{tenant: tenant}
	if tenant != "" {
		s.hash = hashLabel("", tenant)
	}
	var wire []byte
	for _, l := range labels {
		if l.Name < NameLabel {
			s.nameAt = len(wire) + labelSize(l)
		}
		wire = appendLabel(wire, l)
		s.hash += hashLabel(l.Name, l.Value)
		s.names |= nameBit(l.Name)
	}
	s.wire = string(wire)
	return s
}

// All yields the labels in order.
func (s *Set) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for rest := s.wire; rest != ""; {
			var name, value string
			name, value, rest = cutLabel(rest)
			if !yield(name, value) {
				return
			}
		}
	}
}

// Get returns the value of a label, or "".
func (s *Set) Get(name string) string {
	if s.names&nameBit(name) == 0 {
		return ""
	}
	for n, v := range s.All() {
		if n == name {
			return v
		}
	}
	return ""
}

// Tenant returns whose set it is, or "".
func (s *Set) Tenant() string { return s.tenant }

// Empty reports whether the set has no labels.
func (s *Set) Empty() bool { return s.wire == "" }

// Overlaps reports whether the two sets share a label name.
func (s *Set) Overlaps(o *Set) bool {
	if s.names&o.names == 0 {
		return false
	}
	a, b := s.wire, o.wire
	for a != "" && b != "" {
		an, _, aRest := cutLabel(a)
		bn, _, bRest := cutLabel(b)
		switch strings.Compare(an, bn) {
		case 0:
			return true
		case -1:
			a = aRest
		default:
			b = bRest
		}
	}
	return false
}

func labelSize(l Label) int {
	n := labelBody(l)
	return 1 + varintLen(n) + n
}

func labelBody(l Label) int {
	return 2 + varintLen(len(l.Name)) + len(l.Name) + varintLen(len(l.Value)) + len(l.Value)
}

func appendLabel(dst []byte, l Label) []byte {
	dst = append(dst, tagLabel)
	dst = binary.AppendUvarint(dst, uint64(labelBody(l)))
	dst = append(dst, tagName)
	dst = binary.AppendUvarint(dst, uint64(len(l.Name)))
	dst = append(dst, l.Name...)
	dst = append(dst, tagValue)
	dst = binary.AppendUvarint(dst, uint64(len(l.Value)))
	return append(dst, l.Value...)
}

// cutLabel splits the first label off a wire form that newSet made.
func cutLabel(wire string) (name, value, rest string) {
	_, wire = cutVarint(wire[1:])
	n, wire := cutVarint(wire[1:])
	name, wire = wire[:n], wire[n:]
	n, wire = cutVarint(wire[1:])
	return name, wire[:n], wire[n:]
}

func cutVarint(s string) (int, string) {
	n := 0
	for i := 0; ; i++ {
		b := s[i]
		n |= int(b&0x7f) << (7 * i)
		if b < 0x80 {
			return n, s[i+1:]
		}
	}
}

func varintLen(n int) int { return (bits.Len64(uint64(n)|1) + 6) / 7 }

// hashLabel mixes a label into 64 bits that may be summed.
func hashLabel(name, value string) uint64 {
	return mix(xxhash.Sum64String(name)*0x9e3779b97f4a7c15 ^ xxhash.Sum64String(value))
}

// mix is a bijection in which every input bit moves about half the output bits.
func mix(h uint64) uint64 {
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}

func nameBit(name string) uint64 { return 1 << (xxhash.Sum64String(name) & 63) }
