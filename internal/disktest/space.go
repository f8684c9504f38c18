package disktest

import (
	"io/fs"
	"path/filepath"
)

// Limit makes the disk so small that only so many more bytes fit on it below root.
func (d *Disk) Limit(root string, more int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.root, d.space = root, SizeOf(root)+more
}

// Limited tells whether Limit was called.
func (d *Disk) Limited() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.root != ""
}

// fit tells how many of the n bytes by which a file is to grow find room.
func (d *Disk) fit(n int) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.root == "" || n <= 0 {
		return n, nil
	}
	if free := max(d.space-SizeOf(d.root), 0); free < n {
		return free, Err
	}
	return n, nil
}

// SizeOf sums up the files below a directory, or is the size of a file.
func SizeOf(root string) int {
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
