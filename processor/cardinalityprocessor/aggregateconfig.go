package cardinalityprocessor

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"weir.example/internal/seglog"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// AggregateConfig says how series that became equal are merged.
type AggregateConfig struct {
	// Interval is the time between two ticks, at whose multiples every merged series gets a point. Default: 15s.
	Interval time.Duration `mapstructure:"interval"`
	// BirthDelay is how long a merged series with inputs of unknown start waits for more of them before it appears.
	// Default: 0s, two spacings of its inputs, at most 30s.
	BirthDelay time.Duration `mapstructure:"birth_delay"`
	// TombstoneTTL is how long totals, last values and start times are kept of series that ended. Default: 24h.
	TombstoneTTL time.Duration `mapstructure:"tombstone_ttl"`
	// Gauges choose a function by metric name, the first one that matches. Default: none; name and unit decide.
	Gauges []GaugeConfig `mapstructure:"gauges"`
	// MaxInputs is how many series may be merged at a time; points of others are dropped and counted. Default: 1000000.
	MaxInputs int `mapstructure:"max_inputs"`
	// MaxTombstones is how many ended series are remembered; the oldest are forgotten first. Default: 1000000.
	MaxTombstones int `mapstructure:"max_tombstones"`
	// Fsync says when the state log is forced to the disk: always (before a call returns), interval (within a second)
	// or never. Default: interval.
	Fsync seglog.Sync `mapstructure:"fsync"`

	// prevent unkeyed literal initialization
	_ struct{}
}

const (
	minInterval = time.Second
	maxInterval = time.Hour
)

func defaultAggregate() AggregateConfig {
	return AggregateConfig{
		Interval: 15 * time.Second, TombstoneTTL: 24 * time.Hour,
		MaxInputs: 1_000_000, MaxTombstones: 1_000_000, Fsync: seglog.SyncInterval,
	}
}

func (c *AggregateConfig) validate() error {
	var faults []error
	within := func(key string, d, least, most time.Duration) {
		if d < least || d > most {
			faults = append(faults, fmt.Errorf("aggregate.%s: must be from %v to %v (got %v)", key, least, most, d))
		}
	}
	within("interval", c.Interval, minInterval, maxInterval)
	within("birth_delay", c.BirthDelay, 0, maxInterval)
	within("tombstone_ttl", c.TombstoneTTL, time.Minute, 366*24*time.Hour)
	for key, n := range map[string]int{"max_inputs": c.MaxInputs, "max_tombstones": c.MaxTombstones} {
		if n < 1 {
			faults = append(faults, fmt.Errorf("aggregate.%s: must be at least 1 (got %d)", key, n))
		}
	}
	switch c.Fsync {
	case seglog.SyncAlways, seglog.SyncInterval, seglog.SyncNever:
	default:
		faults = append(faults, fmt.Errorf("aggregate.fsync: must be always, interval or never (got %q)", c.Fsync))
	}
	_, gauges := compileGauges(c.Gauges)
	return errors.Join(append(faults, gauges...)...)
}

// merges tells whether the rules may merge series. Those of a file may at any time.
func (c *Config) merges() bool {
	return c.RulesFile != "" || c.Preset != "" || slices.ContainsFunc(c.Rules, func(r rules.Rule) bool {
		switch r.Action {
		case rules.Keep, rules.DropSeries, rules.Supersede:
			return false
		default:
			return true
		}
	})
}
