package orderedremotewriteexporter

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"
	"gopkg.in/yaml.v3"
)

func load(t *testing.T, text string) (*Config, error) {
	var raw map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &raw))
	cfg := createDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(raw).Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func TestConfigOfTheReadmeLoads(t *testing.T) {
	cfg, err := load(t, `
http: {endpoint: http://localhost:9090/api/v1/write, timeout: 20s, headers: {X-Scope-OrgID: a}, tls: {insecure_skip_verify: true}}
shards: 4
slot_by: series
batch: {max_size: 500, flush_timeout: 1s}
queue_samples: 2000
retry_on_failure: {initial_interval: 1s, max_interval: 1m, max_retries: 3, max_elapsed_time: 1h}
translation_strategy: NoTranslation
resource_labels: [tm_id]
external_labels: {region: eu}
target_info: false
`)
	require.NoError(t, err)
	assert.Equal(t, []string{"tm_id"}, cfg.ResourceLabels, "a list replaces the default")
	assert.Equal(t, BatchConfig{MaxSize: 500, FlushTimeout: time.Second}, cfg.Batch)
	assert.Equal(t, RetryConfig{InitialInterval: time.Second, MaxInterval: time.Minute, MaxRetries: 3, MaxElapsedTime: time.Hour}, cfg.Retry)
	assert.Equal(t, 4, cfg.Shards)
}

func TestConfigErrorsNameTheKeyTheValueAndWhatIsAllowed(t *testing.T) {
	valid := func(rest string) string { return "http: {endpoint: http://localhost/}\n" + rest }
	for _, c := range []struct{ yaml, want string }{
		{"{}", "http.endpoint: must be set, for example http://localhost:9090/api/v1/write"},
		{"http: {endpoint: localhost:9090}", `http.endpoint: must be an http or https URL (got "localhost:9090")`},
		{"http: {endpoint: http://a/, timeout: 0s}", "http.timeout: must be above 0s (got 0s)"},
		{"http: {endpoint: http://a/, compression: gzip}", `http.compression: must not be set, see compression (got "gzip")`},
		{"http: {endpoint: http://a/, headers: {content-TYPE: x}}", `http.headers: "content-TYPE" is set by remote write itself and cannot be changed`},
		{"http: {endpoint: http://a/, headers: {USER-AGENT: x}}", `http.headers: "USER-AGENT" is set by remote write itself and cannot be changed`},
		{valid("shards: 0"), "shards: must be from 1 to 1024 (got 0)"},
		{valid("slot_by: host"), `slot_by: must be "instance" or "series" (got "host")`},
		{valid("batch: {max_size: 0}"), "batch.max_size: must be at least 1 (got 0)"},
		{valid("batch: {flush_timeout: -1s}"), "batch.flush_timeout: must be at least 0s (got -1s)"},
		{valid("queue_samples: 0"), "queue_samples: must be at least 1 (got 0)"},
		{valid("queue_samples: 10"), "queue_samples: must be at least batch.max_size, 5000 (got 10)"},
		{valid("retry_on_failure: {initial_interval: 0s}"), "retry_on_failure.initial_interval: must be above 0s (got 0s)"},
		{valid("retry_on_failure: {max_interval: 1ms}"), "retry_on_failure.max_interval: must be at least initial_interval, 30ms (got 1ms)"},
		{valid("retry_on_failure: {max_retries: -1}"), "retry_on_failure.max_retries: must be at least 0, which is for ever (got -1)"},
		{valid("retry_on_failure: {max_elapsed_time: -1s}"), "retry_on_failure.max_elapsed_time: must be at least 0s, which is for ever (got -1s)"},
		{valid("protocol: v2"), `protocol: must be one of auto, 1.0, 2.0 (got "v2")`},
		{valid("compression: gzip"), `compression: must be one of snappy, zstd (got "gzip")`},
		{valid("histograms: native"), `histograms: must be one of classic, custom_buckets (got "native")`},
		{valid("sample_age_limit: -1s"), "sample_age_limit: must be at least 0s, which is any age (got -1s)"},
		{valid("on_error: {auth: retry}"), `on_error.auth: must be one of fail, discard_and_continue (got "retry")`},
		{valid("on_error: {fail_action: panic}"), `on_error.fail_action: must be one of hold, shutdown (got "panic")`},
		{valid("translation_strategy: none"), `translation_strategy: must be one of UnderscoreEscapingWithSuffixes, UnderscoreEscapingWithoutSuffixes, NoUTF8EscapingWithSuffixes, NoTranslation (got "none")`},
		{valid(`resource_labels: [a, ""]`), "resource_labels[1]: must not be empty"},
		{valid("external_labels: {a.b: x}"), `external_labels: "a.b" is not a label name (letters, digits and _, not starting with a digit or __)`},
		{valid(`external_labels: {a: ""}`), "external_labels.a: must not be empty"},
		{valid("wal: {}"), "wal.directory: must be set, for example /var/lib/weir/wal"},
		{valid("wal: {directory: d, max_size_mib: 0}"), "wal.max_size_mib: must be from 1 to 1073741824 (got 0)"},
		{valid("wal: {directory: d, fsync: sometimes}"), `wal.fsync: must be one of always, interval, never (got "sometimes")`},
		{valid("wal: {directory: d, on_full: drop}"), `wal.on_full: must be one of block, drop_oldest (got "drop")`},
		{valid("tenant: {header: 'a b'}"), `tenant.header: must be the name of an HTTP header (got "a b")`},
		{valid("tenant: {header: content-type}"), `tenant.header: "content-type" is set by remote write itself`},
		{valid("tenant: {default: a|b}"), `tenant.default: must be at most 150 letters, digits and !-_.*'() and none of ., .., __mimir_cluster, __markers__, user-index.json.gz (got "a|b")`},
		{valid("tenant: {max_tenants: 0}"), "tenant.max_tenants: must be at least 1 (got 0)"},
		{"http: {endpoint: http://a/, headers: {x-scope-orgid: a}}\ntenant: {from_attribute: tenant}", `http.headers: "x-scope-orgid" is set by tenant; for all that names no tenant, set tenant.default`},
		{valid("on_out_of_order: keep"), `on_out_of_order: must be one of drop, pass (got "keep")`},
	} {
		_, err := load(t, c.yaml)
		require.ErrorContains(t, err, c.want, c.yaml)
	}
}

func TestAllMistakesAreNamedAtOnce(t *testing.T) {
	cfg := &Config{HTTP: confighttp.ClientConfig{Headers: configopaque.MapList{{Name: "content-encoding"}}}}
	assert.Len(t, strings.Split(cfg.Validate().Error(), "\n"), 20)
}

// The README's table of options must have one row per field, with its default.
func TestReadmeListsEveryOption(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, options, _ := strings.Cut(string(readme), "## Options")
	options, _, _ = strings.Cut(options, "## Choices")
	rows := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| ([^|]+) \\| ([^|]+) \\|").FindAllStringSubmatch(options, -1) {
		rows[m[1]] = strings.Trim(strings.TrimSpace(m[3]), "`'")
	}
	want := map[string]string{"http.endpoint": "required", "http.timeout": "30s"}
	collect(want, "", reflect.ValueOf(createDefaultConfig()).Elem())
	wal := defaultWAL()
	collect(want, "wal.", reflect.ValueOf(&wal).Elem())
	want["wal.directory"] = "required"
	for key, value := range want {
		assert.Equal(t, value, rows[key], key)
		delete(rows, key)
	}
	assert.Empty(t, rows, "rows without a field")
}

func collect(into map[string]string, prefix string, v reflect.Value) {
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("mapstructure")
		field := v.Field(i)
		switch {
		case key == "" || key == "http" || key == "wal":
		case field.Kind() == reflect.Struct:
			collect(into, prefix+key+".", field)
		case field.Kind() == reflect.Slice:
			into[prefix+key] = "see below"
		case field.Kind() == reflect.Map:
			into[prefix+key] = "{}"
		default:
			into[prefix+key] = fmt.Sprint(field.Interface())
		}
	}
}

// The README's table of metrics must have one row per metric of metadata.yaml.
func TestReadmeListsEveryMetric(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var meta struct {
		Telemetry struct {
			Metrics map[string]any `yaml:"metrics"`
		} `yaml:"telemetry"`
	}
	text, err := os.ReadFile("metadata.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &meta))
	for name := range meta.Telemetry.Metrics {
		assert.Contains(t, string(readme), "| `"+strings.TrimPrefix(name, "exporter_orderedremotewrite_")+"` |")
	}
}
