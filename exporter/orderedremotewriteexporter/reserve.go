package orderedremotewriteexporter

import (
	"errors"
	"io/fs"

	"weir.example/internal/seglog"
)

// reserve is a file that keeps room on the disk for the head of each log's next
// segment. A log that filled the disk gives the room of what is delivered back only
// once the newest samples of its series stand in another segment.
// exporter.mu guards it.
type reserve struct {
	disk  seglog.Disk
	name  string
	block int            // bytes it grows by
	file  seglog.InPlace // nil: not opened, or given up
	size  int
}

// reserveName is the reserve's file, beside the eras.
const reserveName = "reserve"

// hold makes the reserve at least as large as need, in bytes. What an earlier life
// left is written over, which takes no room.
func (r *reserve) hold(need int) error {
	if r.size >= need {
		return nil
	}
	if r.file == nil {
		file, err := r.disk.OpenInPlace(r.name)
		if err != nil {
			return err
		}
		r.file = file
	}
	for zeros := make([]byte, r.block); r.size < need; {
		n, err := r.file.WriteAt(zeros, int64(r.size))
		r.size += n
		if err != nil {
			return err
		}
	}
	return nil
}

// lend begins a segment by write. When that fails it is tried once more with the room
// of the reserve, which the next hold takes again.
func (r *reserve) lend(write func() error) error {
	err := write()
	if err == nil {
		return nil
	}
	if fault := errors.Join(r.close(), r.disk.Remove(r.name)); fault != nil {
		if errors.Is(fault, fs.ErrNotExist) {
			return err
		}
		return errors.Join(err, fault)
	}
	return write()
}

func (r *reserve) close() error {
	file := r.file
	r.file, r.size = nil, 0
	if file == nil {
		return nil
	}
	return file.Close()
}
