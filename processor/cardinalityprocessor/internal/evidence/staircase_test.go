package evidence

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// Law: a register holds, for each span, the highest rank among the values that
// came since the span began.
func TestARegisterHoldsTheHighestRankOfEachSpan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type seen struct {
			sec  int64
			rank uint8
		}
		var history []seen
		now := start
		s := newStaircase(now)
		for range rapid.IntRange(1, 40).Draw(t, "values") {
			gap := rapid.SampledFrom([]int64{0, 1, 19, 20, 61, 600, 1800, 3601, 20_000, 50_000, 100_000}).Draw(t, "gap")
			now += gap
			s.advance(now)
			rank := uint8(rapid.IntRange(1, topRank).Draw(t, "rank"))
			late := rapid.SampledFrom([]int64{0, 0, 0, 40}).Draw(t, "late")
			s.add(1<<(2*(rank-1)), now-late)
			history = append(history, seen{now - late, rank})
		}
		want := climb{}
		for c := range want {
			for _, v := range history {
				if v.sec >= s.since[c] {
					want[c] = max(want[c], v.rank)
				}
			}
		}
		assert.Equal(t, want, unpack(s.cell(0)))
		for level, window := range []int64{minute, hour, day} {
			// The oldest span of a window reaches back to its begin, or to the first value.
			assert.LessOrEqual(t, s.since[bounds[level+1]-1], max(now-window, start))
		}
	})
}

func TestEveryStaircaseComesBackFromItsBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ranks climb
		for c := range ranks {
			low := 0
			if c > 0 {
				low = int(ranks[c-1])
			}
			ranks[c] = uint8(rapid.IntRange(low, topRank).Draw(t, "rank"))
		}
		assert.Equal(t, ranks, unpack(ranks.pack()))
	})
}

func TestATickOfTheMinuteIsAShift(t *testing.T) {
	for cell := range 1 << 16 {
		ranks := unpack(uint16(cell))
		if ranks[classes-1] <= topRank && ranks.pack() == uint16(cell) {
			beside := uint64(0x0fff_0000_0000_03ff &^ (0xffff << (cell % 4 * 16))) // in other lanes
			want := ranks.shift([len(steps)]int64{1}).pack()
			assert.Equal(t, want, uint16(tick(uint64(cell)<<(cell%4*16)|beside)>>(cell%4*16)))
		}
	}
}

func TestARaiseLiftsTheSpansBelowARank(t *testing.T) {
	for cell := range 1 << 16 {
		ranks := unpack(uint16(cell))
		if ranks[classes-1] > topRank || ranks.pack() != uint16(cell) {
			continue
		}
		for rank := uint8(1); rank <= topRank; rank++ {
			want := ranks
			for c := range want {
				want[c] = max(want[c], rank)
			}
			assert.Equal(t, want.pack(), raise(uint16(cell), rank))
		}
	}
}
