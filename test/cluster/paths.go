package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Root is the repository's root: the nearest directory, from the working directory upwards, that holds builder-config.yaml.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "builder-config.yaml")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("not inside the repository: no builder-config.yaml in this directory or above")
		}
		dir = parent
	}
}

// Binary is an executable of ours: where it is by default, which variable names another, and which command makes it.
type Binary struct {
	Default  string // relative to the repository's root
	Variable string
	Make     string
}

// The executables that tests and the demo start.
var (
	WeirBinary            = Binary{"bin/weir", "WEIR_BIN", "make build"}
	VictoriaMetricsBinary = Binary{".tools/victoria-metrics", "VICTORIA_METRICS_BIN", "make demo"}
	PrometheusBinary      = Binary{".tools/prometheus", "PROMETHEUS_BIN", "make e2e"}
)

// Path is where the executable is, or an error that tells how to get it.
func (b Binary) Path(root string) (string, error) {
	path := os.Getenv(b.Variable)
	if path == "" {
		path = filepath.Join(root, b.Default)
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w: `%s` builds it, or name another with %s", err, b.Make, b.Variable)
	}
	return filepath.Abs(path)
}
