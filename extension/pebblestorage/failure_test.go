package pebblestorage

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

const eventually = 30 * time.Second

// fill writes n values of 1 KiB, so that with enough of them there are tables besides the log.
func fill(t *testing.T, c storage.Client, n int) {
	t.Helper()
	for i := range n {
		require.NoError(t, c.Set(ctx, strings.Repeat("k", i%7)+time.Duration(i).String(), []byte(strings.Repeat("v", 1024))))
	}
}

func TestDirectoryIsCreatedForItsOwnerOnly(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "a", "b")
	started(t, directory, nil)
	info, err := os.Stat(directory)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestDirectoryThatCannotBeUsedIsAnError(t *testing.T) {
	base := t.TempDir()
	file := filepath.Join(base, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	err := newRig(t, file, nil).Start(ctx, nil)
	require.ErrorContains(t, err, `directory: cannot create "`+file+`": `)

	locked := filepath.Join(base, "locked")
	require.NoError(t, os.MkdirAll(filepath.Join(locked, "LOCK"), 0o700))
	err = newRig(t, locked, nil).Start(ctx, nil)
	require.ErrorContains(t, err, `directory: cannot write to "`+locked+`": `)
}

func TestDirectoryInUseIsAnErrorThatNamesTheLock(t *testing.T) {
	directory := t.TempDir()
	first := started(t, directory, nil)
	second := newRig(t, directory, nil)
	err := second.Start(ctx, second.host)
	require.ErrorContains(t, err, `directory: "`+directory+`" is in use by another process or extension, which holds "`+directory+`/LOCK": `)
	require.NoError(t, second.Shutdown(ctx))
	require.NoError(t, first.client(t, "").Set(ctx, "a", nil), "the first one goes on")
	require.NoError(t, first.Shutdown(ctx))
	require.NoError(t, second.Start(ctx, second.host))
	require.NoError(t, second.Shutdown(ctx))
}

func TestWhatCannotBeReadIsSetAside(t *testing.T) {
	scribble := func(pattern string) func(*testing.T, string) {
		return func(t *testing.T, db string) {
			files := names(t, db, pattern)
			require.NotEmpty(t, files)
			for _, file := range files {
				require.NoError(t, os.WriteFile(file, []byte("this is not what was here before"), 0o600))
			}
		}
	}
	for name, c := range map[string]struct {
		why   string
		spoil func(t *testing.T, db string)
	}{
		"a manifest of garbage": {"corrupt", scribble("MANIFEST-*")},
		"a format of garbage":   {"corrupt", scribble("OPTIONS-*")},
		"a table that is gone":  {"corrupt", func(t *testing.T, db string) { require.NoError(t, os.Remove(names(t, db, "*.sst")[0])) }},
		"a table that was found": {"corrupt", func(t *testing.T, db string) {
			require.NoError(t, os.WriteFile(filepath.Join(db, damagedName), nil, 0o600))
		}},
		"another format": {"foreign", func(t *testing.T, db string) {
			spoil(t, db, func(d *pebble.DB) error { return d.Set([]byte(version), []byte("9"), pebble.Sync) })
		}},
		"another program's database": {"foreign", func(t *testing.T, db string) {
			spoil(t, db, func(d *pebble.DB) error { return d.Delete([]byte(version), pebble.Sync) })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			r := newRig(t, directory, nil)
			require.NoError(t, r.Start(ctx, r.host))
			fill(t, r.client(t, ""), 9000)
			require.NoError(t, r.Shutdown(ctx))
			c.spoil(t, filepath.Join(directory, databaseName))

			r = started(t, directory, nil)
			require.Equal(t, 1, r.logs.Len(), "one warning")
			entry := r.logs.All()[0]
			assert.Equal(t, "database cannot be read: it is set aside, and an empty one begins", entry.Message)
			assert.Equal(t, c.why, entry.ContextMap()["reason"])
			assert.Equal(t, []any{entry.ContextMap()["set_aside"]}, []any{names(t, directory, "db."+c.why+"-*")[0]})
			assert.Empty(t, entries(t, r.client(t, "")))
			require.NoError(t, r.client(t, "").Set(ctx, "a", nil))
			require.NoError(t, r.Shutdown(ctx))
			require.NoError(t, r.Start(ctx, r.host))
			assert.Equal(t, 1, r.logs.Len(), "and all is well")
			assert.Len(t, entries(t, r.client(t, "")), 1)
		})
	}
}

func spoil(t *testing.T, db string, f func(*pebble.DB) error) {
	d, err := pebble.Open(db, &pebble.Options{FormatMajorVersion: pebble.FormatColumnarBlocks, Logger: &logger{log: nopSugar, fatal: func(error) {}}})
	require.NoError(t, err)
	require.NoError(t, f(d))
	require.NoError(t, d.Close())
}

func TestTornLogLosesOnlyItsEnd(t *testing.T) {
	directory := t.TempDir()
	r := newRig(t, directory, nil)
	require.NoError(t, r.Start(ctx, r.host))
	fill(t, r.client(t, ""), 10)
	require.NoError(t, r.Shutdown(ctx))
	var log string
	for _, file := range names(t, directory, "db/*.log") {
		if info, err := os.Stat(file); err == nil && info.Size() > 5000 {
			log = file
		}
	}
	body, err := os.ReadFile(log)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(log, body[:5000], 0o600))
	r = started(t, directory, nil)
	assert.Zero(t, r.logs.Len())
	assert.Len(t, entries(t, r.client(t, "")), 4)
}

func TestDamagedTableFailsTheDatabaseAndIsSetAsideAtTheNextStart(t *testing.T) {
	directory := t.TempDir()
	r := newRig(t, directory, nil)
	require.NoError(t, r.Start(ctx, r.host))
	fill(t, r.client(t, ""), 9000)
	require.NoError(t, r.Shutdown(ctx))
	spoil(t, filepath.Join(directory, "db"), (*pebble.DB).Flush) // on a busy machine everything may still be in the log
	tables := names(t, directory, "db/*.sst")
	require.NotEmpty(t, tables)
	for _, table := range tables {
		body, err := os.ReadFile(table)
		require.NoError(t, err)
		body[len(body)/3] ^= 0xff // in the midst of values, which opening does not read
		require.NoError(t, os.WriteFile(table, body, 0o600))
	}
	r = started(t, directory, nil)
	c := r.client(t, "")
	err := c.(storage.Walker).Walk(ctx, func(string, []byte) ([]*storage.Operation, error) { return nil, nil })
	require.Error(t, err)
	require.ErrorIs(t, c.Set(ctx, "a", nil), errCorrupt)
	assert.Equal(t, componentstatus.StatusPermanentError, r.host.status.Status())
	require.NoError(t, r.Shutdown(ctx))
	again := started(t, directory, nil)
	assert.Len(t, names(t, directory, "db.corrupt-*"), 1)
	assert.Empty(t, entries(t, again.client(t, "")))
}

func TestMaxSizeIsKept(t *testing.T) {
	directory := t.TempDir()
	r := started(t, directory, func(c *Config) { c.MaxSizeMiB = minSizeMiB })
	c := r.client(t, "")
	value := make([]byte, 1<<20)
	for i := range value {
		value[i] = byte(i * i >> 7) // not all alike
	}
	var err error
	n := 0
	for ; err == nil && n < 1000; n++ {
		value[0], value[1] = byte(n), byte(n>>8)
		err = c.Set(ctx, time.Duration(n).String(), value)
	}
	require.ErrorIs(t, err, storage.ErrStorageFull)
	require.ErrorContains(t, err, "max_size_mib: ")
	require.NoError(t, c.Batch(ctx, storage.SetOperation("note", make([]byte, 100)), storage.DeleteOperation("0s")), "what makes room may note it")
	require.ErrorIs(t, c.Set(ctx, "x", make([]byte, 1<<20)), storage.ErrStorageFull)
	for i := range n {
		require.NoError(t, c.Delete(ctx, time.Duration(i).String()))
	}
	require.Eventually(t, func() bool { return c.Set(ctx, "again", value) == nil }, eventually, 200*time.Millisecond,
		"deletions make room by and by")
}

func TestNoRoomInTheFileSystemRefusesWrites(t *testing.T) {
	r := started(t, t.TempDir(), nil)
	c := r.client(t, "")
	require.NoError(t, c.Set(ctx, "a", []byte("1")))
	r.store.room.mu.Lock()
	r.store.room.available = func(string) (vfs.DiskUsage, error) { return vfs.DiskUsage{AvailBytes: spare - 1}, nil }
	r.store.room.mu.Unlock()
	r.store.room.look(r.store.db)
	err := c.Set(ctx, "b", nil)
	require.ErrorIs(t, err, storage.ErrStorageFull)
	require.ErrorContains(t, err, "has only 63 MiB left")
	require.NoError(t, c.Delete(ctx, "a"))
	got, err := c.Get(ctx, "a")
	require.NoError(t, err)
	assert.Nil(t, got)
}

// brokenDisk is a file system that can begin to refuse all writes.
type brokenDisk struct {
	vfs.FS
	broken atomic.Bool
}

var errBroken = errors.New("input/output error")

func (d *brokenDisk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if d.broken.Load() {
		return nil, errBroken
	}
	file, err := d.FS.Create(name, category)
	return &brokenFile{file, d}, err
}

func (d *brokenDisk) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if d.broken.Load() {
		return nil, errBroken
	}
	file, err := d.FS.ReuseForWrite(from, to, category)
	return &brokenFile{file, d}, err
}

func (d *brokenDisk) Unwrap() vfs.FS { return d.FS }

type brokenFile struct {
	vfs.File
	disk *brokenDisk
}

func (f *brokenFile) Write(p []byte) (int, error) {
	if f.disk.broken.Load() {
		return 0, errBroken
	}
	return f.File.Write(p)
}

// TestDiskThatBreaks: an error comes back, now and from then on; nothing panics or hangs; and after a restart on a disk that
// works again everything is there that was acknowledged.
func TestDiskThatBreaks(t *testing.T) {
	for name, before := range map[string]int{"in the first log": 10, "when the log is full": 3900} {
		for _, fsync := range []string{"always", "interval", "never"} {
			t.Run(name+", fsync "+fsync, func(t *testing.T) {
				directory := t.TempDir()
				disk := &brokenDisk{FS: vfs.Default}
				r := newRig(t, directory, func(c *Config) { c.Fsync = fsync })
				r.files = disk
				require.NoError(t, r.Start(ctx, r.host))
				c := r.client(t, "")
				fill(t, c, before)
				disk.broken.Store(true)
				require.ErrorContains(t, c.Set(ctx, "lost", nil), "the database failed earlier and must be opened again: ")
				for _, err := range all(c) {
					require.Error(t, err)
				}
				require.Equal(t, 1, r.logs.Len())
				require.Equal(t, "storage failed; it takes and gives nothing until Weir is restarted", r.logs.All()[0].Message)
				require.Equal(t, componentstatus.StatusPermanentError, r.host.status.Status())
				_ = r.Shutdown(ctx)
				disk.broken.Store(false)
				again := started(t, directory, nil)
				require.Len(t, entries(t, again.client(t, "")), before)
			})
		}
	}
}
