package orderedremotewriteexporter

import (
	"errors"
	"io/fs"
	"sync"

	"weir.example/internal/seglog"
)

var errDisk = errors.New("no space left on device")

// mortal is a disk that can die after any operation, or in the middle of one: what is
// on it then is what a killed process leaves. It can also just be full.
type mortal struct {
	seglog.OS
	mu   sync.Mutex
	left int  // operations until it dies; below 0: it lives
	torn int  // bytes of the last write that still get through
	dead bool // nothing changes any more
	full bool // nothing grows
	ops  int
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

func (d *mortal) die() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
}

func (d *mortal) fill(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
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

func (d *mortal) OpenInPlace(name string) (seglog.InPlace, error) {
	file, err := d.OS.OpenInPlace(name)
	return &mortalCell{file, d}, err
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

func (d *mortal) ReadDir(dir string) ([]fs.DirEntry, error) { return d.OS.ReadDir(dir) }

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

func (f *mortalFile) Sync() error { return nil }

type mortalCell struct {
	seglog.InPlace
	disk *mortal
}

func (f *mortalCell) WriteAt(p []byte, at int64) (int, error) {
	n, fault := f.disk.change(len(p), false)
	n, err := f.InPlace.WriteAt(p[:n], at)
	return n, errors.Join(fault, err)
}

func (f *mortalCell) Sync() error { return nil }
