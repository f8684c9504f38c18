package seglog_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/seglog"
)

// syncCounter counts how often files are forced to the disk.
type syncCounter struct {
	seglog.OS
	syncs atomic.Int32
}

func (d *syncCounter) Create(name string) (seglog.File, error) {
	file, err := d.OS.Create(name)
	return &countedFile{file, d}, err
}

type countedFile struct {
	seglog.File
	disk *syncCounter
}

func (f *countedFile) Sync() error {
	f.disk.syncs.Add(1)
	return f.File.Sync()
}

func TestWhatIsWrittenIsForcedOnceAnIntervalLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &syncCounter{}
		log, err := seglog.Open(seglog.Options{Dir: t.TempDir(), Sync: seglog.SyncInterval, SyncInterval: time.Second, Disk: disk})
		require.NoError(t, err)
		forced := func(want int, at string) {
			t.Helper()
			synctest.Wait()
			assert.EqualValues(t, want, disk.syncs.Load(), at)
		}
		for round := range 3 {
			time.Sleep(time.Hour)
			forced(round, "while nothing is written")
			add(t, log, "first")
			time.Sleep(time.Second - 1)
			add(t, log, "second")
			forced(round, "before the interval is over")
			time.Sleep(time.Nanosecond)
			forced(round+1, "for both")
		}
		add(t, log, "third")
		require.NoError(t, log.Force(log.End()))
		time.Sleep(time.Hour)
		forced(4, "what was forced already is not forced again")
		add(t, log, "fourth")
		require.NoError(t, log.Close())
		time.Sleep(time.Hour)
		forced(5, "a log that was closed does nothing")
	})
}
