package cardinalityprocessor

import (
	"compress/gzip"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/flinkname"
)

// TestReplayOfRealFlink renames what real Flink clusters exposed, in all scenarios that were captured.
func TestReplayOfRealFlink(t *testing.T) {
	tests := map[string]struct {
		underPlainNames int // documented names that show without the KafkaSource rows
		missing         []string
	}{
		"1.18.1": {
			underPlainNames: 85 + 1,
			missing:         []string{"flink.jobmanager.job.lastCheckpointAlignmentBuffered", "flink.task.numLateRecordsDropped"},
		},
		"1.20.3": {
			underPlainNames: 83 + 1,
			missing:         []string{"flink.jobmanager.job.lastCheckpointAlignmentBuffered", "flink.task.numLateRecordsDropped"},
		},
	}
	for version, test := range tests {
		t.Run(version, func(t *testing.T) {
			files, err := filepath.Glob("../../internal/flinktest/testdata/" + version + "/*/*.txt.gz")
			require.NoError(t, err)
			require.NotEmpty(t, files)
			documented, plain := map[string]bool{}, map[string]bool{}
			for _, file := range files {
				replay(t, file, documented, plain)
			}
			missing := slices.DeleteFunc(flinkname.Flink().Documented(), func(name string) bool { return documented[name] })
			assert.Equal(t, test.missing, missing)
			assert.Len(t, plain, test.underPlainNames, "numRestarts and those of the 87 that this version exposes")
		})
	}
}

// replay renames one scrape, checks that each series survived under one name of its own, and notes the documented ones.
func replay(t *testing.T, file string, documented, plain map[string]bool) {
	r := newTestRenamer(t, UnmatchedDerive)
	families := parseCapture(t, file)
	seen := map[string]bool{}
	before, after := 0, 0
	for _, family := range families {
		m := pmetric.NewMetric()
		fill(m, family)
		before += pointCount(m)

		outcome := r.apply(m)

		require.Contains(t, []outcomeName{"table", "derived"}, nameOf(outcome), family.GetName())
		require.True(t, strings.HasPrefix(m.Name(), "flink."), m.Name())
		after += pointCount(m)
		for _, labels := range labelSets(m) {
			require.False(t, seen[m.Name()+labels], "%s: %s%s twice", file, m.Name(), labels)
			seen[m.Name()+labels] = true
		}
		if outcome == named {
			documented[m.Name()] = true
			if !strings.Contains(family.GetName(), "KafkaSourceReader") {
				plain[m.Name()] = true
			}
		}
	}
	require.Equal(t, before, after)
	require.Len(t, seen, before)
}

type outcomeName string

func nameOf(o outcome) outcomeName {
	return [outcomes]outcomeName{"untouched", "table", "derived", "kept", "dropped"}[o]
}

func parseCapture(t testing.TB, file string) []*dto.MetricFamily {
	compressed, err := os.Open(file)
	require.NoError(t, err)
	defer compressed.Close()
	text, err := gzip.NewReader(compressed)
	require.NoError(t, err)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(text)
	require.NoError(t, err)
	return slices.SortedFunc(maps.Values(families), func(a, b *dto.MetricFamily) int {
		return strings.Compare(a.GetName(), b.GetName())
	})
}

// fill makes of a family what contrib's Prometheus receiver makes of it.
func fill(m pmetric.Metric, family *dto.MetricFamily) {
	m.SetName(family.GetName())
	m.SetDescription(family.GetHelp())
	for _, series := range family.GetMetric() {
		switch family.GetType() {
		case dto.MetricType_SUMMARY:
			if m.Type() == pmetric.MetricTypeEmpty {
				m.SetEmptySummary()
			}
			point := m.Summary().DataPoints().AppendEmpty()
			point.SetCount(series.GetSummary().GetSampleCount())
			putLabels(point.Attributes(), series)
		default:
			if m.Type() == pmetric.MetricTypeEmpty {
				m.SetEmptyGauge()
			}
			point := m.Gauge().DataPoints().AppendEmpty()
			point.SetDoubleValue(series.GetGauge().GetValue())
			putLabels(point.Attributes(), series)
		}
	}
}

func putLabels(attributes pcommon.Map, series *dto.Metric) {
	for _, label := range series.GetLabel() {
		attributes.PutStr(label.GetName(), label.GetValue())
	}
}

func labelSets(m pmetric.Metric) []string {
	var sets []string
	add := func(attributes pcommon.Map) {
		var pairs []string
		for key, value := range attributes.All() {
			pairs = append(pairs, key+"="+value.Str())
		}
		slices.Sort(pairs)
		sets = append(sets, strings.Join(pairs, ","))
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge, pmetric.MetricTypeSum:
		for _, point := range pointsOf(m).(pmetric.NumberDataPointSlice).All() {
			add(point.Attributes())
		}
	case pmetric.MetricTypeSummary:
		for _, point := range m.Summary().DataPoints().All() {
			add(point.Attributes())
		}
	}
	return sets
}
