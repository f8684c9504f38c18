package cardinalityprocessor

import (
	"cmp"
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"gopkg.in/yaml.v3"

	"weir.example/processor/cardinalityprocessor/internal/metadata"
)

var update = flag.Bool("update", false, "write out.yaml and telemetry.yaml of the golden folders")

// TestGolden runs every folder of testdata that holds a config.yaml: in.yaml goes in, then in.2.yaml and so on if they
// are there; out.yaml must come out, and the processor must have counted what telemetry.yaml says. Where there are rules
// a tick follows the last call, so that out.yaml ends with the series that merged.
func TestGolden(t *testing.T) {
	configs, err := filepath.Glob("testdata/*/config.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, configs)
	for _, config := range configs {
		dir := filepath.Dir(config)
		t.Run(filepath.Base(dir), func(t *testing.T) { runGolden(t, dir) })
	}
}

func runGolden(t *testing.T, dir string) {
	conf, err := confmaptest.LoadConf(filepath.Join(dir, "config.yaml"))
	require.NoError(t, err)
	inputs, err := filepath.Glob(filepath.Join(dir, "in*.yaml"))
	require.NoError(t, err)
	slices.SortFunc(inputs, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })

	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, telemetry.Shutdown(context.Background())) })
	got := lead(t, loadConfig(t, conf), telemetry, inputs)
	counted := counters(t, telemetry)

	out, err := golden.MarshalMetricsYAML(got)
	require.NoError(t, err)
	compareFile(t, filepath.Join(dir, "out.yaml"), string(out))
	telemetryText, err := yaml.Marshal(counted)
	require.NoError(t, err)
	compareFile(t, filepath.Join(dir, "telemetry.yaml"), string(telemetryText))
}

// lead sends the calls through the processor, or where there are rules through a rig.
func lead(t *testing.T, cfg *Config, telemetry *componenttest.Telemetry, inputs []string) pmetric.Metrics {
	out := pmetric.NewMetrics()
	r := newRig(t, cfg, telemetry.NewTelemetrySettings())
	t.Cleanup(r.report.shutdown)
	for _, input := range inputs {
		in, err := golden.ReadMetrics(input)
		require.NoError(t, err)
		if len(cfg.Rules) == 0 && cfg.Preset == "" {
			return consume(t, cfg, telemetry, in)
		}
		r.consume(in)
		r.report.add(t.Context(), &r.tally)
		r.report.merged(t.Context(), &r.merged)
		in.ResourceMetrics().MoveAndAppendTo(out.ResourceMetrics())
		r.clock = r.clock.Add(15 * time.Second)
	}
	r.tick(15 * time.Second).ResourceMetrics().MoveAndAppendTo(out.ResourceMetrics())
	return out
}

// compareFile holds got against the text of a file to the last byte, or writes it with -update.
func compareFile(t *testing.T, path, got string) {
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, path)
}

func loadConfig(t testing.TB, conf *confmap.Conf) *Config {
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	return cfg
}

// consume starts a processor, sends it in, shuts it down and returns what came out: empty if nothing did.
func consume(t testing.TB, cfg *Config, telemetry *componenttest.Telemetry, in pmetric.Metrics) pmetric.Metrics {
	ctx := context.Background()
	settings := processortest.NewNopSettings(metadata.Type)
	if telemetry != nil {
		settings.TelemetrySettings = telemetry.NewTelemetrySettings()
	}
	var sink consumertest.MetricsSink
	p, err := NewFactory().CreateMetrics(ctx, settings, cfg, &sink)
	require.NoError(t, err)
	require.NoError(t, p.Start(ctx, componenttest.NewNopHost()))
	require.NoError(t, p.ConsumeMetrics(ctx, in))
	require.NoError(t, p.Shutdown(ctx))
	if len(sink.AllMetrics()) == 0 {
		return pmetric.NewMetrics()
	}
	return sink.AllMetrics()[0]
}

// counters returns the processor's own metrics as `name{key=value}` -> total.
func counters(t *testing.T, telemetry *componenttest.Telemetry) map[string]int64 {
	var all metricdata.ResourceMetrics
	require.NoError(t, telemetry.Reader.Collect(context.Background(), &all))
	totals := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			name, own := strings.CutPrefix(m.Name, "otelcol_processor_cardinality_")
			sum, isSum := m.Data.(metricdata.Sum[int64])
			if !own || !isSum {
				continue
			}
			for _, point := range sum.DataPoints {
				var labels []string
				for _, label := range point.Attributes.ToSlice() {
					labels = append(labels, string(label.Key)+"="+label.Value.String())
				}
				totals[name+"{"+strings.Join(labels, ",")+"}"] = point.Value
			}
		}
	}
	return totals
}
