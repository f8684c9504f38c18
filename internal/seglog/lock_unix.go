//go:build unix

package seglog

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// lock keeps a second process out of the directory until the returned closer is closed
// or this process ends.
func lock(name string) (io.Closer, error) {
	file, err := os.OpenFile(filepath.Clean(name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%s is in use by another process: %w", filepath.Dir(name), err)
	}
	return file, nil
}
