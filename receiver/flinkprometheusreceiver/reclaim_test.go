package flinkprometheusreceiver

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMemoryIsGivenBackOnceNothingIsLearnedAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var freed atomic.Int32
		r := newReclaimer(15 * time.Second)
		r.free = func() { freed.Add(1) }
		defer r.stop()
		after := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		r.note(reclaimFrom - 1)
		after(time.Hour)
		require.Zero(t, freed.Load(), "not for a few series")

		for range 5 {
			r.note(1)
			after(14 * time.Second)
		}
		require.Zero(t, freed.Load(), "not while there are new series")
		after(time.Second)
		require.EqualValues(t, 1, freed.Load())
		r.note(1)
		r.note(0)
		after(time.Hour)
		require.EqualValues(t, 1, freed.Load(), "once")

		r.note(reclaimFrom)
		after(15 * time.Second)
		require.EqualValues(t, 2, freed.Load())
	})
}

func TestNothingIsGivenBackAfterStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReclaimer(time.Second)
		r.free = func() { t.Error("freed") }
		r.note(reclaimFrom)
		r.stop()
		time.Sleep(time.Hour)
	})
}

func TestAScraperTellsWhatItLearned(t *testing.T) {
	g := newRig(t, nil)
	g.body = "flink_a 1\nflink_b 1\n"
	require.NotNil(t, g.scrapeOnce())
	require.NotNil(t, g.scrapeOnce())
	require.Equal(t, 2, g.scraper.reclaim.learned)
}
