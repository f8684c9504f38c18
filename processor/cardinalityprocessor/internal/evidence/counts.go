package evidence

const (
	countRows  = 4
	countWidth = 2048
)

// counts is a Count-Min sketch with conservative update, shared by the labels of
// one metric (32 KiB). It holds only values seen before, so that identifiers,
// which come once, do not drown the rest.
type counts [countRows][countWidth]uint32

// add counts a value n times more and returns the estimate, never too low.
func (c *counts) add(hash uint64, n uint32) uint32 {
	var cells [countRows]*uint32
	least := ^uint32(0)
	for row := range cells {
		cells[row] = &c[row][hash>>(11*row)%countWidth]
		least = min(least, *cells[row])
	}
	sum := least + min(n, ^least)
	for _, cell := range cells {
		*cell = max(*cell, sum)
	}
	return sum
}

// halve ages the counts by one half-life.
func (c *counts) halve() {
	for row := range c {
		for i := range c[row] {
			c[row][i] /= 2
		}
	}
}
