package orderedremotewriteexporter

import (
	"errors"
	"fmt"

	"weir.example/internal/seglog"
)

// WALConfig says where and how samples wait on disk until the store took them.
type WALConfig struct {
	// Directory holds the log. It belongs to this exporter alone.
	Directory string `mapstructure:"directory"`
	// Fsync says when what was taken is forced to the disk: "always" before a call
	// returns, "interval" within a second, or "never".
	Fsync string `mapstructure:"fsync"`
	// MaxSizeMiB bounds what waits; one slot of several may take half of it.
	MaxSizeMiB int `mapstructure:"max_size_mib"`
	// OnFull is "block" or "drop_oldest".
	OnFull string `mapstructure:"on_full"`

	_ struct{}
}

const (
	onFullBlock = "block"
	onFullDrop  = "drop_oldest"

	onOutOfOrderDrop = "drop"
	onOutOfOrderPass = "pass"

	maxWALMiB = 1 << 30 // a pebibyte: what follows stays within 63 bits
)

func defaultWAL() WALConfig {
	return WALConfig{Fsync: string(seglog.SyncInterval), MaxSizeMiB: 4096, OnFull: onFullBlock}
}

func (w *WALConfig) validate() []error {
	var faults []error
	if w.Directory == "" {
		faults = append(faults, errors.New("wal.directory: must be set, for example /var/lib/weir/wal"))
	}
	if w.MaxSizeMiB < 1 || w.MaxSizeMiB > maxWALMiB {
		faults = append(faults, fmt.Errorf("wal.max_size_mib: must be from 1 to %d (got %d)", maxWALMiB, w.MaxSizeMiB))
	}
	return append(faults,
		oneOf("wal.fsync", w.Fsync, string(seglog.SyncAlways), string(seglog.SyncInterval), string(seglog.SyncNever)),
		oneOf("wal.on_full", w.OnFull, onFullBlock, onFullDrop))
}

// bytes is the room in the log.
func (w *WALConfig) bytes() int { return w.MaxSizeMiB << 20 }
