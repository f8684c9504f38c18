package evidence

// exactLimit is the number of values up to which a label is counted exactly.
const exactLimit = 256

// sighting is one value of an exact set; a count of zero marks a free slot.
type sighting struct {
	hash  uint64
	last  uint32 // seconds
	count uint32 // aged; 1 only if seen once
}

// exact holds every value of the last day, by open addressing at most half full.
type exact struct {
	slots []sighting
	used  int
}

// again counts a value that is held and returns how often it was seen, 0 for one
// that is not.
func (e *exact) again(hash uint64, sec int64) uint32 {
	slot := e.find(hash)
	if slot == nil || slot.count == 0 {
		return 0
	}
	slot.last = max(slot.last, uint32(sec))
	if slot.count < 1<<32-1 {
		slot.count++
	}
	return slot.count
}

// add takes up a value that is not held; full is true, and nothing is counted,
// when it would be one too many.
func (e *exact) add(hash uint64, sec int64) (full bool) {
	if e.used == exactLimit {
		e.rebuild(sec - day)
	}
	if e.used == exactLimit {
		return true
	}
	if 2*(e.used+1) > len(e.slots) {
		e.rebuild(0)
	}
	*e.find(hash) = sighting{hash: hash, last: uint32(sec), count: 1}
	e.used++
	return false
}

// find returns the slot of hash, or the free one where it belongs.
func (e *exact) find(hash uint64) *sighting {
	mask := len(e.slots) - 1
	for i := int(hash >> 32); mask >= 0; i++ {
		slot := &e.slots[i&mask]
		if slot.count == 0 || slot.hash == hash {
			return slot
		}
	}
	return nil
}

// rebuild forgets the values last seen before from and leaves room for one more.
func (e *exact) rebuild(from int64) {
	old := e.slots
	e.used = 0
	for _, s := range old {
		if s.count > 0 && int64(s.last) >= from {
			e.used++
		}
	}
	size := 8
	for size < 2*(e.used+1) && size < 2*exactLimit {
		size *= 2
	}
	e.slots = make([]sighting, size)
	for _, s := range old {
		if s.count > 0 && int64(s.last) >= from {
			*e.find(s.hash) = s
		}
	}
}

// distinct is how many values were last seen in the window that ends at sec.
func (e *exact) distinct(sec, window int64) float64 {
	n := 0
	for _, s := range e.slots {
		if s.count > 0 && int64(s.last) > sec-window {
			n++
		}
	}
	return float64(n)
}

// dense is the staircase that has seen each value once, when it was last seen.
func (e *exact) dense(start, sec int64) *staircase {
	s := newStaircase(start)
	// Stepping through the panes of each window gives the past its spans.
	for level := len(steps) - 1; level >= 0; level-- {
		for back := bounds[level+1] - bounds[level] - 1; back > 0; back-- {
			s.advance(sec - int64(back)*steps[level])
		}
	}
	s.advance(sec)
	for _, v := range e.slots {
		if v.count > 0 {
			s.add(v.hash, int64(v.last))
		}
	}
	return s
}

// halve ages the counts by one half-life; it makes no singletons.
func (e *exact) halve() {
	for i := range e.slots {
		if s := &e.slots[i]; s.count > 1 {
			s.count = max(s.count/2, 2)
		}
	}
}
