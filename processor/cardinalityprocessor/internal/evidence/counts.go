package evidence

const (
	countRows  = 4
	countWidth = 2048
)

// counts is a Count-Min sketch with conservative update, shared by the labels of
// one metric (32 KiB). It holds only values seen before, so that identifiers,
// which come once, do not drown the rest.
type counts [countRows][countWidth]uint32

// add counts a value once more and returns the estimate, never too low.
func (c *counts) add(hash uint64) uint32 {
	var cells [countRows]*uint32
	least := ^uint32(0)
	for row := range cells {
		cells[row] = &c[row][hash>>(11*row)%countWidth]
		least = min(least, *cells[row])
	}
	if least == ^uint32(0) {
		return least
	}
	for _, cell := range cells {
		if *cell == least {
			*cell = least + 1
		}
	}
	return least + 1
}

// halve ages the counts by one half-life.
func (c *counts) halve() {
	for row := range c {
		for i := range c[row] {
			c[row][i] /= 2
		}
	}
}
