package disktest

import (
	"errors"
	"io/fs"
	"os"
	"sync"

	"weir.example/internal/seglog"
)

// Err is what an operation on the disk returns when a fault stops it.
var Err = errors.New("no space left on device")

// Faults are what is wrong with a Disk.
type Faults struct {
	Left     int  // operations until it dies, which is what a killed process leaves; below 0: it lives
	Torn     int  // bytes of the write that fails which still get through
	Dead     bool // nothing changes any more
	Full     bool // nothing grows
	Unforced bool // files are not forced
}

// Disk is the operating system's, with faults. It never waits for the hardware: it keeps account of what was forced.
type Disk struct {
	seglog.OS

	mu     sync.Mutex
	faults Faults
	forced map[string]int64 // bytes of each file that survive a loss of power
	root   string           // what Limit is about; empty: as much room as there is
	space  int              // bytes that files below root may take
}

// New returns a disk without faults.
func New() *Disk { return NewWith(Faults{Left: -1}) }

// NewWith returns a disk with faults.
func NewWith(faults Faults) *Disk { return &Disk{faults: faults, forced: map[string]int64{}} }

// Set changes the faults.
func (d *Disk) Set(change func(*Faults)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(&d.faults)
}

// Die lets nothing change any more.
func (d *Disk) Die() { d.Set(func(f *Faults) { f.Dead = true }) }

// Dead tells whether the disk has died.
func (d *Disk) Dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.faults.Dead
}

// Step counts one more operation that changes the disk, as a caller's own storage is beside it. An error means that the disk
// is dead.
func (d *Disk) Step() error {
	_, err := d.change(0, false)
	return err
}

// LosePower takes away what was written and not forced.
func (d *Disk) LosePower() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, size := range d.forced {
		if err := os.Truncate(name, size); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// change tells how many of n bytes an operation may still write.
func (d *Disk) change(n int, grows bool) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &d.faults
	switch {
	case f.Dead:
		return 0, Err
	case f.Left == 0:
		f.Dead = true
		return min(n, f.Torn), Err
	case f.Full && grows:
		return min(n, f.Torn), Err
	}
	if f.Left > 0 {
		f.Left--
	}
	return n, nil
}

// MkdirAll implements seglog.Disk.
func (d *Disk) MkdirAll(dir string) error {
	if _, err := d.change(0, true); err != nil {
		return err
	}
	return d.OS.MkdirAll(dir)
}

// Create implements seglog.Disk.
func (d *Disk) Create(name string) (seglog.File, error) {
	if _, err := d.change(0, true); err != nil {
		return nil, err
	}
	opened, err := d.OS.Create(name)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forced[name] = 0
	return &file{File: opened, disk: d, name: name}, nil
}

// OpenInPlace implements seglog.Disk.
func (d *Disk) OpenInPlace(name string) (seglog.InPlace, error) {
	if _, err := d.change(0, false); err != nil {
		return nil, err
	}
	opened, err := d.OS.OpenInPlace(name)
	if err != nil {
		return nil, err
	}
	return &cell{InPlace: opened, disk: d, name: name}, nil
}

// Rename implements seglog.Disk.
func (d *Disk) Rename(from, to string) error {
	if _, err := d.change(0, false); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if size, known := d.forced[from]; known {
		delete(d.forced, from)
		d.forced[to] = size
	}
	return d.OS.Rename(from, to)
}

// Remove implements seglog.Disk.
func (d *Disk) Remove(name string) error {
	if _, err := d.change(0, false); err != nil {
		return err
	}
	return d.OS.Remove(name)
}

// SyncDir implements seglog.Disk: names survive everything.
func (*Disk) SyncDir(string) error { return nil }
