package cardinalityprocessor

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/processor/processortest"

	"weir.example/processor/cardinalityprocessor/internal/metadata"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

func TestRenameAloneTakesItsDefaults(t *testing.T) {
	for _, conf := range []map[string]any{{"rename": nil}, {"rename": map[string]any{}}} {
		cfg := loadConfig(t, confmap.NewFromStringMap(conf))
		require.True(t, cfg.Rename.HasValue())
		assert.Equal(t, RenameConfig{Tables: []string{"flink"}, Unmatched: UnmatchedDerive}, *cfg.Rename.Get())
	}
	cfg := loadConfig(t, confmap.NewFromStringMap(map[string]any{}))
	assert.False(t, cfg.Rename.HasValue(), "a stage whose block is absent does nothing")
}

func TestValidateTellsKeyGivenAndAllowed(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("bad.csv", []byte("raw,name,kind\na,b,gauge\nc,d,counter\n"), 0o600))
	tests := map[string]struct {
		rename RenameConfig
		want   string
	}{
		"unknown unmatched": {
			RenameConfig{Unmatched: "delete"}, `rename.unmatched: must be derive, keep or drop (got "delete")`,
		},
		"empty unmatched": {
			RenameConfig{}, `rename.unmatched: must be derive, keep or drop (got "")`,
		},
		"missing file": {
			RenameConfig{Tables: []string{"flink", "x.csv"}, Unmatched: UnmatchedKeep},
			`rename.tables[1]: cannot read table "x.csv": no such file or directory (allowed: flink or the path of a CSV file)`,
		},
		"a directory": {
			RenameConfig{Tables: []string{"."}, Unmatched: UnmatchedKeep},
			`rename.tables[0]: .: read .: is a directory`,
		},
		"mistake in a file": {
			RenameConfig{Tables: []string{"bad.csv"}, Unmatched: UnmatchedKeep},
			`rename.tables[0]: bad.csv:3: kind must be gauge, sum or empty (got "counter")`,
		},
		"empty name": {
			RenameConfig{Tables: []string{""}, Unmatched: UnmatchedKeep},
			`rename.tables[0]: must be flink or the path of a CSV file (got "")`,
		},
		"twice": {
			RenameConfig{Tables: []string{"flink", "flink"}, Unmatched: UnmatchedKeep},
			`rename.tables[1]: "flink" is listed twice`,
		},
		"all mistakes at once": {
			RenameConfig{Tables: []string{"bad.csv", "flink", "flink"}, Unmatched: "x"},
			`rename.tables[0]: bad.csv:3: kind must be gauge, sum or empty (got "counter")` + "\n" +
				`rename.tables[2]: "flink" is listed twice` + "\n" +
				`rename.unmatched: must be derive, keep or drop (got "x")`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			*cfg.Rename.GetOrInsertDefault() = test.rename
			assert.EqualError(t, cfg.Validate(), test.want)
			assert.Equal(t, test.rename, *cfg.Rename.Get(), "Validate must not change anything")
		})
	}
}

func TestATableThatVanishesAfterValidateIsAnErrorOfCreation(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Rename.GetOrInsertDefault().Tables = []string{"gone.csv"}
	_, err := NewFactory().CreateMetrics(t.Context(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	assert.ErrorContains(t, err, `rename.tables[0]: cannot read table "gone.csv"`)
}

func TestUnknownKeysAreNamed(t *testing.T) {
	for conf, want := range map[string]string{
		"renam":              `renam: unknown key, did you mean "rename"?`,
		"rename::unmatchedd": "unmatchedd",
	} {
		err := confmap.NewFromStringMap(nest(conf)).Unmarshal(createDefaultConfig().(*Config))
		assert.ErrorContains(t, err, want)
	}
}

// nest turns a::b into {a: {b: derive}}.
func nest(path string) map[string]any {
	key, rest, nested := strings.Cut(path, confmap.KeyDelimiter)
	if !nested {
		return map[string]any{key: "derive"}
	}
	return map[string]any{key: nest(rest)}
}

var optionRow = regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| ([^|]+) \\| `([^|]+)` \\|")

func TestReadmeListsEveryOptionWithItsDefault(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Rename.GetOrInsertDefault()
	want := map[string]string{}
	describeOptions("", reflect.ValueOf(*cfg), want)

	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	got := map[string]string{}
	for _, row := range optionRow.FindAllStringSubmatch(string(readme), -1) {
		got[row[1]] = row[3]
	}
	assert.Equal(t, want, got)
}

// describeOptions collects key -> default of every option, seeing through configoptional.
func describeOptions(prefix string, block reflect.Value, into map[string]string) {
	for field, value := range block.Fields() {
		key := field.Tag.Get("mapstructure")
		switch {
		case key == "":
		case value.Kind() == reflect.Struct:
			describeOptions(prefix+key+".", inside(value), into)
		case value.IsZero() || value.Kind() == reflect.Slice && value.Len() == 0:
			into[prefix+key] = "none"
		default:
			into[prefix+key] = fmt.Sprint(value.Interface())
		}
	}
}

// inside returns the block that an optional one holds.
func inside(block reflect.Value) reflect.Value {
	optional := reflect.New(block.Type())
	optional.Elem().Set(block)
	if get := optional.MethodByName("Get"); get.IsValid() {
		return get.Call(nil)[0].Elem()
	}
	return block
}

var ruleRow = regexp.MustCompile("(?m)^\\| `rules\\[\\]\\.([a-z_.]+)` \\|")

func TestReadmeListsEveryKeyOfARule(t *testing.T) {
	want := map[string]string{}
	describeOptions("", reflect.ValueOf(rules.Rule{}), want)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var got []string
	for _, row := range ruleRow.FindAllStringSubmatch(string(readme), -1) {
		got = append(got, row[1])
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(want)), got)
}

func TestReadmeListsEveryMetricOfTheProcessor(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	generated, err := os.ReadFile("documentation.md")
	require.NoError(t, err)
	metrics := regexp.MustCompile(`(?m)^### (otelcol_\w+)$`).FindAllStringSubmatch(string(generated), -1)
	require.NotEmpty(t, metrics)
	for _, metric := range metrics {
		assert.Contains(t, string(readme), "| `"+metric[1]+"` |")
	}
}
