package orderedremotewriteexporter

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"

	"weir.example/internal/strictconfig"
)

// Config is the configuration of the exporter.
type Config struct {
	// HTTP is the client to the store: endpoint, timeout per attempt, TLS,
	// headers, auth.
	HTTP confighttp.ClientConfig `mapstructure:"http"`
	// Protocol is the version of remote write: "auto", "1.0" or "2.0".
	Protocol string `mapstructure:"protocol"`
	// Compression of requests: "snappy" or "zstd".
	Compression string `mapstructure:"compression"`
	// Shards is the number of slots, each a queue with one request in flight.
	Shards int `mapstructure:"shards"`
	// SlotBy says what is kept together in one slot: "instance" or "series".
	SlotBy string `mapstructure:"slot_by"`
	// Batch says when a request is full.
	Batch BatchConfig `mapstructure:"batch"`
	// QueueSamples is the room of all slots together, in samples.
	QueueSamples int `mapstructure:"queue_samples"`
	// OnOutOfOrder says what becomes of a sample that is not newer than the newest of
	// its series: "drop" or "pass" on to the store.
	OnOutOfOrder string `mapstructure:"on_out_of_order"`
	// WAL keeps what is not yet delivered on disk. Without it the queue is in memory.
	WAL configoptional.Optional[WALConfig] `mapstructure:"wal"`
	// Retry says how long and how often a failed request is sent again.
	Retry RetryConfig `mapstructure:"retry_on_failure"`
	// OnError says what becomes of a request that cannot be delivered.
	OnError OnErrorConfig `mapstructure:"on_error"`
	// Tenant says whose data a sample is.
	Tenant TenantConfig `mapstructure:"tenant"`
	// SampleAgeLimit is how old a sample may be when it is sent; 0 is any age.
	SampleAgeLimit time.Duration `mapstructure:"sample_age_limit"`
	// Histograms says what becomes of explicit buckets: "classic" series, or
	// one native histogram with "custom_buckets".
	Histograms string `mapstructure:"histograms"`
	// TranslationStrategy is one of Prometheus's four.
	TranslationStrategy string `mapstructure:"translation_strategy"`
	// ResourceLabels are globs of the resource attributes that become labels.
	ResourceLabels []string `mapstructure:"resource_labels"`
	// ExternalLabels are added to every series that lacks them.
	ExternalLabels map[string]string `mapstructure:"external_labels"`
	// TargetInfo sends the other resource attributes as target_info.
	TargetInfo bool `mapstructure:"target_info"`

	_ struct{}
}

// BatchConfig says when a request is full.
type BatchConfig struct {
	// MaxSize is the most samples of a request.
	MaxSize int `mapstructure:"max_size"`
	// FlushTimeout is the longest a sample waits for a request to fill.
	FlushTimeout time.Duration `mapstructure:"flush_timeout"`

	_ struct{}
}

// RetryConfig says how long and how often a failed request is sent again.
type RetryConfig struct {
	// InitialInterval is the first pause; each further one is twice as long.
	InitialInterval time.Duration `mapstructure:"initial_interval"`
	// MaxInterval is the longest pause.
	MaxInterval time.Duration `mapstructure:"max_interval"`
	// MaxRetries is how often a request is sent again; 0 is for ever.
	MaxRetries int `mapstructure:"max_retries"`
	// MaxElapsedTime is how long a request is tried; 0 is for ever.
	MaxElapsedTime time.Duration `mapstructure:"max_elapsed_time"`

	_ struct{}
}

// OnErrorConfig says what becomes of a request that cannot be delivered: "fail"
// or "discard_and_continue".
type OnErrorConfig struct {
	// NonRetriable is for a 4xx that blames the data.
	NonRetriable string `mapstructure:"non_retriable"`
	// Auth is for answers that blame the setup: 401, 403, 404, 407, a redirect,
	// or no protocol in common.
	Auth string `mapstructure:"auth"`
	// RetriesExceeded is for a limit reached after 5xx, 429 and 408.
	RetriesExceeded string `mapstructure:"retries_exceeded"`
	// IOFailure is for a limit reached after network errors.
	IOFailure string `mapstructure:"io_failure"`
	// FailAction is what fail means: "hold" the data, or "shutdown" of the process.
	FailAction string `mapstructure:"fail_action"`

	_ struct{}
}

// of returns what is to be done after a failure.
func (c OnErrorConfig) of(why reason) string {
	switch why {
	case authFailed:
		return c.Auth
	case retriesExceeded:
		return c.RetriesExceeded
	case ioFailure:
		return c.IOFailure
	default:
		return c.NonRetriable
	}
}

const (
	fail     = "fail"
	discard  = "discard_and_continue"
	hold     = "hold"
	shutdown = "shutdown"

	protocolAuto = "auto"
	protocol1    = "1.0"
	protocol2    = "2.0"

	snappy = "snappy"
	zstd   = "zstd"

	histogramsClassic = "classic"
	histogramsCustom  = "custom_buckets"

	slotByInstance = "instance"
	slotBySeries   = "series"
	maxShards      = 1024
)

func createDefaultConfig() component.Config {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = 30 * time.Second
	// Go keeps 2 idle connections: with more slots than that they would churn.
	keepalive := confighttp.NewDefaultKeepaliveClientConfig()
	keepalive.MaxIdleConns, keepalive.MaxIdleConnsPerHost = maxShards, maxShards
	client.Keepalive = configoptional.Some(keepalive)
	return &Config{
		HTTP:                client,
		Protocol:            protocolAuto,
		Compression:         snappy,
		Shards:              8,
		SlotBy:              slotByInstance,
		Batch:               BatchConfig{MaxSize: 5000, FlushTimeout: 5 * time.Second},
		QueueSamples:        1_000_000,
		Retry:               RetryConfig{InitialInterval: 30 * time.Millisecond, MaxInterval: 5 * time.Second},
		OnError:             OnErrorConfig{NonRetriable: discard, Auth: fail, RetriesExceeded: fail, IOFailure: fail, FailAction: hold},
		OnOutOfOrder:        onOutOfOrderDrop,
		Tenant:              defaultTenant(),
		WAL:                 configoptional.Default(defaultWAL()),
		Histograms:          histogramsClassic,
		TranslationStrategy: string(otlptranslator.UnderscoreEscapingWithoutSuffixes),
		ResourceLabels: []string{
			"tm_id", "job_id", "job_name", "task_id", "task_name", "task_attempt_id", "task_attempt_num",
			"subtask_index", "operator_id", "operator_name", "host.name", "cluster", "tenant", "weir.shard",
		},
		TargetInfo: true,
	}
}

// Unmarshal decodes conf and names every mistake in it.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return strictconfig.Unmarshal(conf, c) }

// Validate returns everything that is wrong with the values.
func (c *Config) Validate() error {
	faults := c.validateHTTP()
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(c.Shards < 1 || c.Shards > maxShards, "shards: must be from 1 to %d (got %d)", maxShards, c.Shards)
	fault(c.SlotBy != slotByInstance && c.SlotBy != slotBySeries,
		"slot_by: must be %q or %q (got %q)", slotByInstance, slotBySeries, c.SlotBy)
	fault(c.Batch.MaxSize < 1, "batch.max_size: must be at least 1 (got %d)", c.Batch.MaxSize)
	fault(c.Batch.FlushTimeout < 0, "batch.flush_timeout: must be at least 0s (got %v)", c.Batch.FlushTimeout)
	fault(c.QueueSamples < 1, "queue_samples: must be at least 1 (got %d)", c.QueueSamples)
	fault(c.QueueSamples > 0 && c.QueueSamples < c.Batch.MaxSize,
		"queue_samples: must be at least batch.max_size, %d (got %d)", c.Batch.MaxSize, c.QueueSamples)
	fault(c.SampleAgeLimit < 0, "sample_age_limit: must be at least 0s, which is any age (got %v)", c.SampleAgeLimit)
	faults = append(faults,
		oneOf("protocol", c.Protocol, protocolAuto, protocol1, protocol2),
		oneOf("compression", c.Compression, snappy, zstd),
		oneOf("on_out_of_order", c.OnOutOfOrder, onOutOfOrderDrop, onOutOfOrderPass),
		oneOf("histograms", c.Histograms, histogramsClassic, histogramsCustom),
		oneOf("on_error.non_retriable", c.OnError.NonRetriable, fail, discard),
		oneOf("on_error.auth", c.OnError.Auth, fail, discard),
		oneOf("on_error.retries_exceeded", c.OnError.RetriesExceeded, fail, discard),
		oneOf("on_error.io_failure", c.OnError.IOFailure, fail, discard),
		oneOf("on_error.fail_action", c.OnError.FailAction, hold, shutdown))
	fault(!slices.Contains(strategies, c.TranslationStrategy),
		"translation_strategy: must be one of %s (got %q)", strings.Join(strategies, ", "), c.TranslationStrategy)
	faults = append(faults, c.Retry.validate()...)
	faults = append(faults, c.validateTenant()...)
	if c.WAL.HasValue() {
		faults = append(faults, c.WAL.Get().validate()...)
	}
	for i, glob := range c.ResourceLabels {
		fault(glob == "", "resource_labels[%d]: must not be empty", i)
	}
	faults = append(faults, c.validateExternalLabels()...)
	return errors.Join(faults...)
}

// oneOf returns an error that names what is allowed, unless got is.
func oneOf(key, got string, allowed ...string) error {
	if slices.Contains(allowed, got) {
		return nil
	}
	return fmt.Errorf("%s: must be one of %s (got %q)", key, strings.Join(allowed, ", "), got)
}

var strategies = []string{
	string(otlptranslator.UnderscoreEscapingWithSuffixes),
	string(otlptranslator.UnderscoreEscapingWithoutSuffixes),
	string(otlptranslator.NoUTF8EscapingWithSuffixes),
	string(otlptranslator.NoTranslation),
}

func (c *Config) validateHTTP() []error {
	var faults []error
	if c.HTTP.Endpoint == "" {
		faults = append(faults, errors.New("http.endpoint: must be set, for example http://localhost:9090/api/v1/write"))
	} else if u, err := url.Parse(c.HTTP.Endpoint); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		faults = append(faults, fmt.Errorf("http.endpoint: must be an http or https URL (got %q)", c.HTTP.Endpoint))
	}
	if c.HTTP.Timeout <= 0 {
		faults = append(faults, fmt.Errorf("http.timeout: must be above 0s (got %v)", c.HTTP.Timeout))
	}
	if c.HTTP.Compression != "" {
		faults = append(faults, fmt.Errorf("http.compression: must not be set, see compression (got %q)", c.HTTP.Compression))
	}
	for name := range c.HTTP.Headers.Iter {
		if slices.ContainsFunc(reservedHeaders, func(r string) bool { return strings.EqualFold(r, name) }) {
			faults = append(faults, fmt.Errorf("http.headers: %q is set by remote write itself and cannot be changed", name))
		}
	}
	return faults
}

func (r RetryConfig) validate() []error {
	var faults []error
	if r.InitialInterval <= 0 {
		faults = append(faults, fmt.Errorf("retry_on_failure.initial_interval: must be above 0s (got %v)", r.InitialInterval))
	}
	if r.MaxInterval < r.InitialInterval {
		faults = append(faults, fmt.Errorf("retry_on_failure.max_interval: must be at least initial_interval, %v (got %v)", r.InitialInterval, r.MaxInterval))
	}
	if r.MaxRetries < 0 {
		faults = append(faults, fmt.Errorf("retry_on_failure.max_retries: must be at least 0, which is for ever (got %d)", r.MaxRetries))
	}
	if r.MaxElapsedTime < 0 {
		faults = append(faults, fmt.Errorf("retry_on_failure.max_elapsed_time: must be at least 0s, which is for ever (got %v)", r.MaxElapsedTime))
	}
	return faults
}

var classicLabel = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func (c *Config) validateExternalLabels() []error {
	var faults []error
	for name, value := range c.ExternalLabels {
		switch {
		case !classicLabel.MatchString(name) || strings.HasPrefix(name, "__"):
			faults = append(faults, fmt.Errorf("external_labels: %q is not a label name (letters, digits and _, not starting with a digit or __)", name))
		case value == "":
			faults = append(faults, fmt.Errorf("external_labels.%s: must not be empty", name))
		}
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return faults
}
