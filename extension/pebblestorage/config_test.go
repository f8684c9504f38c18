package pebblestorage

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"gopkg.in/yaml.v3"
)

func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	var raw map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &raw))
	cfg := createDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(raw).Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

func TestConfigLoads(t *testing.T) {
	cfg, err := load(t, "{directory: /d, fsync: always, cache_size_mib: 64, max_size_mib: 100}")
	require.NoError(t, err)
	assert.Equal(t, Config{Directory: "/d", Fsync: "always", CacheSizeMiB: 64, MaxSizeMiB: 100}, *cfg)
	_, err = load(t, "{}")
	require.NoError(t, err, "all keys have defaults")
}

func TestConfigErrorsNameKeyAndGivenAndAllowed(t *testing.T) {
	for yaml, want := range map[string]string{
		"{directory: ''}":           `directory: must not be empty (got "")`,
		"{fsync: sometimes}":        `fsync: must be one of always, interval, never (got "sometimes")`,
		"{cache_size_mib: 0}":       `cache_size_mib: must be from 1 to 1048576 (got 0)`,
		"{max_size_mib: 31}":        `max_size_mib: must be from 32 to 1073741824 (got 31)`,
		"{max_size_mib: much}":      `max_size_mib: must be a whole number (got "much")`,
		"{dir: x}":                  `dir: unknown key`,
		"{fsync: x, directory: ''}": "directory: must not be empty (got \"\")\nfsync: must be one of always, interval, never (got \"x\")",
	} {
		_, err := load(t, yaml)
		require.ErrorContains(t, err, want, yaml)
	}
}

// section returns what the README says under a heading.
func section(t *testing.T, heading string) string {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(readme), "\n## "+heading+"\n")
	require.True(t, found, heading)
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

func TestReadmeListsEveryOptionWithItsDefault(t *testing.T) {
	rows := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| [^|]+ \\| `([^|]+)` \\|").FindAllStringSubmatch(section(t, "Options"), -1) {
		rows[m[1]] = m[2]
	}
	want := map[string]string{}
	defaults := reflect.ValueOf(createDefaultConfig()).Elem()
	for i := range defaults.NumField() {
		if key := defaults.Type().Field(i).Tag.Get("mapstructure"); key != "" {
			want[key] = fmt.Sprint(defaults.Field(i).Interface())
		}
	}
	assert.Equal(t, want, rows)
}

func TestReadmeListsEveryMetric(t *testing.T) {
	generated, err := os.ReadFile("documentation.md")
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^### (otelcol_\w+)$`).FindAllStringSubmatch(string(generated), -1)
	require.Len(t, found, 2)
	for _, m := range found {
		assert.Contains(t, section(t, "Telemetry"), "| `"+m[1]+"` |")
	}
}

func TestTelemetry(t *testing.T) {
	r := started(t, t.TempDir(), nil)
	c := r.client(t, "")
	fill(t, c, 3)
	_, err := c.Get(ctx, "a")
	require.NoError(t, err)
	require.NoError(t, c.Close(ctx))
	require.Error(t, c.Set(ctx, "a", nil))

	operations, err := r.tel.GetMetric("otelcol_extension_pebblestorage_operations")
	require.NoError(t, err)
	got := map[string]int64{}
	for _, p := range operations.Data.(metricdata.Sum[int64]).DataPoints {
		operation, _ := p.Attributes.Value("operation")
		outcome, _ := p.Attributes.Value("outcome")
		if p.Value > 0 {
			got[operation.AsString()+" "+outcome.AsString()] = p.Value
		}
	}
	assert.Equal(t, map[string]int64{"set success": 3, "get success": 1, "set failure": 1}, got)
	size, err := r.tel.GetMetric("otelcol_extension_pebblestorage_size")
	require.NoError(t, err)
	assert.Greater(t, size.Data.(metricdata.Gauge[int64]).DataPoints[0].Value, int64(3000))
}

func TestFactory(t *testing.T) {
	f := NewFactory()
	assert.Equal(t, component.MustNewType("pebblestorage"), f.Type())
	_, ok := f.CreateDefaultConfig().(*Config)
	assert.True(t, ok)
}
