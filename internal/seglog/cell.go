package seglog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

const (
	// CellBytes is the size of a Cell's value.
	CellBytes = 52

	// A copy is a number, the value and a checksum. The two copies lie in different
	// sectors of the disk, so that a torn write spoils only the one being written.
	cellCopyBytes = 8 + CellBytes + 4
	cellStride    = 4096
)

// cellSeed keeps other files, and cells of another layout, from passing for a cell.
var cellSeed = crc32.Checksum([]byte("weircell1"), castagnoli)

// Cell is one value in a file, overwritten in place by a single write: after a crash
// it is the one before or the one after. It is not safe for concurrent use.
type Cell struct {
	file   InPlace
	number uint64 // of the newest copy
	buffer [cellCopyBytes]byte
}

// OpenCell opens the cell in the file name and gives its value; ok is false for a new
// one, and for one whose two copies are both damaged.
func OpenCell(disk Disk, name string) (cell *Cell, value [CellBytes]byte, ok bool, err error) {
	if disk == nil {
		disk = OS{}
	}
	file, err := disk.OpenInPlace(name)
	if err != nil {
		return nil, value, false, err
	}
	c := &Cell{file: file}
	for i := range int64(2) {
		n, err := file.ReadAt(c.buffer[:], i*cellStride)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, value, false, errors.Join(err, file.Close())
		}
		number := binary.LittleEndian.Uint64(c.buffer[:])
		if n < cellCopyBytes || c.sum() != binary.LittleEndian.Uint32(c.buffer[8+CellBytes:]) || number < c.number {
			continue
		}
		c.number, ok = number, true
		copy(value[:], c.buffer[8:])
	}
	return c, value, ok, nil
}

// Save replaces the value. When it fails the one before stands.
func (c *Cell) Save(value [CellBytes]byte) error {
	number := c.number + 1
	binary.LittleEndian.PutUint64(c.buffer[:], number)
	copy(c.buffer[8:], value[:])
	binary.LittleEndian.PutUint32(c.buffer[8+CellBytes:], c.sum())
	if _, err := c.file.WriteAt(c.buffer[:], int64(number%2)*cellStride); err != nil {
		return fmt.Errorf("overwriting: %w", err)
	}
	c.number = number
	return nil
}

// Sync forces the value to the disk.
func (c *Cell) Sync() error { return c.file.Sync() }

// Close closes the file.
func (c *Cell) Close() error { return c.file.Close() }

func (c *Cell) sum() uint32 { return crc32.Update(cellSeed, castagnoli, c.buffer[:8+CellBytes]) }
