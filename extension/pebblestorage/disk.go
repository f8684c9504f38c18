package pebblestorage

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"weir.example/internal/seglog"
)

var errFenced = errors.New("the database was given up")

// disk is the file system as Pebble sees it. Every commit asks for a sync of the log, because only then does Pebble
// write the log before it returns; whether the sync reaches the disk at once is decided here. So kill -9 costs
// nothing whatever fsync says, and fsync is about the loss of power only. Tables and manifests are forced as Pebble asks.
type disk struct {
	vfs.FS
	sync   seglog.Sync
	fenced atomic.Bool

	mu   sync.Mutex
	logs map[*logFile]struct{}
}

func newDisk(files vfs.FS, sync seglog.Sync) *disk {
	return &disk{FS: files, sync: sync, logs: map[*logFile]struct{}{}}
}

// fence lets nothing be written any more.
func (d *disk) fence() { d.fenced.Store(true) }

func (d *disk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if d.fenced.Load() {
		return nil, errFenced
	}
	file, err := d.FS.Create(name, category)
	return d.wrap(file, name), err
}

func (d *disk) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if d.fenced.Load() {
		return nil, errFenced
	}
	file, err := d.FS.ReuseForWrite(from, to, category)
	return d.wrap(file, to), err
}

func (d *disk) Remove(name string) error {
	if d.fenced.Load() {
		return errFenced
	}
	return d.FS.Remove(name)
}

func (d *disk) Rename(from, to string) error {
	if d.fenced.Load() {
		return errFenced
	}
	return d.FS.Rename(from, to)
}

// Unwrap returns the file system below.
func (d *disk) Unwrap() vfs.FS { return d.FS }

func (d *disk) wrap(inner vfs.File, name string) vfs.File {
	if inner == nil {
		return nil
	}
	fenced := file{inner, d}
	if d.sync == seglog.SyncAlways || !strings.HasSuffix(name, ".log") {
		return fenced
	}
	log := &logFile{file: fenced}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.logs[log] = struct{}{}
	return log
}

// force syncs the logs that were written since the last time.
func (d *disk) force() error {
	if d.sync != seglog.SyncInterval {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for log := range d.logs {
		if log.dirty.Swap(false) {
			errs = append(errs, log.File.SyncData())
		}
	}
	return errors.Join(errs...)
}

// file is written until the fence is up.
type file struct {
	vfs.File
	disk *disk
}

func (f file) Write(p []byte) (int, error) {
	if f.disk.fenced.Load() {
		return 0, errFenced
	}
	return f.File.Write(p)
}

// logFile is a log whose syncs are put off. A log that is closed is forced, or the next one could outlive a part of it.
type logFile struct {
	file
	dirty atomic.Bool
}

func (f *logFile) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	f.dirty.Store(true)
	return n, err
}

func (f *logFile) Sync() error { return nil }

func (f *logFile) SyncData() error { return nil }

func (f *logFile) SyncTo(int64) (bool, error) { return false, nil }

func (f *logFile) Close() error {
	// Under the lock, so that force does not meet a closed file.
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	delete(f.disk.logs, f)
	return errors.Join(f.File.SyncData(), f.File.Close())
}
