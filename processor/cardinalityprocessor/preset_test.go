package cardinalityprocessor

import (
	"os"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/flinktest"
	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// The preset leaves what real Flink clusters expose as it is: their ids name tasks, and there are as many as tasks run.
func TestThePresetLeavesFlinkAsItIs(t *testing.T) {
	set, err := rules.Compile(rules.Source{Preset: rules.Sanitize, Reader: newReader()})
	require.NoError(t, err)
	touched := map[string]bool{}
	for _, scenario := range flinktest.Scenarios() {
		processes, err := flinktest.Scenario(scenario[0], scenario[1])
		require.NoError(t, err)
		for _, process := range processes {
			for _, page := range process.Pages {
				if page.Refused {
					continue
				}
				for _, m := range metricsOf(t, page.Body).All() {
					eachPoint(m, func(point pcommon.Map) {
						for key, value := range point.All() {
							if program := set.Program(m.Name(), pcommon.NewMap()); program.Touches(key, value) {
								touched[key+"="+value.Str()] = true
							}
						}
					})
				}
			}
		}
	}
	assert.Empty(t, touched)

	r := newPlainRig(t, presetConfig())
	md := scrapeOf(t)
	for _, rm := range md.ResourceMetrics().All() {
		rm.Resource().Attributes().PutStr("tm_id", "172.18.0.3:36873-5c5cf1") // as Flink makes them without a name
	}
	before := pmetric.NewMetrics()
	md.CopyTo(before)
	r.consume(md)
	require.NoError(t, pmetrictest.CompareMetrics(before, md))
	assert.Zero(t, r.walker.aggregator.Stats().LiveInputs)
}

func presetConfig() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Preset = rules.Sanitize
	return cfg
}

func eachPoint(m pmetric.Metric, do func(point pcommon.Map)) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		for _, p := range m.Gauge().DataPoints().All() {
			do(p.Attributes())
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			do(p.Attributes())
		}
	}
}

// The README lists every kind under its class.
func TestTheREADMEListsKinds(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, name := range detect.Names() {
		require.Contains(t, string(readme), "`"+name+"`")
	}
	for _, class := range []string{"identifier", "time", "network", "personal", "secrets", "sensitive"} {
		require.Contains(t, string(readme), "\n| `"+class+"` |")
	}
}
