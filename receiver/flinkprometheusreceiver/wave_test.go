package flinkprometheusreceiver

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func rangeOf(t require.TestingT, n int) []target {
	targets, err := parseTargets([]string{fmt.Sprintf("tm:9000-%d", 9000+n-1)})
	require.NoError(t, err)
	return targets
}

func TestScrapesComeInWaves(t *testing.T) {
	for _, tt := range []struct{ targets, waves int }{{1, 1}, {8, 1}, {15, 1}, {16, 2}, {20, 2}, {32, 4}, {100, 8}, {1000, 64}} {
		w := newWaves(time.Minute, tt.targets, "a")
		assert.Equal(t, time.Minute/time.Duration(tt.waves), w.slot, "%d targets", tt.targets)
		assert.Equal(t, pace*time.Duration(tt.targets/tt.waves), w.width, "%d targets", tt.targets)
	}
}

func TestWavesAreOneStreamWhereTheirTargetsNeedTheWholeInterval(t *testing.T) {
	w := newWaves(10*time.Second, 100_000, "a")
	assert.Equal(t, w.slot, w.width)
}

func TestManyTargetsAreSpreadOverTheInterval(t *testing.T) {
	w := newWaves(10*time.Second, 1000, "a")
	tenths := map[time.Duration]int{}
	for _, target := range rangeOf(t, 1000) {
		tenths[w.offset(target)/time.Second]++
	}
	for tenth := range time.Duration(10) {
		assert.InDelta(t, 100, tenths[tenth], 40)
	}
}

// Every offset lies within its interval and within a wave, and is the same each time.
func TestOffsetLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 500).Draw(t, "targets")
		interval := time.Duration(rapid.IntRange(10, 100_000).Draw(t, "interval_ms")) * time.Millisecond
		seed := rapid.String().Draw(t, "seed")
		w := newWaves(interval, n, seed)
		for _, target := range rangeOf(t, n) {
			offset := w.offset(target)
			require.Equal(t, offset, newWaves(interval, n, seed).offset(target))
			require.GreaterOrEqual(t, offset, time.Duration(0))
			require.Less(t, offset, interval)
			sincePhase := (offset - w.phase + interval) % interval
			require.LessOrEqual(t, sincePhase%w.slot, w.width)
		}
	})
}

// Waves hold about as many targets each, and those of one wave do not begin at the same moment.
func TestTargetsAreSpreadOverTheWaves(t *testing.T) {
	w := newWaves(time.Minute, 1000, "a")
	sizes := map[time.Duration]int{}
	var offsets []time.Duration
	for _, target := range rangeOf(t, 1000) {
		offset := w.offset(target)
		sizes[(offset-w.phase+time.Minute)%time.Minute/w.slot]++
		offsets = append(offsets, offset)
	}
	assert.Len(t, sizes, 64)
	for _, size := range sizes {
		assert.InDelta(t, 15.6, size, 14)
	}
	slices.Sort(offsets)
	assert.Len(t, slices.Compact(offsets), 1000)
}

func TestWeirsOfOtherNamesHaveOtherPhases(t *testing.T) {
	quarters := map[time.Duration]int{}
	for i := range 1000 {
		w := newWaves(time.Minute, 1, fmt.Sprint("flinkprometheus@pod-", i))
		quarters[w.offset(rangeOf(t, 1)[0])/(15*time.Second)]++
	}
	for quarter := range time.Duration(4) {
		assert.InDelta(t, 250, quarters[quarter], 75)
	}
}
