package cardinalityprocessor

import (
	"bytes"
	"maps"
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
	"weir.example/internal/flinktest"
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
			documented, plain := map[string]bool{}, map[string]bool{}
			for _, scenario := range flinktest.Scenarios() {
				if scenario[0] != version {
					continue
				}
				processes, err := flinktest.Scenario(version, scenario[1])
				require.NoError(t, err)
				for _, process := range processes {
					for _, page := range process.Pages {
						if !page.Refused {
							replay(t, page.Body, documented, plain)
						}
					}
				}
			}
			missing := slices.DeleteFunc(flinkname.Flink().Documented(), func(name string) bool { return documented[name] })
			assert.Equal(t, test.missing, missing)
			assert.Len(t, plain, test.underPlainNames, "numRestarts and those of the 87 that this version exposes")
		})
	}
}

// replay renames one scrape, checks that each series survived under one name of its own, and notes the documented ones.
func replay(t *testing.T, body []byte, documented, plain map[string]bool) {
	r := newTestRenamer(t, UnmatchedDerive)
	metrics := metricsOf(t, body)
	seen := map[string]bool{}
	points := 0
	for _, m := range metrics.All() {
		raw, before := m.Name(), pointCount(m)

		_, outcome := r.apply(m)

		require.True(t, outcome == named || outcome == derived, raw)
		require.True(t, strings.HasPrefix(m.Name(), "flink."), m.Name())
		require.Equal(t, before, pointCount(m))
		points += before
		for _, labels := range labelSets(m) {
			require.False(t, seen[m.Name()+labels], "%s{%s} twice", m.Name(), labels)
			seen[m.Name()+labels] = true
		}
		if outcome == named {
			documented[m.Name()] = true
			if !strings.Contains(raw, "KafkaSourceReader") {
				plain[m.Name()] = true
			}
		}
	}
	require.NotZero(t, points)
	require.Len(t, seen, points)
}

// metricsOf returns the metrics of an exposition: a summary both as contrib's receiver makes it, and its count as ours.
func metricsOf(t testing.TB, body []byte) pmetric.MetricSlice {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	require.NoError(t, err)
	metrics := pmetric.NewMetricSlice()
	for _, name := range slices.Sorted(maps.Keys(families)) {
		family := families[name]
		m := metrics.AppendEmpty()
		m.SetName(name)
		m.SetDescription(family.GetHelp())
		if family.GetType() == dto.MetricType_SUMMARY {
			count := metrics.AppendEmpty()
			count.SetName(name + "_count")
			count.SetDescription(family.GetHelp())
			fillSummary(m.SetEmptySummary(), count.SetEmptySum(), family)
			continue
		}
		fillGauge(m.SetEmptyGauge(), family)
	}
	return metrics
}

func fillSummary(summary pmetric.Summary, count pmetric.Sum, family *dto.MetricFamily) {
	count.SetIsMonotonic(true)
	count.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	for _, series := range family.GetMetric() {
		point := summary.DataPoints().AppendEmpty()
		point.SetCount(series.GetSummary().GetSampleCount())
		putLabels(point.Attributes(), series)
		putLabels(count.DataPoints().AppendEmpty().Attributes(), series)
	}
}

func fillGauge(gauge pmetric.Gauge, family *dto.MetricFamily) {
	for _, series := range family.GetMetric() {
		point := gauge.DataPoints().AppendEmpty()
		point.SetDoubleValue(series.GetGauge().GetValue())
		putLabels(point.Attributes(), series)
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
