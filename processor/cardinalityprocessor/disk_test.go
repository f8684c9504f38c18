package cardinalityprocessor

import (
	"errors"
	"os"
	"sync"

	"github.com/stretchr/testify/require"

	"weir.example/internal/seglog"
)

var errDisk = errors.New("no space left on device")

// mortal is a disk that can die before or within any operation: what is on it then is what a killed process leaves.
// It can also just be full, or fail to force.
type mortal struct {
	seglog.OS
	mu       sync.Mutex
	left     int              // operations until it dies; below 0: it lives
	torn     int              // bytes of the last write that still get through
	dead     bool             // nothing changes any more
	full     bool             // nothing grows
	unforced bool             // files are not forced
	forced   map[string]int64 // bytes of each file that survive a loss of power
}

func immortal() *mortal { return &mortal{left: -1} }

// losePower takes away what was written and not forced to the disk.
func (d *mortal) losePower(t require.TestingT) {
	d.set(func(d *mortal) {
		for name, size := range d.forced {
			if err := os.Truncate(name, size); !errors.Is(err, os.ErrNotExist) {
				require.NoError(t, err)
			}
		}
	})
}

func (d *mortal) force(name string, size int64) {
	if d.forced == nil {
		d.forced = map[string]int64{}
	}
	d.forced[name] = size
}

// change tells how many of n bytes an operation may still write.
func (d *mortal) change(n int, grows bool) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
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
	d.set(func(d *mortal) { d.force(name, 0) })
	return &mortalFile{File: file, disk: d, name: name}, err
}

func (d *mortal) Rename(from, to string) error {
	if _, err := d.change(0, false); err != nil {
		return err
	}
	d.set(func(d *mortal) {
		if size, known := d.forced[from]; known {
			delete(d.forced, from)
			d.force(to, size)
		}
	})
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
	name string
	size int64 // guarded by disk.mu
}

func (f *mortalFile) Write(p []byte) (int, error) {
	n, fault := f.disk.change(len(p), true)
	n, err := f.File.Write(p[:n])
	f.disk.set(func(*mortal) { f.size += int64(n) })
	return n, errors.Join(fault, err)
}

func (f *mortalFile) Truncate(size int64) error {
	if _, err := f.disk.change(0, false); err != nil {
		return err
	}
	f.disk.set(func(*mortal) { f.size = size })
	return f.File.Truncate(size)
}

func (f *mortalFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.unforced || f.disk.dead {
		return errDisk
	}
	f.disk.force(f.name, f.size)
	return nil
}
