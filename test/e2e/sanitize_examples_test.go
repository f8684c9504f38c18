//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/promtest"
	"weir.example/test/cluster"
)

// example is one of the eight metrics whose labels identify people, orders and processes: five series of one kind, which
// `preset: sanitize` makes one.
type example struct {
	metric  string
	sum     bool
	average bool // of a gauge; else the total
	label   string
	becomes string // empty: the label goes
	want    float64
}

var examples = []example{
	{metric: "checkout_request_latency_seconds", label: "user_id", average: true, want: 0.3966},
	{metric: "order_payment_failures_total", label: "order_id", sum: true, want: 5},
	{metric: "process_cpu_percent", label: "pid", average: true, want: 15.76},
	{metric: "temp_file_size_bytes", label: "file_path", becomes: "/tmp/upload/session_{ts}/file.txt", want: 121856},
	{metric: "auth_event_count", label: "timestamp", sum: true, want: 20},
	{metric: "user_login_total", label: "email", becomes: "{email}", sum: true, want: 25},
	{metric: "api_request_count", label: "path", becomes: "/users/{id}/orders/{id}", sum: true, want: 77},
	{metric: "db_query_duration_seconds", label: "query", becomes: "SELECT * FROM orders WHERE id = ?", average: true, want: 0.0478},
}

// line is one of the inputs.
type line struct {
	labels map[string]string
	value  float64
}

// readExamples returns the lines of each metric, in their order.
func readExamples(t *testing.T) map[string][]line {
	text, err := os.ReadFile(filepath.Join("testdata", "eight-examples.prom"))
	require.NoError(t, err)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	require.NoError(t, err)
	lines := map[string][]line{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			l := line{labels: map[string]string{}, value: m.GetUntyped().GetValue()}
			for _, label := range m.GetLabel() {
				l.labels[label.GetName()] = label.GetValue()
			}
			lines[name] = append(lines[name], l)
		}
	}
	return lines
}

// sanitizer is a Weir with the preset and fresh storage, and the two stores behind it.
type sanitizer struct {
	t          *testing.T
	url        string
	strict     *promtest.Receiver
	prometheus *cluster.Store
	weir       *lives
	report     string
}

func startSanitizer(t *testing.T) *sanitizer {
	root, err := cluster.Root()
	require.NoError(t, err)
	ports, err := cluster.FreePorts(2)
	require.NoError(t, err)
	s, g := &sanitizer{t: t, strict: promtest.New()}, cluster.NewGroup(t.TempDir())
	t.Cleanup(s.strict.Close)
	t.Cleanup(func() { require.NoError(t, g.Stop(nil)) })
	binary, err := cluster.PrometheusBinary.Path(root)
	require.NoError(t, err)
	s.prometheus, err = cluster.StartPrometheus(t.Context(), g, binary, ports[1])
	require.NoError(t, err)
	s.url = fmt.Sprintf("http://127.0.0.1:%d/v1/metrics", ports[0])
	s.report = filepath.Join(g.Dir, "labels.json")
	s.weir = newLives(t, g, "weir", ports[0], 0, []string{filepath.Join(root, "test", "e2e", "testdata", "sanitize.yaml")},
		fmt.Sprintf("OTLP_PORT=%d", ports[0]), "STRICT_URL="+s.strict.URL(), "PROMETHEUS_URL="+s.prometheus.URL, "STATE="+g.Dir)
	s.weir.run()
	return s
}

// post sends a body, as curl would.
func (s *sanitizer) post(contentType string, body []byte) {
	s.t.Helper()
	resp, err := http.Post(s.url, contentType, bytes.NewReader(body))
	require.NoError(s.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, resp.StatusCode, string(answer))
}

func (s *sanitizer) push(md pmetric.Metrics) {
	s.t.Helper()
	body, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	require.NoError(s.t, err)
	s.post("application/x-protobuf", body)
}

// requireOutput waits until the one series of an example has this value.
func (s *sanitizer) requireOutput(e example, want float64) {
	s.t.Helper()
	var got float64
	ok := s.strict.Wait(time.Minute, func() bool {
		samples := s.strict.Samples(e.metric)
		if len(samples) == 0 {
			return false
		}
		got = samples[len(samples)-1].V
		return near(got, want)
	})
	require.True(s.t, ok, "%s is %v, not %v", e.metric, got, want)
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(b) }

// requireSanitized checks what both stores hold in the end.
func (s *sanitizer) requireSanitized() {
	s.t.Helper()
	requireNoViolations(s.t, s.strict)
	for _, e := range examples {
		want := map[string]string{"__name__": e.metric, "job": "shop", "env": "prod", "region": "us-east"}
		if e.becomes != "" {
			want[e.label] = e.becomes
		}
		series := s.strict.Series("__name__", e.metric)
		require.Len(s.t, series, 1, e.metric)
		got := map[string]string{}
		for _, l := range series[0].Labels {
			got[l.Name] = l.Value
		}
		assert.Equal(s.t, want, got)
		if e.sum {
			for n, sample := range series[0].Samples[1:] {
				assert.GreaterOrEqual(s.t, sample.V, series[0].Samples[n].V, e.metric)
			}
		}
		require.Eventually(s.t, func() bool {
			held, err := s.prometheus.Query(s.t.Context(), e.metric, time.Now())
			return err == nil && len(held) == 1 && near(held[0].Samples[0].Value, e.want)
		}, time.Minute, 100*time.Millisecond, "%s in Prometheus", e.metric)
	}
	assert.Len(s.t, s.strict.Series(), len(examples), "nothing else, and none of the inputs")
}

// requireReport checks that the evidence tells of the inputs, in the next life too, and shows no person.
func (s *sanitizer) requireReport(lines map[string][]line) {
	s.t.Helper()
	s.weir.stop()
	require.NoError(s.t, os.Remove(s.report))
	s.weir.run()
	require.Eventually(s.t, func() bool {
		_, err := os.Stat(s.report)
		return err == nil
	}, time.Minute, 50*time.Millisecond)
	s.weir.stop()
	text, err := os.ReadFile(s.report)
	require.NoError(s.t, err)
	var report struct {
		Labels []struct {
			Metric   string `json:"metric"`
			Label    string `json:"label"`
			Distinct struct {
				Day float64 `json:"day"`
			} `json:"distinct"`
		} `json:"labels"`
	}
	require.NoError(s.t, json.Unmarshal(text, &report))
	values := map[string]float64{}
	for _, l := range report.Labels {
		values[l.Metric+" "+l.Label] = l.Distinct.Day
	}
	for _, e := range examples {
		assert.Equal(s.t, 5.0, values[e.metric+" "+e.label], "values of %s that arrived", e.label)
		assert.Equal(s.t, 1.0, values[e.metric+" env"])
	}
	for _, l := range lines["user_login_total"] {
		assert.NotContains(s.t, string(text), l.labels["email"])
	}
}

// add adds a line to a call.
func (e example) add(ms pmetric.MetricSlice, lines []line, start, at pcommon.Timestamp) {
	m := ms.AppendEmpty()
	m.SetName(e.metric)
	var points pmetric.NumberDataPointSlice
	if e.sum {
		sum := m.SetEmptySum()
		sum.SetIsMonotonic(true)
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		points = sum.DataPoints()
	} else {
		points = m.SetEmptyGauge().DataPoints()
	}
	for _, l := range lines {
		p := points.AppendEmpty()
		for name, value := range l.labels {
			p.Attributes().PutStr(name, value)
		}
		p.SetStartTimestamp(start)
		p.SetTimestamp(at)
		p.SetDoubleValue(l.value)
	}
}

func shopMetrics() (pmetric.Metrics, pmetric.MetricSlice) {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	return md, rm.ScopeMetrics().AppendEmpty().Metrics()
}

func TestTheEightExamplesInOneRequestWithoutStartTimes(t *testing.T) {
	s, lines := startSanitizer(t), readExamples(t)
	md, ms := shopMetrics()
	for _, e := range examples {
		e.add(ms, lines[e.metric], 0, pcommon.NewTimestampFromTime(time.Now()))
	}
	s.push(md)
	for _, e := range examples {
		s.requireOutput(e, e.want)
	}
	s.requireSanitized()
	s.requireReport(lines)
}

func TestTheEightExamplesOneByOneWithStartTimes(t *testing.T) {
	s, lines := startSanitizer(t), readExamples(t)
	for n := range 5 {
		for _, e := range examples {
			md, ms := shopMetrics()
			now := time.Now()
			e.add(ms, lines[e.metric][n:n+1], pcommon.NewTimestampFromTime(now.Add(-time.Millisecond)), pcommon.NewTimestampFromTime(now))
			s.push(md)
		}
		for _, e := range examples {
			want := 0.0
			for _, l := range lines[e.metric][:n+1] {
				want += l.value
			}
			if e.average {
				want /= float64(n + 1)
			}
			s.requireOutput(e, want)
		}
	}
	for _, e := range examples {
		s.requireOutput(e, e.want)
	}
	s.requireSanitized()
	s.requireReport(lines)
}

func TestAMetricPostedWithCurlArrivesWithItsDescription(t *testing.T) {
	s := startSanitizer(t)
	const description = "Tést metric — 温度 für Größe ✓"
	body := strings.NewReplacer("DESCRIPTION", description, "NOW", fmt.Sprint(time.Now().UnixNano())).Replace(`{
		"resourceMetrics": [{
			"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "test-service"}}]},
			"scopeMetrics": [{"scope": {"name": "curl"}, "metrics": [{
				"name": "test_metric", "unit": "1", "description": "DESCRIPTION",
				"gauge": {"dataPoints": [{
					"attributes": [{"key": "env", "value": {"stringValue": "test"}}], "timeUnixNano": "NOW", "asDouble": 42.5}]}
			}]}]
		}]
	}`)
	s.post("application/json", []byte(body))
	require.True(t, s.strict.Wait(time.Minute, func() bool { return len(s.strict.Samples("test_metric")) > 0 }))
	series := s.strict.Series("__name__", "test_metric")
	require.Len(t, series, 1)
	assert.Equal(t, 42.5, series[0].Samples[0].V)
	assert.Equal(t, "test-service", series[0].Get("job"))
	assert.Equal(t, "test", series[0].Get("env"))
	assert.Equal(t, description, series[0].Metadata.Help)
	requireNoViolations(t, s.strict)
}
