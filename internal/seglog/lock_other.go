//go:build !unix

package seglog

import (
	"io"
	"os"
	"path/filepath"
)

// lock opens the file only: this system has no advisory locks that end with the process.
func lock(name string) (io.Closer, error) {
	return os.OpenFile(filepath.Clean(name), os.O_RDWR|os.O_CREATE, 0o600)
}
