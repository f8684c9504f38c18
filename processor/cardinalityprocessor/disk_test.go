package cardinalityprocessor

import (
	"errors"
	"sync"

	"weir.example/internal/seglog"
)

var errDisk = errors.New("no space left on device")

// mortal is a disk that can die before or within any operation: what is on it then is what a killed process leaves.
// It can also just be full, or fail to force.
type mortal struct {
	seglog.OS
	mu       sync.Mutex
	left     int  // operations until it dies; below 0: it lives
	torn     int  // bytes of the last write that still get through
	dead     bool // nothing changes any more
	full     bool // nothing grows
	unforced bool // files are not forced
	ops      int
}

func immortal() *mortal { return &mortal{left: -1} }

// change tells how many of n bytes an operation may still write.
func (d *mortal) change(n int, grows bool) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ops++
	switch {
	case d.dead:
		return 0, errDisk
	case d.left == 0:
		d.dead = true
		return min(n, d.torn), errDisk
	case d.full && grows:
		return min(n, d.torn), errDisk
	}
	if d.left > 0 {
		d.left--
	}
	return n, nil
}

func (d *mortal) set(change func(d *mortal)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

func (d *mortal) isDead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

func (d *mortal) MkdirAll(dir string) error {
	if _, err := d.change(0, true); err != nil {
		return err
	}
	return d.OS.MkdirAll(dir)
}

func (d *mortal) Create(name string) (seglog.File, error) {
	if _, err := d.change(0, true); err != nil {
		return nil, err
	}
	file, err := d.OS.Create(name)
	return &mortalFile{file, d}, err
}

func (d *mortal) Rename(from, to string) error {
	if _, err := d.change(0, false); err != nil {
		return err
	}
	return d.OS.Rename(from, to)
}

func (d *mortal) Remove(name string) error {
	if _, err := d.change(0, false); err != nil {
		return err
	}
	return d.OS.Remove(name)
}

func (*mortal) SyncDir(string) error { return nil }

type mortalFile struct {
	seglog.File
	disk *mortal
}

func (f *mortalFile) Write(p []byte) (int, error) {
	n, fault := f.disk.change(len(p), true)
	n, err := f.File.Write(p[:n])
	return n, errors.Join(fault, err)
}

func (f *mortalFile) Truncate(size int64) error {
	if _, err := f.disk.change(0, false); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *mortalFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.unforced {
		return errDisk
	}
	return nil
}
