package orderedremotewriteexporter

import (
	"errors"
	"io/fs"
	"path/filepath"
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

	root  string // the disk as it is told to be small
	space int    // bytes that files below root may take

	segment int64 // size of the segments on it; 0: very small
	room    int   // of the log, in bytes; 0: as configured
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

// limit makes the disk so small that only so much more fits on it below root.
func (d *mortal) limit(root string, more int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.root, d.space = root, sizeOf(root)+more
}

// fit tells how many of the n bytes by which a file is to grow find room.
func (d *mortal) fit(n int) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.root == "" || n <= 0 {
		return n, nil
	}
	if free := max(d.space-sizeOf(d.root), 0); free < n {
		return free, errDisk
	}
	return n, nil
}

// sizeOf sums up the files below a directory.
func sizeOf(root string) int {
	sum := 0
	_ = filepath.WalkDir(root, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil // removed meanwhile
		}
		if info, err := entry.Info(); err == nil {
			sum += int(info.Size())
		}
		return nil
	})
	return sum
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
	if _, err := d.change(0, false); err != nil {
		return nil, err
	}
	file, err := d.OS.OpenInPlace(name)
	return &mortalCell{file, d, name}, err
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
	n, full := f.disk.fit(n)
	n, err := f.File.Write(p[:n])
	return n, errors.Join(fault, full, err)
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
	name string
}

func (f *mortalCell) WriteAt(p []byte, at int64) (int, error) {
	n, fault := f.disk.change(len(p), false)
	grows := int(at) + n - sizeOf(f.name)
	fits, full := f.disk.fit(grows)
	n, err := f.InPlace.WriteAt(p[:n-max(grows, 0)+max(fits, 0)], at)
	return n, errors.Join(fault, full, err)
}

func (f *mortalCell) Sync() error { return nil }
