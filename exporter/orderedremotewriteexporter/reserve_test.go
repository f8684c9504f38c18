package orderedremotewriteexporter

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"

	"weir.example/internal/disktest"
	"weir.example/internal/promtest"
)

// Several logs share a disk that they filled. Once the store has what one of them
// holds, its room serves the others, and a later life knows the newest samples still.
func TestLogsThatFilledTheirDiskGiveItBackOnceTheyAreDelivered(t *testing.T) {
	const sources, size = 4, 20
	dir := t.TempDir()
	store := newStore(t, promtest.WithScript(down))
	disk := immortal()
	disk.segment = 1 << 20
	few := withWAL(dir, func(c *Config, _ *WALConfig) { c.Shards = 2 })
	r := start(t, store, disk, few)
	call := func(i int) *batch {
		b := newBatch()
		for source := range sources {
			b.resource("service.name", "s", "service.instance.id", fmt.Sprint(source))
			for k := range size {
				b.gauge(fmt.Sprint("m", k), int64(i+1)*1000, float64(i)/3)
			}
		}
		return b
	}
	r.send(call(0).md)
	disk.Limit(dir, 20_000)
	i := 1
	for ; r.ConsumeMetrics(context.Background(), call(i).md) == nil; i++ {
		require.Less(t, i, 1000)
	}
	require.Equal(t, componentstatus.StatusRecoverableError, <-r.statuses)
	store.SetScript(nil)
	for last := i + 200; i < last; i++ {
		require.Eventually(t, func() bool { return r.ConsumeMetrics(context.Background(), call(i).md) == nil }, patience, 1e6)
	}
	r.settle()
	r.kill(disk)
	require.Less(t, disktest.SizeOf(dir), 60_000)

	disk = immortal()
	r = start(t, store, disk, few)
	r.send(call(i - 1).md)
	require.Equal(t, sources*size, r.droppedFor(duplicate))
	r.send(call(i).md)
	r.settle()
	r.end()
	require.Equal(t, (i+1)*sources*size, store.Counts().Samples-store.Counts().Repeats)
	require.Empty(t, store.Violations())
}

func TestTheReserveIsLentToOneHeadAndTakenAgain(t *testing.T) {
	dir := t.TempDir()
	disk := immortal()
	r := reserve{disk: disk, name: filepath.Join(dir, reserveName), block: 100}
	tries := 0
	write := func() error {
		if tries++; disktest.SizeOf(dir) > 0 {
			return disktest.Err
		}
		return nil
	}
	require.NoError(t, r.hold(250))
	require.Equal(t, 300, disktest.SizeOf(dir))
	require.NoError(t, r.lend(write))
	require.Equal(t, 2, tries)
	require.Zero(t, disktest.SizeOf(dir))

	require.ErrorIs(t, r.lend(func() error { tries++; return disktest.Err }), disktest.Err)
	require.Equal(t, 3, tries, "there is nothing to give up")

	disk.Limit(dir, 150)
	require.ErrorIs(t, r.hold(200), disktest.Err)
	disk.Limit(dir, 100)
	require.NoError(t, r.hold(200))
	require.NoError(t, r.close())

	again := reserve{disk: disk, name: r.name, block: 100}
	require.NoError(t, again.hold(200), "it is there already")
	require.NoError(t, again.close())
}
