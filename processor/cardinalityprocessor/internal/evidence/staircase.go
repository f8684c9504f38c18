package evidence

import "math/bits"

const (
	// registers sets the standard error of a dense count (about 1.5 %) and the
	// 10 KiB that it costs.
	registers = 5120
	// classes are spans: four for the minute and three for the hour and the day,
	// the first of each being the running pane.
	classes     = 10
	minuteSpans = 4
	// topRank is what 16 bits leave beside the nine boundaries between classes.
	// Ranks are to base 4, so that 5120*4^6, or 20 million values, are in range.
	topRank = 16 - (classes - 1)
)

var (
	// steps are the lengths of the panes of the minute, the hour and the day, in
	// seconds. The minute has the finest, for values that come in bursts.
	steps = [3]int64{20, 30 * 60, 12 * 3600}
	// bounds are the first classes of the three levels, and the end.
	bounds = [4]int{0, minuteSpans, 7, classes}
)

// staircase counts distinct values over sliding windows: a HyperLogLog whose
// registers hold, for each of ten growing spans that end now, the highest rank
// seen in that span. Spans nest, so the ranks never fall from one to the next:
// a register is that staircase, a set bit for each rank climbed and a clear bit
// for each span passed, starting with the newest span at bit 0.
type staircase struct {
	// since[c] is where span c begins, in seconds; it never rises with c.
	since [classes]int64
	// panes number the running panes of the three windows, from 1970.
	panes [len(steps)]int64
	cells [registers]uint16
}

type climb [classes]uint8

func newStaircase(start int64) *staircase {
	s := new(staircase)
	for c := range s.since {
		s.since[c] = start
	}
	for level, step := range steps {
		s.panes[level] = start / step
	}
	return s
}

// place gives the register and the rank of a mixed hash: the register from its
// high bits, the rank from its low ones.
func place(hash uint64) (int, uint8) {
	register, _ := bits.Mul64(hash, registers)
	return int(register), uint8(min(bits.TrailingZeros64(hash)/2+1, topRank))
}

// add counts a value seen at sec; one older than every span leaves no trace.
func (s *staircase) add(hash uint64, sec int64) {
	register, rank := place(hash)
	cell := s.cells[register]
	if bits.TrailingZeros16(^cell) >= int(rank) {
		return
	}
	ranks := unpack(cell)
	for c := range ranks {
		if s.since[c] <= sec {
			ranks[c] = max(ranks[c], rank)
		}
	}
	s.cells[register] = ranks.pack()
}

// advance closes the panes that end by sec.
func (s *staircase) advance(sec int64) {
	if sec < (s.panes[0]+1)*steps[0] {
		return
	}
	var ticks [len(steps)]int64
	for level, step := range steps {
		// As many ticks as a level has spans empty it; more do no more.
		ticks[level] = min(sec/step-s.panes[level], int64(bounds[level+1]-bounds[level]))
		s.panes[level] = max(s.panes[level], sec/step)
	}
	s.shiftTimes(ticks)
	if ticks == [len(steps)]int64{1} {
		for i, cell := range s.cells {
			// As many clear bits as the minute has spans: nothing there grows older.
			if cell&(1<<minuteSpans-1) != 0 {
				s.cells[i] = tick(cell)
			}
		}
		return
	}
	for i, cell := range s.cells {
		if cell != 0 {
			s.cells[i] = unpack(cell).shift(ticks).pack()
		}
	}
}

// tick is shift for the usual case, one tick of the minute alone: a clear bit
// goes in first, and the one that ends the oldest span of the minute goes out.
func tick(cell uint16) uint16 {
	free := ^cell
	for range minuteSpans - 1 {
		free &= free - 1
	}
	below := free&-free - 1
	return cell&below<<1 | cell&^(below<<1|1)
}

// shiftTimes moves the begins of the spans as shift moves their ranks. When ticks
// were late nothing was added meanwhile, so a pane may begin at its own tick.
func (s *staircase) shiftTimes(ticks [len(steps)]int64) {
	for level, n := range ticks {
		c, end := bounds[level], bounds[level+1]
		for ; n > 0; n-- {
			copy(s.since[c+1:end], s.since[c:end-1])
			s.since[c] = (s.panes[level] - n + 1) * steps[level]
			if level > 0 {
				s.since[c] = min(s.since[c], s.since[c-1])
			}
		}
	}
}

// shift opens new panes: the new newest span of a level holds what the level
// below holds, and the oldest span of the level is forgotten. What it held is
// still in the spans of the levels above, which reach further back.
func (r climb) shift(ticks [len(steps)]int64) climb {
	for level, n := range ticks {
		c, end := bounds[level], bounds[level+1]
		for ; n > 0; n-- {
			copy(r[c+1:end], r[c:end-1])
			r[c] = 0
			if level > 0 {
				r[c] = r[c-1]
			}
		}
	}
	return r
}

func unpack(cell uint16) climb {
	var r climb
	rank := 0
	for c := range r {
		rise := bits.TrailingZeros16(^cell)
		rank += rise
		r[c] = uint8(rank)
		cell >>= rise + 1
	}
	return r
}

func (r climb) pack() uint16 {
	var cell uint32
	at, rank := uint8(0), uint8(0)
	for _, next := range r {
		rise := next - rank
		cell |= (1<<rise - 1) << at
		at += rise + 1
		rank = next
	}
	return uint16(cell)
}
