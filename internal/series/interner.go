package series

// Generation is a coarse time that only moves forward (it may wrap around):
// what was not used for a number of generations can be swept.
type Generation = uint16

// Interner keeps one Set for each distinct label set.
type Interner struct {
	sets map[uint64][]*Set
	now  Generation
	hash func(*Set) uint64
}

// NewInterner returns an empty interner.
func NewInterner() *Interner {
	return &Interner{sets: map[uint64][]*Set{}, hash: func(s *Set) uint64 { return s.hash }}
}

// Intern returns the one Set that has these labels. Names must be unique; the
// slice is sorted in place and not kept.
func (in *Interner) Intern(labels []Label) *Set { return in.InternFor("", labels) }

// InternFor returns the one Set that a tenant has of these labels; "" is no tenant.
func (in *Interner) InternFor(tenant string, labels []Label) *Set {
	fresh := newSet(tenant, labels)
	h := in.hash(fresh)
	for _, s := range in.sets[h] {
		if s.wire == fresh.wire && s.tenant == fresh.tenant {
			in.Touch(s)
			return s
		}
	}
	fresh.seen = in.now
	in.sets[h] = append(in.sets[h], fresh)
	return fresh
}

// Touch marks a set as used now.
func (in *Interner) Touch(s *Set) {
	if s.seen != in.now {
		s.seen = in.now
	}
}

// Len returns the number of sets.
func (in *Interner) Len() int { return chainsLen(in.sets) }

// Sweep moves to generation now and forgets the sets unused for more than idle
// generations. A series may go on holding a forgotten set.
func (in *Interner) Sweep(now, idle Generation) {
	in.now = now
	sweepChains(in.sets, func(s *Set) bool { return now-s.seen <= idle })
}
