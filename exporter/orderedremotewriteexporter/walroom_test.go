package orderedremotewriteexporter

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"weir.example/internal/promtest"
)

func TestAFullLogBlocksAndACallThatNeverFitsIsPermanent(t *testing.T) {
	store := newStore(t, promtest.WithScript(down))
	r := start(t, store, immortal(), singleLog(t.TempDir(), nil))
	huge := newBatch().resource(flink...)
	for i := range 1200 {
		huge.gauge("m", 1000, 1, "text", fmt.Sprint(i, strings.Repeat("x", 1000)))
	}
	err := r.ConsumeMetrics(context.Background(), huge.md)
	require.ErrorContains(t, err, "does not fit into wal.max_size_mib, 1048576 bytes")
	require.True(t, consumererror.IsPermanent(err))
	require.Equal(t, 1200, r.droppedFor(tooLarge))

	i := 0
	for ; ; i++ {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		err := r.ConsumeMetrics(ctx, round(i, 2000).md)
		cancel()
		if err != nil {
			require.ErrorContains(t, err, "queue is full: no room for")
			require.False(t, consumererror.IsPermanent(err))
			break
		}
	}
	require.Greater(t, i, 20)
	waits := make(chan error, 1)
	go func() { waits <- r.ConsumeMetrics(context.Background(), round(i, 2000).md) }()
	store.SetScript(nil)
	require.NoError(t, <-waits)
	r.settle()
	r.requireAddsUp()
	assert.EqualValues(t, 1200, r.metric("num_samples_dropped"))
	r.end()
	assert.Equal(t, (i+1)*2000, store.Counts().Samples)
	assert.Empty(t, store.Violations())
}

func TestASeriesThatNoRecordCanHoldIsRefusedForGood(t *testing.T) {
	store := newStore(t)
	r := start(t, store, immortal(), singleLog(t.TempDir(), func(_ *Config, wal *WALConfig) { wal.MaxSizeMiB = 1024 }))
	err := r.ConsumeMetrics(context.Background(), round(0, 3).gauge("m", 1000, 1, "text", strings.Repeat("x", maxRecord)).md)
	require.ErrorContains(t, err, "do not fit into a record of the log")
	require.True(t, consumererror.IsPermanent(err))
	assert.Equal(t, 4, r.droppedFor(tooLarge))
	r.rounds(0, 2, 3)
	r.settle()
	r.requireAddsUp()
	assert.Zero(t, r.metric("wal_bytes_pending"))
	r.end()
	assert.Equal(t, 6, store.Counts().Samples)
	assert.Empty(t, store.Violations())
}

// on_full: drop_oldest loses whole segments of what is not yet sent, and counts them,
// also across a kill.
func TestDropOldestCountsWhatItDrops(t *testing.T) {
	dir := t.TempDir()
	store := newStore(t, promtest.WithScript(down))
	dropping := singleLog(dir, func(c *Config, wal *WALConfig) { wal.OnFull, c.Batch.MaxSize = onFullDrop, 500 })
	disk := immortal()
	r := start(t, store, disk, dropping)
	r.segment = 64 << 10
	const rounds, size = 150, 1000
	for i := range rounds {
		r.send(round(i, size).md)
	}
	dropped := r.droppedFor(walFull)
	require.Positive(t, dropped)
	r.requireAddsUp()
	files := segments(t, dir)
	require.Less(t, len(files), 30, "dropped segments are removed")
	r.kill(disk)
	require.True(t, store.Wait(patience, store.Alone), "the store reads what the dead wrote before it is up")

	r = start(t, store, immortal(), dropping)
	require.EqualValues(t, rounds*size-dropped, r.metric("num_samples_restored"))
	store.SetScript(nil)
	r.settle()
	require.Zero(t, r.metric("num_samples_dropped"))
	r.requireAddsUp()
	r.end()
	require.Equal(t, rounds*size-dropped, store.Counts().Samples)
	require.Empty(t, store.Violations())
	newest := store.Samples("m0")
	require.EqualValues(t, rounds*1000, newest[len(newest)-1].T)
}

// A slot that holds its data fills half of the log at most, and stops nobody else.
func TestAHeldSlotTakesHalfOfTheLog(t *testing.T) {
	store := newStore(t, promtest.WithScript(func(q promtest.Request) promtest.Answer {
		if len(q.Series) > 0 && q.Series[0].Get("instance") == "a" {
			return promtest.Answer{Status: http.StatusForbidden}
		}
		return promtest.Answer{}
	}))
	r := start(t, store, immortal(), withWAL(t.TempDir(), nil))
	from := func(instance string, i int) *batch {
		b := newBatch().resource("service.name", "s", "service.instance.id", instance)
		for k := range 2000 {
			b.gauge(fmt.Sprint("m", k), int64(i+1)*1000, float64(i)/3)
		}
		return b
	}
	i := 0
	for ; ; i++ {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		err := r.ConsumeMetrics(ctx, from("a", i).md)
		cancel()
		if err != nil {
			break
		}
	}
	assert.InDelta(t, 1<<19, r.metric("wal_bytes_pending"), 1<<16)
	waits := make(chan error, 1)
	go func() { waits <- r.ConsumeMetrics(context.Background(), from("a", i).md) }()
	require.Eventually(t, r.room.crowded, patience, time.Millisecond)
	for k := range 100 {
		r.send(from("c", k).md)
	}
	require.Empty(t, waits)
	assert.NoError(t, r.Shutdown(canceled()))
	require.ErrorIs(t, <-waits, errShutdown)
	assert.Empty(t, store.Violations())
}

func TestOutOfOrderSamplesMayPass(t *testing.T) {
	for _, durable := range []bool{false, true} {
		r := newRig(t, func(c *Config) {
			if durable {
				singleLog(t.TempDir(), nil)(c)
			}
			c.OnOutOfOrder, c.Batch.FlushTimeout = onOutOfOrderPass, 0
		})
		for _, p := range []struct {
			ms    int64
			value float64
		}{{1000, 1}, {2000, 2}, {1500, 1}, {2000, 3}, {2000, 3}, {2500, 4}} {
			r.send(newBatch().resource(flink...).gauge("m", p.ms, p.value).md)
		}
		r.settle()
		assert.Len(t, r.store.Samples("m"), 3)
		assert.Len(t, r.store.Violations(), 2, "the store sees them: %q", r.store.Violations())
		assert.Equal(t, 1, r.droppedFor(duplicate))
		assert.EqualValues(t, 5, r.metric("num_samples_out"))
		r.requireAddsUp()
	}
}

// A request that is not full goes at once when somebody waits for its room.
func TestCallsThatWaitDoNotWaitForFlushTimeout(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Shards, c.QueueSamples, c.Batch.MaxSize, c.Batch.FlushTimeout = 1, 10, 10, time.Hour
		c.TargetInfo = false
	})
	r.rounds(0, 1, 8)
	r.rounds(1, 1, 8)
	assert.GreaterOrEqual(t, r.store.Counts().Requests, 1)
}
