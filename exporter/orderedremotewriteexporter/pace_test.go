package orderedremotewriteexporter

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir.example/internal/promtest"
)

// paced makes slots whose requests hold one sample of the given times.
func paced(times ...int64) *pace {
	p := newPace()
	for i, ts := range times {
		s := &slot{index: i, pace: p, front: ts, request: []sample{{ts: ts}}}
		p.join(s)
	}
	return p
}

func TestNoSlotGetsFarAheadOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := paced(0, maxLead, maxLead+1)
		passed := make([]bool, 3)
		for i, s := range p.slots {
			go func() { passed[i] = p.wait(t.Context(), s) }()
		}
		synctest.Wait()
		assert.Equal(t, []bool{true, true, false}, passed)
		p.leave(p.slots[0])
		synctest.Wait()
		assert.True(t, passed[2])
	})
}

func TestAHeldSlotKeepsNobodyBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := paced(0, maxLead+1)
		passed := false
		go func() { passed = p.wait(t.Context(), p.slots[1]) }()
		synctest.Wait()
		assert.False(t, passed)
		p.slots[0].held.Store(true)
		p.held()
		synctest.Wait()
		assert.True(t, passed)
	})
}

func TestWaitingForOthersEndsWithTheContext(t *testing.T) {
	p := paced(0, maxLead+1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.False(t, p.wait(ctx, p.slots[1]))
}

// Whatever the times, at least one slot may send: they never wait for each other.
func TestSomeSlotMayAlwaysSend(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPace()
		for i := range rapid.IntRange(1, 6).Draw(t, "slots") {
			oldest := rapid.Int64Range(0, 4).Draw(t, "oldest") * maxLead
			s := &slot{index: i, front: oldest, request: []sample{{ts: oldest + rapid.Int64Range(0, 4).Draw(t, "span")*maxLead}}}
			s.held.Store(rapid.Bool().Draw(t, "held"))
			p.join(s)
		}
		free := 0
		for _, s := range p.slots {
			if !p.ahead(s, s.request[0].ts) {
				free++
			}
		}
		require.Positive(t, free)
	})
}

// A backlog of hours is worked off without any slot running ahead.
func TestSlotsWorkOffABacklogTogether(t *testing.T) {
	dir := t.TempDir()
	store := newStore(t, promtest.WithScript(down))
	config := withWAL(dir, func(c *Config, _ *WALConfig) { c.Shards, c.SlotBy, c.Batch.MaxSize = 4, slotBySeries, 3 })
	r := start(t, store, immortal(), config)
	const minutes, series = 240, 8
	for i := range minutes {
		b := newBatch().resource(flink...)
		for k := range series {
			b.gauge(fmt.Sprint("m", k), int64(i+1)*60_000, float64(i))
		}
		r.send(b.md)
	}
	require.NoError(t, r.Shutdown(canceled()))

	store = newStore(t) // what the first one began is of no interest
	r = start(t, store, immortal(), func(c *Config) { config(c); c.HTTP.Endpoint = store.URL() })
	r.settle()
	r.end()
	require.Equal(t, minutes*series, store.Counts().Samples)
	require.Empty(t, store.Violations())
	type arrival struct {
		name string
		ts   int64
	}
	byArrival := map[int][]arrival{}
	last := 0
	for _, s := range store.Series() {
		for _, p := range s.Samples {
			byArrival[p.Arrival] = append(byArrival[p.Arrival], arrival{s.Name(), p.T})
			last = max(last, p.Arrival)
		}
	}
	newest := map[string]int64{}
	for i := range last + 1 {
		for _, a := range byArrival[i] {
			newest[a.name] = a.ts
		}
		if len(newest) < series {
			continue
		}
		lo, hi := int64(1<<62), int64(0)
		for _, ts := range newest {
			lo, hi = min(lo, ts), max(hi, ts)
		}
		// The oldest unsent sample of a series is one minute newer than its newest sent.
		require.LessOrEqual(t, hi-lo, maxLead+2*60_000)
	}
}
