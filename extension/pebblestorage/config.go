package pebblestorage

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"weir.example/internal/seglog"
	"weir.example/internal/strictconfig"
)

// Config is what users write under pebblestorage in the extensions section.
type Config struct {
	// Directory holds the database. It belongs to this extension alone and is created if it does not exist.
	Directory string `mapstructure:"directory"`
	// Fsync says when what was written is forced to the disk: "always" before an operation returns, "interval"
	// within a second, or "never".
	Fsync string `mapstructure:"fsync"`
	// CacheSizeMiB bounds the cache of blocks read from disk.
	CacheSizeMiB int `mapstructure:"cache_size_mib"`
	// MaxSizeMiB bounds the database on disk. Beyond it only deletions are taken.
	MaxSizeMiB int `mapstructure:"max_size_mib"`

	// prevent unkeyed literal initialization
	_ struct{}
}

const (
	minSizeMiB = 32      // several logs, and a compaction at work
	maxSizeMiB = 1 << 30 // a pebibyte: what follows stays within 63 bits
	maxCache   = 1 << 20
)

var (
	_ component.Config    = (*Config)(nil)
	_ confmap.Unmarshaler = (*Config)(nil)
)

func createDefaultConfig() component.Config {
	return &Config{
		Directory:    "/var/lib/weir/storage",
		Fsync:        string(seglog.SyncInterval),
		CacheSizeMiB: 8,
		MaxSizeMiB:   4096,
	}
}

// Unmarshal reads the configuration over the defaults.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return strictconfig.Unmarshal(conf, c) }

// Validate returns all mistakes at once.
func (c *Config) Validate() error {
	var errs []error
	if c.Directory == "" {
		errs = append(errs, errors.New(`directory: must not be empty (got "")`))
	}
	switch seglog.Sync(c.Fsync) {
	case seglog.SyncAlways, seglog.SyncInterval, seglog.SyncNever:
	default:
		errs = append(errs, fmt.Errorf("fsync: must be one of always, interval, never (got %q)", c.Fsync))
	}
	if c.CacheSizeMiB < 1 || c.CacheSizeMiB > maxCache {
		errs = append(errs, fmt.Errorf("cache_size_mib: must be from 1 to %d (got %d)", maxCache, c.CacheSizeMiB))
	}
	if c.MaxSizeMiB < minSizeMiB || c.MaxSizeMiB > maxSizeMiB {
		errs = append(errs, fmt.Errorf("max_size_mib: must be from %d to %d (got %d)", minSizeMiB, maxSizeMiB, c.MaxSizeMiB))
	}
	return errors.Join(errs...)
}
