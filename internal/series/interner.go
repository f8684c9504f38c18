package series

import "slices"

// Generation is a coarse time that only moves forward (it may wrap around):
// what was not used for a number of generations can be swept.
type Generation = uint16

// Interner keeps one Set for each distinct label set.
type Interner struct {
	sets  chains[Set, *Set]
	pairs pairs
	now   Generation
	hash  func(*Set) uint64
}

// NewInterner returns an empty interner.
func NewInterner() *Interner {
	return &Interner{sets: chains[Set, *Set]{}, pairs: newPairs(), hash: func(s *Set) uint64 { return s.hash }}
}

// Intern returns the one Set that has these labels. Names must be unique; all strings
// are copied.
func (in *Interner) Intern(labels []Label) *Set { return in.InternFor("", labels) }

// InternFor returns the one Set that a tenant has of these labels; "" is no tenant.
func (in *Interner) InternFor(tenant string, labels []Label) *Set {
	var of *Pair
	if tenant != "" {
		of = in.pairs.get("", tenant)
	}
	list := make([]*Pair, len(labels))
	for i, l := range labels {
		list[i] = in.pairs.get(l.Name, l.Value)
	}
	fresh := newSet(of, list)
	h := in.hash(fresh)
	for s := in.sets[h]; s != nil; s = s.next {
		if s.tenant == fresh.tenant && slices.Equal(s.pairs, fresh.pairs) {
			in.Touch(s)
			return s
		}
	}
	fresh.seen = in.now
	in.sets.add(h, fresh)
	return fresh
}

// Touch marks a set as used now.
func (in *Interner) Touch(s *Set) {
	if s.seen != in.now {
		s.seen = in.now
	}
}

// Sweep moves to generation now and forgets the sets unused for more than idle
// generations. A series may go on holding a forgotten set.
func (in *Interner) Sweep(now, idle Generation) {
	in.now, in.pairs.now = now, now
	in.sets.sweep(func(s *Set) bool {
		if now-s.seen > idle {
			return false
		}
		in.pairs.use(s.pairs)
		if s.tenant != nil {
			s.tenant.seen = now
		}
		return true
	})
	in.pairs.sweep()
}
