package flinkprometheusreceiver

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
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

func load(t *testing.T, yaml string) (*Config, error) {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(yaml))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	if err := conf.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func TestFullConfig(t *testing.T) {
	conf, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))

	assert.Equal(t, 30*time.Second, cfg.CollectionInterval)
	assert.Equal(t, MetricsConfig{Include: []string{"flink_jobmanager_*"}, Exclude: []string{"*_Time"}}, cfg.Metrics)
	assert.Equal(t, LimitsConfig{BodySizeMiB: 16, LineLength: 4096, Series: 5000}, cfg.Limits)
	assert.Equal(t, []string{"*_orders_seen"}, cfg.Counters)
	assert.Equal(t, sentinelsKeep, cfg.Sentinels)
	assert.Equal(t, attributesPoint, cfg.EntityAttributes)
	assert.Equal(t, "orders", cfg.ServiceName)
	assert.Equal(t, 5*time.Second, cfg.timeout())

	var urls []string
	targets, err := parseTargets(cfg.Targets)
	require.NoError(t, err)
	for _, target := range targets {
		urls = append(urls, fmt.Sprint(target.url(nil), " ", target.instance(), " ", target.ranged))
	}
	assert.Equal(t, []string{
		"http://jobmanager:9249/metrics jobmanager:9249 false",
		"https://taskmanager:9249/ taskmanager:9249 true",
		"https://taskmanager:9250/ taskmanager:9250 true",
		"http://[::1]:9249/metrics [::1]:9249 false",
		"http://10.0.0.1:9249/a/b 10.0.0.1:9249 false",
	}, urls)
}

func TestTimeoutIsNeverAboveTheInterval(t *testing.T) {
	for yaml, want := range map[string]time.Duration{
		"{targets: [a:1]}":                          10 * time.Second,
		"{targets: [a:1], collection_interval: 5s}": 5 * time.Second,
		"{targets: [a:1], http: {timeout: 0s}}":     15 * time.Second,
		"{targets: [a:1], http: {timeout: 1s}}":     time.Second,
		"{targets: [a:1], http: {timeout: 1m}}":     15 * time.Second,
	} {
		cfg, err := load(t, yaml)
		require.NoError(t, err)
		assert.Equal(t, want, cfg.timeout(), yaml)
	}
}

func TestConfigErrorsNameKeyAndGivenAndAllowed(t *testing.T) {
	for yaml, want := range map[string]string{
		"{}":                                             `targets: must have at least one entry such as http://taskmanager:9249-9260/metrics (got none)`,
		"{targets: [jobmanager]}":                        `targets[0]: must have a port: [http[s]://]host:port[-port][/path] (got "jobmanager")`,
		"{targets: ['http://jm/x:1']}":                   `targets[0]: must have a port: [http[s]://]host:port[-port][/path] (got "http://jm/x:1")`,
		"{targets: ['a:1', 'a:9260-9249']}":              `targets[1]: port range "9260-9249" is reversed`,
		"{targets: ['a:0']}":                             `targets[0]: port must be 1 to 65535, or a range such as 9249-9260 (got "0")`,
		"{targets: ['a:70000']}":                         `targets[0]: port must be 1 to 65535, or a range such as 9249-9260 (got "70000")`,
		"{targets: ['a:x']}":                             `targets[0]: port must be 1 to 65535, or a range such as 9249-9260 (got "x")`,
		"{targets: ['a:1-1025']}":                        `targets[0]: port range must have at most 1024 ports (got "1-1025")`,
		"{targets: ['ftp://a:1']}":                       `targets[0]: scheme must be http or https (got "ftp://a:1")`,
		"{targets: ['a:1/x?y=1']}":                       `targets[0]: must be [http[s]://]host:port[-port][/path], without user, query or fragment (got "a:1/x?y=1")`,
		"{targets: ['u@a:1']}":                           `targets[0]: must be [http[s]://]host:port[-port][/path], without user, query or fragment (got "u@a:1")`,
		"{targets: ['::1:9249']}":                        `targets[0]: host must be a name, an IPv4 or a bracketed IPv6 address (got "::1:9249")`,
		"{targets: ['[x]:9249']}":                        `targets[0]: host must be a name, an IPv4 or a bracketed IPv6 address (got "[x]:9249")`,
		"{targets: [':9249']}":                           `targets[0]: host must be a name, an IPv4 or a bracketed IPv6 address (got ":9249")`,
		"{targets: ['a:1-3', 'http://A:2/x']}":           `targets[1]: must not repeat a:2 of targets[0] (got "http://A:2/x")`,
		"{targets: [a:1], collection_interval: 1ms}":     `collection_interval: must be at least 10ms (got 1ms)`,
		"{targets: [a:1], http: {endpoint: 'http://x'}}": `http.endpoint: must be left out, reporters stand under targets (got "http://x")`,
		"{targets: [a:1], http: {compression: gzip}}":    `http.compression: must be left out, a scrape sends no body; compression is for what it receives (got "gzip")`,
		"{targets: [a:1], compression: zstd}":            `compression: must be gzip or none (got "zstd")`,
		"{targets: [a:1], http: {timeout: -1s}}":         `http.timeout: must not be negative (got -1s)`,
		"{targets: [a:1], limits: {body_size_mib: 0}}":   `limits.body_size_mib: must be 1 to 2047 (got 0)`,
		"{targets: [a:1], limits: {line_length: -1}}":    `limits.line_length: must be at least 1 (got -1)`,
		"{targets: [a:1], limits: {series: 0}}":          `limits.series: must be at least 1 (got 0)`,
		"{targets: [a:1], sentinels: zero}":              `sentinels: must be drop or keep (got "zero")`,
		"{targets: [a:1], entity_attributes: both}":      `entity_attributes: must be resource or datapoint (got "both")`,
		"{targets: [a:1], service_name: ''}":             `service_name: must not be empty (got "")`,
		"{targets: [a:1], metrics: {include: ['a[']}}":   `metrics.include[0]: must be a metric name or a glob of *, ? and [a-z] (got "a[")`,
		"{targets: [a:1], metrics: {exclude: [a, '']}}":  `metrics.exclude[1]: must be a metric name or a glob of *, ? and [a-z] (got "")`,
		"{targets: [a:1], counters: ['[']}":              `counters[0]: must be a metric name or a glob of *, ? and [a-z] (got "[")`,
		"{targets: [a:1], sentinel: drop}":               `sentinel: unknown key`,
	} {
		_, err := load(t, yaml)
		require.Error(t, err, yaml)
		if strings.HasSuffix(want, "unknown key") {
			assert.Contains(t, err.Error(), want)
			continue
		}
		assert.Equal(t, want, err.Error(), yaml)
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	_, err := load(t, "{targets: [a, b], sentinels: x}")
	require.Error(t, err)
	assert.Len(t, strings.Split(err.Error(), "\n"), 3)
}

func TestValidateChangesNothing(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Targets = []string{"a:1-3"}
	before := fmt.Sprintf("%+v", cfg)
	require.NoError(t, cfg.Validate())
	assert.Equal(t, before, fmt.Sprintf("%+v", cfg))
}

// options returns the paths of all keys of our own; confighttp documents its own.
func options(t reflect.Type, prefix string) []string {
	var keys []string
	for i := range t.NumField() {
		key := t.Field(i).Tag.Get("mapstructure")
		switch {
		case key == "":
		case t.Field(i).Type.Kind() == reflect.Struct && key != "http":
			keys = append(keys, options(t.Field(i).Type, prefix+key+".")...)
		default:
			keys = append(keys, prefix+key)
		}
	}
	return keys
}

func TestReadmeDocumentsEveryOptionAndMetric(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	documented := func(section, pattern string) []string {
		_, rest, found := strings.Cut(string(readme), "\n## "+section+"\n")
		require.True(t, found, section)
		text, _, _ := strings.Cut(rest, "\n## ")
		var names []string
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			names = append(names, match[1])
		}
		return names
	}
	assert.ElementsMatch(t, options(reflect.TypeFor[Config](), ""), documented("Options", "(?m)^\\| `([a-z_.]+)` \\|"))

	generated, err := os.ReadFile("documentation.md")
	require.NoError(t, err)
	var metrics []string
	for _, match := range regexp.MustCompile(`(?m)^### otelcol_(\w+)$`).FindAllStringSubmatch(string(generated), -1) {
		metrics = append(metrics, match[1])
	}
	require.NotEmpty(t, metrics)
	assert.ElementsMatch(t, metrics, documented("Telemetry", "(?m)^\\| `otelcol_(\\w+)` \\|"))
}
