//go:build e2e

package e2e

import (
	"bufio"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// stream is what the file exporter wrote of one series.
type stream struct {
	sum    bool
	starts map[int64]int64 // start time by time, both in ms, of samples with a value
}

// kindsAndStartTimes looks at the OTLP that the file exporter wrote, since remote write 1.0 carries neither.
func (s *story) kindsAndStartTimes(t *testing.T) {
	streams := readStreams(t, s.file)
	sums := 0
	known := map[string]int{} // samples by instance
	for _, g := range s.targets {
		starts := expectStarts(g)
		for _, p := range g.pages {
			for series, pt := range p.points {
				got, ok := streams[series]
				require.True(t, ok, "%s is not in the file", series)
				require.Equal(t, pt.sum, got.sum, "kind of %s", series)
			}
		}
		for series, want := range starts {
			sums++
			got := streams[series].starts
			for at, start := range want {
				have, ok := got[at]
				require.True(t, ok, "%s has no sample at %d", series, at)
				require.Equal(t, start, have, "start time of %s at %d", series, at)
				if start > 0 {
					known[g.instance]++
				}
			}
		}
	}
	t.Logf("%d cumulative series, samples with a known start: %v", sums, known)
	assert.Positive(t, known[s.targets[1].instance], "the new attempts of the failed job")
	assert.Positive(t, known[s.targets[3].instance], "the TaskManager that joined")
}

// expectStarts follows each cumulative series of a target: its start is unknown (0) if it was there at the first scrape, else 1 ms after
// the last scrape, or refused connection, that proves that it, or its higher value, was not there.
func expectStarts(g *target) map[string]map[int64]int64 {
	type state struct {
		at, start int64
		last      float64
	}
	out, states := map[string]map[int64]int64{}, map[string]*state{}
	var absent int64 // when the target last proved what it does not have
	for i, p := range g.pages {
		for series, pt := range p.points {
			if !pt.sum {
				continue
			}
			st := states[series]
			if st == nil {
				st = &state{}
				states[series], out[series] = st, map[int64]int64{}
			}
			if st.at == 0 || pt.value < st.last {
				st.start = 0
				if proof := max(absent, st.at); proof > 0 {
					st.start = proof + 1
				}
			}
			st.at, st.last = g.times[i], pt.value
			out[series][st.at] = st.start
		}
		if g.up[i] == 1 || i < g.refused {
			absent = g.times[i]
		}
	}
	return out
}

func readStreams(t *testing.T, file string) map[string]*stream {
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	streams := map[string]*stream{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		md, err := (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics(lines.Bytes())
		require.NoError(t, err)
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					readMetric(t, streams, rm.Resource().Attributes(), m)
				}
			}
		}
	}
	require.NoError(t, lines.Err())
	return streams
}

func readMetric(t *testing.T, streams map[string]*stream, resource pcommon.Map, m pmetric.Metric) {
	var points pmetric.NumberDataPointSlice
	sum := m.Type() == pmetric.MetricTypeSum
	if sum {
		require.True(t, m.Sum().IsMonotonic(), m.Name())
		require.Equal(t, pmetric.AggregationTemporalityCumulative, m.Sum().AggregationTemporality(), m.Name())
		points = m.Sum().DataPoints()
	} else {
		require.Equal(t, pmetric.MetricTypeGauge, m.Type(), m.Name())
		points = m.Gauge().DataPoints()
	}
	for _, p := range points.All() {
		key := otlpSeries(m.Name(), resource, p.Attributes())
		st := streams[key]
		if st == nil {
			st = &stream{sum: sum, starts: map[int64]int64{}}
			streams[key] = st
		}
		require.Equal(t, st.sum, sum, "%s changes its kind", key)
		if p.Flags().NoRecordedValue() {
			continue
		}
		require.Equal(t, pmetric.NumberDataPointValueTypeDouble, p.ValueType(), key)
		st.starts[p.Timestamp().AsTime().UnixMilli()] = max(0, int64(p.StartTimestamp()/1e6))
	}
}

// otlpSeries renders an OTLP stream as the store sees it.
func otlpSeries(name string, resource, attributes pcommon.Map) string {
	set := map[string]string{"__name__": notInNames.ReplaceAllString(name, "_")}
	for _, attrs := range []pcommon.Map{resource, attributes} {
		for key, value := range attrs.All() {
			switch key {
			case "service.name":
				key = "job"
			case "service.instance.id":
				key = "instance"
			}
			set[notInNames.ReplaceAllString(key, "_")] = value.AsString()
		}
	}
	return render(set)
}
