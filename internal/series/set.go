package series

import (
	"iter"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// NameLabel is the label that holds the metric name.
const NameLabel = "__name__"

// Set is an immutable label set, sorted by name, without duplicate names. Its labels
// are shared with other sets: it takes 8 bytes for each.
type Set struct {
	pairs  []*Pair
	tenant *Pair  // whose labels these are, in its value; no label itself; nil: no tenant
	hash   uint64 // sum over the labels, so that hash(A ∪ B) = hash(A) + hash(B)
	names  uint64 // bloom filter of the label names
	next   *Set   // of the same hash
	named  uint16 // how many labels sort before NameLabel
	seen   Generation
}

func (s *Set) behind() **Set { return &s.next }

// newSet builds a set from pairs, which it sorts and keeps. Names must be unique.
func newSet(tenant *Pair, list []*Pair) *Set {
	slices.SortFunc(list, func(a, b *Pair) int { return strings.Compare(a.Name(), b.Name()) })
	s := &Set{tenant: tenant, pairs: list}
	if tenant != nil {
		s.hash = tenant.hash
	}
	for _, p := range list {
		if p.Name() < NameLabel {
			s.named++
		}
		s.hash += p.hash
		s.names |= nameBit(p.Name())
	}
	return s
}

// All yields the labels in order.
func (s *Set) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, p := range s.pairs {
			if !yield(p.Name(), p.Value()) {
				return
			}
		}
	}
}

// Pairs returns the labels in order. They must not be changed.
func (s *Set) Pairs() []*Pair { return s.pairs }

// Split returns the labels that sort before NameLabel, and the others. They must not
// be changed.
func (s *Set) Split() (before, after []*Pair) { return s.pairs[:s.named], s.pairs[s.named:] }

// Get returns the value of a label, or "".
func (s *Set) Get(name string) string {
	for n, v := range s.All() {
		if n == name {
			return v
		}
	}
	return ""
}

// Tenant returns whose set it is, or "".
func (s *Set) Tenant() string {
	if s.tenant == nil {
		return ""
	}
	return s.tenant.Value()
}

// Empty reports whether the set has no labels.
func (s *Set) Empty() bool { return len(s.pairs) == 0 }

// Overlaps reports whether the two sets share a label name.
func (s *Set) Overlaps(o *Set) bool {
	if s.names&o.names == 0 {
		return false
	}
	for a, b := s.pairs, o.pairs; len(a) > 0 && len(b) > 0; {
		switch strings.Compare(a[0].Name(), b[0].Name()) {
		case 0:
			return true
		case -1:
			a = a[1:]
		default:
			b = b[1:]
		}
	}
	return false
}

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
