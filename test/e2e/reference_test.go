//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"weir.example/internal/flinkname"
)

// sentinel is Long.MIN_VALUE as a double: Flink's "no value yet".
const sentinel = -9.223372036854775808e18

// point is a sample without its time.
type point struct {
	raw   string // name in the exposition
	value float64
	sum   bool // cumulative, by the table, as a summary's count, or as the configuration says
}

// page is one exposition as the documented rules translate it.
type page struct {
	points    map[string]point // by series
	sentinels int
	lines     int // samples in the exposition, sentinels among them
}

// readPage parses a body with Prometheus's own parser and gives every sample the labels that a store must see.
func readPage(t *testing.T, body, instance string) page {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	require.NoError(t, err)
	p := page{points: map[string]point{}}
	add := func(name string, m *dto.Metric, value float64, count bool, extra ...string) {
		p.lines++
		if value == sentinel {
			p.sentinels++
			return
		}
		series := storedSeries(name, instance, m.GetLabel(), extra...)
		_, twice := p.points[series]
		require.False(t, twice, "two samples of a body become %s", series)
		p.points[series] = point{raw: name, value: value, sum: count || isCumulative(name)}
	}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			if s := m.GetSummary(); s != nil {
				for _, q := range s.GetQuantile() {
					add(name, m, q.GetValue(), false, "quantile", strconv.FormatFloat(q.GetQuantile(), 'g', -1, 64))
				}
				add(name+"_count", m, float64(s.GetSampleCount()), true)
				continue
			}
			add(name, m, m.GetGauge().GetValue(), false)
		}
	}
	return p
}

// isCumulative tells whether the table, or the counters list of testdata/stores.yaml, makes a metric a sum.
func isCumulative(raw string) bool {
	m, ok := flinkname.Flink().Lookup(raw)
	return ok && m.Kind == flinkname.Sum || strings.HasSuffix(raw, "_orders_seen")
}

// storedSeries are the labels in a store: Flink's own, host as host_name, job and instance of the target.
func storedSeries(raw, instance string, labels []*dto.LabelPair, extra ...string) string {
	set := map[string]string{"__name__": storedName(raw), "job": "flink", "instance": instance}
	for _, l := range labels {
		name := l.GetName()
		if name == "host" {
			name = "host_name"
		}
		set[name] = l.GetValue()
	}
	for i := 0; i < len(extra); i += 2 {
		set[extra[i]] = extra[i+1]
	}
	return render(set)
}

// render writes labels as promtest.Series.String does.
func render(set map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if set[name] != "" { // an empty label is no label
			parts = append(parts, fmt.Sprintf("%s=%q", name, set[name]))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

var notInNames = regexp.MustCompile(`[^a-zA-Z0-9_:]`)

// storedName is the documented name with underscores; a name that is not documented has the scope shortened by the same rule.
func storedName(raw string) string {
	if m, ok := flinkname.Flink().Lookup(raw); ok {
		return notInNames.ReplaceAllString(m.Name, "_")
	}
	for _, scope := range [][2]string{
		{"flink_taskmanager_job_task_operator_", "flink_operator_"},
		{"flink_taskmanager_job_task_", "flink_task_"},
	} {
		if rest, ok := strings.CutPrefix(raw, scope[0]); ok {
			return scope[1] + rest
		}
	}
	return raw
}

// stale is the value that marks the end of a series; the same bits in every Prometheus.
var stale = math.Float64frombits(0x7ff0000000000002)

func isStale(v float64) bool { return math.Float64bits(v) == math.Float64bits(stale) }

// sameValue compares bits, except that all NaN but the stale marker are one.
func sameValue(a, b float64) bool {
	if math.IsNaN(a) && math.IsNaN(b) {
		return isStale(a) == isStale(b)
	}
	return a == b
}

// sample is a value, or the stale marker, at a time in milliseconds.
type sample struct {
	at    int64
	value float64
}

// expect returns what each series of a target must have become: one sample per scrape that has it, at the time of the scrape,
// and one stale marker at the first scrape without it. times are those of the delivered scrapes.
func expect(pages []page, times []int64) map[string][]sample {
	out := map[string][]sample{}
	var before map[string]point
	for i, p := range pages {
		for series, pt := range p.points {
			out[series] = append(out[series], sample{times[i], pt.value})
		}
		for series := range before {
			if _, still := p.points[series]; !still {
				out[series] = append(out[series], sample{times[i], stale})
			}
		}
		before = p.points
	}
	return out
}
