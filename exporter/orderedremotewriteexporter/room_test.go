package orderedremotewriteexporter

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// smallRoom is one of samples, for one slot.
func smallRoom(capacity int) *room {
	r := newRoom(&Config{QueueSamples: capacity, Shards: 1})
	r.crowd = func() {}
	return r
}

func TestRoomIsGrantedInOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := smallRoom(10)
		require.NoError(t, r.wait(t.Context(), demand{8}))
		var mu sync.Mutex
		var order []string
		wait := func(name string, n int) {
			go func() {
				if r.wait(t.Context(), demand{n}) == nil {
					mu.Lock()
					order = append(order, name)
					mu.Unlock()
				}
			}()
			synctest.Wait()
		}
		wait("large", 9)
		wait("small", 1)
		wait("oversized", 100)
		assert.Empty(t, order, "the small call does not overtake")
		r.release(0, 8)
		synctest.Wait()
		assert.ElementsMatch(t, []string{"large", "small"}, order)
		r.release(0, 10)
		synctest.Wait()
		assert.Equal(t, "oversized", order[2])
		assert.Equal(t, 100, r.taken())
	})
}

func TestWhoGivesUpLetsOthersIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := smallRoom(10)
		require.NoError(t, r.wait(t.Context(), demand{5}))
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 2)
		go func() { errs <- r.wait(ctx, demand{9}) }()
		synctest.Wait()
		go func() { errs <- r.wait(t.Context(), demand{3}) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		assert.ElementsMatch(t, []bool{true, false}, []bool{<-errs == nil, <-errs == nil})
		assert.Equal(t, 8, r.taken())
	})
}

func TestAClosedRoomRefusesWhoWaitsAndWhoComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := smallRoom(1)
		require.NoError(t, r.wait(t.Context(), demand{1}))
		waits := make(chan error, 1)
		go func() { waits <- r.wait(t.Context(), demand{1}) }()
		synctest.Wait()
		r.close()
		r.close()
		require.ErrorIs(t, <-waits, errShutdown)
		require.ErrorIs(t, r.wait(t.Context(), demand{1}), errShutdown)
		r.release(0, 1)
		assert.Zero(t, r.taken())
	})
}

// A call that waits for a full slot is passed by calls that do not touch that slot,
// and by no other; one slot of several takes half of all room at most.
func TestAFullSlotStopsOnlyCallsThatTouchIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &room{unit: "bytes", capacity: 100, perSlot: 50, bySlot: make([]int, 3), crowd: func() {}}
		require.True(t, r.exchange(nil, demand{45, 0, 0}))
		var mu sync.Mutex
		var order []string
		wait := func(name string, need demand) {
			go func() {
				if r.wait(t.Context(), need) == nil {
					mu.Lock()
					order = append(order, name)
					mu.Unlock()
				}
			}()
			synctest.Wait()
		}
		wait("first", demand{10, 0, 0})
		wait("same slot, small", demand{1, 0, 0})
		assert.False(t, r.exchange(nil, demand{1, 1, 0}))
		assert.True(t, r.exchange(nil, demand{0, 10, 0}))
		wait("other slot", demand{0, 0, 10})
		assert.Equal(t, []string{"other slot"}, order)
		assert.Equal(t, []int{0}, r.candidates(demand{10, 0, 0}))
		r.release(0, 45)
		synctest.Wait()
		assert.ElementsMatch(t, []string{"other slot", "first", "same slot, small"}, order)
		assert.Equal(t, 31, r.taken())
		assert.True(t, r.exchange(demand{11, 0, 0}, demand{60, 0, 0}), "an empty slot takes a part of any size")
	})
}

func TestQueueIsAFIFO(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var model []int64
		next := int64(0)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			var in []sample
			for range rapid.IntRange(0, 700).Draw(t, "push") {
				next++
				in = append(in, sample{ts: next})
				model = append(model, next)
			}
			q.append(in)
			for range min(q.size, rapid.IntRange(0, 900).Draw(t, "pop")) {
				require.Equal(t, model[0], q.front().ts)
				q.pop()
				model = model[1:]
			}
			require.Equal(t, len(model), q.size)
			require.LessOrEqual(t, len(q.chunks), q.size/chunkSize+2)
		}
	})
}
