package disktest

import (
	"errors"

	"weir.example/internal/seglog"
)

// file is one that is written at its end.
type file struct {
	seglog.File
	disk *Disk
	name string
	size int64 // guarded by disk.mu
}

func (f *file) Write(p []byte) (int, error) {
	n, fault := f.disk.change(len(p), true)
	n, full := f.disk.fit(n)
	n, err := f.File.Write(p[:n])
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.size += int64(n)
	return n, errors.Join(fault, full, err)
}

func (f *file) Truncate(size int64) error {
	if _, err := f.disk.change(0, false); err != nil {
		return err
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.size = size
	return f.File.Truncate(size)
}

func (f *file) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.faults.Unforced || f.disk.faults.Dead {
		return Err
	}
	f.disk.forced[f.name] = f.size
	return nil
}

// cell is a file that is written in place.
type cell struct {
	seglog.InPlace
	disk *Disk
	name string
}

func (c *cell) WriteAt(p []byte, at int64) (int, error) {
	n, fault := c.disk.change(len(p), false)
	grows := int(at) + n - SizeOf(c.name)
	fits, full := c.disk.fit(grows)
	n, err := c.InPlace.WriteAt(p[:n-max(grows, 0)+max(fits, 0)], at)
	return n, errors.Join(fault, full, err)
}

// Sync does nothing: what is written in place survives.
func (*cell) Sync() error { return nil }
