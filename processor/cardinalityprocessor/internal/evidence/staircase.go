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
	// words hold four registers each, the first in the lowest bits.
	words [registers / 4]uint64
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
	cell := s.cell(register)
	if bits.TrailingZeros16(^cell) >= int(rank) {
		return
	}
	if sec >= s.since[0] { // in all spans, for they begin no later
		s.set(register, raise(cell, rank))
		return
	}
	ranks := unpack(cell)
	for c := range ranks {
		if s.since[c] <= sec {
			ranks[c] = max(ranks[c], rank)
		}
	}
	s.set(register, ranks.pack())
}

// raise lifts the spans below a rank to it: they share the climb to its first steps,
// and the steps that follow stay where they are.
func raise(cell uint16, rank uint8) uint16 {
	higher := cell
	for range rank {
		higher &= higher - 1
	}
	return higher | (1<<rank - 1)
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
		for i, word := range s.words[:] {
			// As many clear bits as the minute has spans: nothing there grows older.
			if word&(ones*(1<<minuteSpans-1)) != 0 {
				s.words[i] = tick(word)
			}
		}
		return
	}
	for i, word := range s.words[:] {
		for lane := 0; word != 0 && lane < 64; lane += 16 {
			if cell := uint16(word >> lane); cell != 0 {
				s.set(4*i+lane/16, unpack(cell).shift(ticks).pack())
			}
		}
	}
}

func (s *staircase) cell(register int) uint16 {
	return uint16(s.words[register/4] >> (16 * (register % 4)))
}

func (s *staircase) set(register int, cell uint16) {
	lane := 16 * (register % 4)
	word := &s.words[register/4]
	*word = *word&^(0xffff<<lane) | uint64(cell)<<lane
}

// ones is the lowest bit of each of the four registers of a word.
const ones = 0x0001_0001_0001_0001

// tick is shift for the usual case, one tick of the minute alone: a clear bit goes
// in first, and the one that ends the oldest span of the minute goes out. It is done
// to four registers at a time: each has more clear bits than are looked for, so
// nothing is borrowed or carried from one to the next.
func tick(word uint64) uint64 {
	free := ^word
	free &= free - ones
	free &= free - ones
	free &= free - ones // minuteSpans - 1 times
	below := free&(^free+ones) - ones
	return word&below<<1 | word&^(below<<1|ones)
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
