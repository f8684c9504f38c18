package seglog

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File is what the log needs of an open file.
type File interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Sync() error
	Truncate(size int64) error
}

// InPlace is what a Cell needs of an open file.
type InPlace interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Sync() error
}

// Disk is what the log needs of a file system. Tests put faults below it.
type Disk interface {
	MkdirAll(dir string) error
	ReadDir(dir string) ([]fs.DirEntry, error)
	// Create makes a new file for reading and for writing at its end; it fails when the name is taken.
	Create(name string) (File, error)
	Open(name string) (File, error)
	// OpenInPlace opens a file to be overwritten, and makes it when it is not there.
	OpenInPlace(name string) (InPlace, error)
	Rename(from, to string) error
	Remove(name string) error
	// SyncDir makes names that were created, renamed or removed in dir durable.
	SyncDir(dir string) error
}

// OS is the Disk of the operating system.
type OS struct{}

// MkdirAll implements Disk. Only the owner may read what is logged.
func (OS) MkdirAll(dir string) error { return os.MkdirAll(dir, 0o700) }

// ReadDir implements Disk.
func (OS) ReadDir(dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }

// Create implements Disk.
func (OS) Create(name string) (File, error) {
	return os.OpenFile(filepath.Clean(name), os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
}

// Open implements Disk.
func (OS) Open(name string) (File, error) { return os.Open(filepath.Clean(name)) }

// OpenInPlace implements Disk.
func (OS) OpenInPlace(name string) (InPlace, error) {
	return os.OpenFile(filepath.Clean(name), os.O_RDWR|os.O_CREATE, 0o600)
}

// Rename implements Disk.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements Disk.
func (OS) Remove(name string) error { return os.Remove(name) }

// SyncDir implements Disk.
func (OS) SyncDir(dir string) error {
	handle, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	defer handle.Close()
	return handle.Sync()
}
