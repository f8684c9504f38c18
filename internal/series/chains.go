package series

// chains hold what shares a hash one behind the other; what is looked for is compared
// in full.
type chains[E any, P link[E]] map[uint64]P

// link is what stands in a chain: it knows the one behind it.
type link[E any] interface {
	*E
	behind() **E
}

func (c chains[E, P]) add(h uint64, e P) {
	*e.behind() = c[h]
	c[h] = e
}

func (c chains[E, P]) len() int {
	n := 0
	for _, e := range c {
		for ; e != nil; e = *e.behind() {
			n++
		}
	}
	return n
}

// sweep removes the entries for which keep is false.
func (c chains[E, P]) sweep(keep func(P) bool) {
	for h, e := range c {
		var first P
		for e != nil {
			next := P(*e.behind())
			if keep(e) {
				*e.behind() = first
				first = e
			}
			e = next
		}
		if c[h] = first; first == nil {
			delete(c, h)
		}
	}
}
