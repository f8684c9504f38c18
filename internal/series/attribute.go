package series

import (
	"strings"
	"unsafe"
)

// attribute is a name and value that many maps share.
type attribute struct {
	name, value string
	next        *attribute // of the same hash
	seen        Generation
}

func (a *attribute) behind() **attribute { return &a.next }

// is tells whether these are the name and the value. Whoever sends maps mostly has one copy of what they share: where
// texts may be kept, it takes the place of the attribute's own, and the next time its bytes need not be read.
func (a *attribute) is(name, value string, keep bool) bool {
	if Identical(a.value, value) && Identical(a.name, name) {
		return true
	}
	if a.value != value || a.name != name {
		return false
	}
	if keep {
		a.name, a.value = name, value
	}
	return true
}

// Identical tells whether two texts are the same bytes in memory. Texts that are not may still be equal.
func Identical(a, b string) bool {
	return len(a) == len(b) && unsafe.StringData(a) == unsafe.StringData(b)
}

// attributes keep one of each.
type attributes struct {
	known chains[attribute, *attribute]
	now   Generation
	keep  bool // texts
}

func newAttributes() attributes { return attributes{known: chains[attribute, *attribute]{}} }

// get returns the one attribute of a name and value.
func (as *attributes) get(name, value string) *attribute {
	h := hashLabel(name, value)
	for a := as.known[h]; a != nil; a = a.next {
		if a.is(name, value, as.keep) {
			a.seen = as.now
			return a
		}
	}
	if !as.keep {
		name, value = strings.Clone(name), strings.Clone(value)
	}
	a := &attribute{name: name, value: value, seen: as.now}
	as.known.add(h, a)
	return a
}

// use marks a list as used in generation now, and sweep then forgets the others.
func (as *attributes) use(list []*attribute) {
	for _, a := range list {
		a.seen = as.now
	}
}

func (as *attributes) sweep() {
	as.known.sweep(func(a *attribute) bool { return a.seen == as.now })
}
