package flinkprometheusreceiver

import (
	"errors"
	"fmt"
	"path"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"

	"weir.example/internal/strictconfig"
)

// Config is what users write under flinkprometheus in the receivers section.
type Config struct {
	// CollectionInterval is the time between two scrapes of a target.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`
	// Targets are reporters: [http[s]://]host:port[-port][/path]. The path is /metrics if left out.
	Targets []string `mapstructure:"targets"`
	// Metrics selects metrics by raw name.
	Metrics MetricsConfig `mapstructure:"metrics"`
	// HTTP configures the client. The endpoint stays empty and the timeout is never above CollectionInterval.
	HTTP confighttp.ClientConfig `mapstructure:"http"`
	// Compression is what the reporter is asked for: gzip, or none where it is so near that bytes cost less than CPU.
	Compression string `mapstructure:"compression"`
	// Limits bound what one scrape of one target may cost.
	Limits LimitsConfig `mapstructure:"limits"`
	// Counters are globs of raw names, of user metrics above all, whose values are cumulative.
	Counters []string `mapstructure:"counters"`
	// Sentinels says what becomes of Long.MIN, Flink's "no value yet": drop or keep.
	Sentinels string `mapstructure:"sentinels"`
	// EntityAttributes says where the labels that name a job, task, operator or process go: resource or datapoint.
	EntityAttributes string `mapstructure:"entity_attributes"`
	// ServiceName is the service.name of all targets.
	ServiceName string `mapstructure:"service_name"`
	// Storage is the extension that keeps start times through restarts; without it a restart forgets them.
	Storage *component.ID `mapstructure:"storage"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// MetricsConfig selects metrics by globs of their raw names, in which * and ? stand for any and one character. A
// summary is selected by its own name or that of its _count.
type MetricsConfig struct {
	// Include keeps these metrics only; empty keeps all. Without wildcards the reporter is asked for these names only.
	Include []string `mapstructure:"include"`
	// Exclude drops these metrics and wins over Include.
	Exclude []string `mapstructure:"exclude"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// LimitsConfig bounds one scrape.
type LimitsConfig struct {
	// BodySizeMiB bounds the decompressed body in MiB. A larger one fails the scrape.
	BodySizeMiB int `mapstructure:"body_size_mib"`
	// LineLength bounds name and labels of a line in bytes. A longer line is dropped.
	LineLength int `mapstructure:"line_length"`
	// Series bounds the sample lines of a body. More of them fail the scrape.
	Series int `mapstructure:"series"`

	// prevent unkeyed literal initialization
	_ struct{}
}

const (
	sentinelsDrop      = "drop"
	sentinelsKeep      = "keep"
	attributesResource = "resource"
	attributesPoint    = "datapoint"
	compressionGzip    = "gzip"
	compressionNone    = "none"

	minInterval = 10 * time.Millisecond
)

var (
	_ component.Config    = (*Config)(nil)
	_ confmap.Unmarshaler = (*Config)(nil)
)

func createDefaultConfig() component.Config {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = 10 * time.Second
	keepalive := confighttp.NewDefaultKeepaliveClientConfig()
	keepalive.MaxIdleConns = 0 // each target keeps its connection, however many there are
	client.Keepalive = configoptional.Some(keepalive)
	return &Config{
		CollectionInterval: 15 * time.Second,
		HTTP:               client,
		Compression:        compressionGzip,
		Limits:             LimitsConfig{BodySizeMiB: 64, LineLength: 64 << 10, Series: 100_000},
		Sentinels:          sentinelsDrop,
		EntityAttributes:   attributesResource,
		ServiceName:        "flink",
	}
}

// Unmarshal reads the configuration over the defaults.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return strictconfig.Unmarshal(conf, c) }

// Validate returns all mistakes at once.
func (c *Config) Validate() error {
	_, err := parseTargets(c.Targets)
	errs := []error{err}
	must := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	must(c.CollectionInterval >= minInterval,
		"collection_interval: must be at least %s (got %s)", minInterval, c.CollectionInterval)
	must(c.HTTP.Endpoint == "", "http.endpoint: must be left out, reporters stand under targets (got %q)", c.HTTP.Endpoint)
	must(c.HTTP.Compression == "",
		"http.compression: must be left out, a scrape sends no body; compression is for what it receives (got %q)", string(c.HTTP.Compression))
	must(c.HTTP.Timeout >= 0, "http.timeout: must not be negative (got %s)", c.HTTP.Timeout)
	must(c.Limits.BodySizeMiB > 0 && c.Limits.BodySizeMiB <= maxBodySizeMiB,
		"limits.body_size_mib: must be 1 to %d (got %d)", maxBodySizeMiB, c.Limits.BodySizeMiB)
	must(c.Limits.LineLength > 0, "limits.line_length: must be at least 1 (got %d)", c.Limits.LineLength)
	must(c.Limits.Series > 0, "limits.series: must be at least 1 (got %d)", c.Limits.Series)
	must(c.Sentinels == sentinelsDrop || c.Sentinels == sentinelsKeep,
		"sentinels: must be drop or keep (got %q)", c.Sentinels)
	must(c.Compression == compressionGzip || c.Compression == compressionNone,
		"compression: must be gzip or none (got %q)", c.Compression)
	must(c.EntityAttributes == attributesResource || c.EntityAttributes == attributesPoint,
		"entity_attributes: must be resource or datapoint (got %q)", c.EntityAttributes)
	must(c.ServiceName != "", `service_name: must not be empty (got "")`)
	errs = append(errs,
		checkGlobs("metrics.include", c.Metrics.Include),
		checkGlobs("metrics.exclude", c.Metrics.Exclude),
		checkGlobs("counters", c.Counters))
	return errors.Join(errs...)
}

// maxBodySizeMiB keeps positions in a body within 32 bits.
const maxBodySizeMiB = 2047

func checkGlobs(key string, globs []string) error {
	var errs []error
	for i, glob := range globs {
		if _, err := path.Match(glob, ""); err != nil || glob == "" {
			errs = append(errs, fmt.Errorf("%s[%d]: must be a metric name or a glob of *, ? and [a-z] (got %q)", key, i, glob))
		}
	}
	return errors.Join(errs...)
}

// timeout bounds one request. Scrapes of one target never overlap, so it is never above the interval.
func (c *Config) timeout() time.Duration {
	if c.HTTP.Timeout == 0 {
		return c.CollectionInterval
	}
	return min(c.HTTP.Timeout, c.CollectionInterval)
}
