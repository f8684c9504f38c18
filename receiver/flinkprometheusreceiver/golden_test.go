package flinkprometheusreceiver

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

var update = flag.Bool("update", false, "write the out.yaml of all golden folders")

// TestGolden scrapes in.txt once under config.yaml and compares all of what comes out with out.yaml.
func TestGolden(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*/in.txt")
	require.NoError(t, err)
	require.NotEmpty(t, inputs)
	for _, input := range inputs {
		folder := filepath.Dir(input)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			conf, err := confmaptest.LoadConf(filepath.Join(folder, "config.yaml"))
			require.NoError(t, err)
			g := newRig(t, func(cfg *Config) { require.NoError(t, conf.Unmarshal(cfg)) })
			body, err := os.ReadFile(input)
			require.NoError(t, err)
			g.run(step{body: string(body)})
			require.Len(t, g.got, 1)
			out := filepath.Join(folder, "out.yaml")
			if *update {
				require.NoError(t, golden.WriteMetricsToFile(out, g.got[0]))
			}
			want, err := golden.ReadMetrics(out)
			require.NoError(t, err)
			require.NoError(t, pmetrictest.CompareMetrics(want, g.got[0], pmetrictest.IgnoreTimestamp(),
				pmetrictest.IgnoreResourceMetricsOrder(), pmetrictest.IgnoreMetricsOrder(), pmetrictest.IgnoreMetricDataPointsOrder()))
		})
	}
}

func TestDropsAreCountedByReason(t *testing.T) {
	body, err := os.ReadFile("testdata/odd/in.txt")
	require.NoError(t, err)
	g := newRig(t, nil)
	g.run(step{body: string(body)})
	g.run(step{body: string(body)})
	for _, why := range []dropReason{duplicateLabel, duplicateSeries, invalidLabelName, reservedLabel} {
		assert.EqualValues(t, 2, counted(t, g.tel, "dropped_samples", "reason", string(why)), why)
	}
	assert.EqualValues(t, 4, counted(t, g.tel, "dropped_samples", "reason", string(malformed)))
	assert.EqualValues(t, 2, counted(t, g.tel, "sentinels"))
	assert.EqualValues(t, 4, counted(t, g.tel, "series", "target", "tm:9249"))
	assert.Equal(t, 5, g.logs.FilterMessage("dropping samples").Len(), "once for each reason")
}

func TestKeptSentinelsAreValues(t *testing.T) {
	g := newRig(t, func(cfg *Config) { cfg.Sentinels = sentinelsKeep })
	points := g.run(step{body: lineMark + "-9.223372036854776E18\n"})
	assert.Equal(t, float64(sentinel), points[mark].value)
	assert.Zero(t, counted(t, g.tel, "sentinels"))
}

func TestTypeThatChangesChangesTheKind(t *testing.T) {
	g := newRig(t, nil)
	assert.False(t, g.run(step{body: "# TYPE x gauge\nx 1\n"})["x[]"].sum)
	assert.True(t, g.run(step{body: "# TYPE x counter\nx 1\n"})["x[]"].sum)
	assert.True(t, g.run(step{body: "x 1\n"})["x[]"].sum, "a metric keeps what it was told")
	assert.False(t, g.run(step{body: "# TYPE x gauge\nx 1\n"})["x[]"].sum)
}
