//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"weir.example/test/cluster"
)

// leaks are what must not leave; each stands in every place that can hold it.
var leaks = []string{
	"ana.silva@corp.io", "4111111111111111", "hunter2hunter2", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "203.0.113.77",
	"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
}

const leakyText = "login of ana.silva@corp.io from 203.0.113.77 with card 4111111111111111, password=hunter2hunter2, " +
	"token ghp_abcdefghijklmnopqrstuvwxyz0123456789, Authorization: Bearer " +
	"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"

// otlpSink is a server that takes whatever is sent.
type otlpSink struct {
	*httptest.Server

	mu     sync.Mutex
	bodies map[string][][]byte // by path
}

func newOTLPSink(t *testing.T) *otlpSink {
	s := &otlpSink{bodies: map[string][][]byte{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.bodies[r.URL.Path] = append(s.bodies[r.URL.Path], body)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *otlpSink) received(path string) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bodies[path]
}

// Spans with task logs, log records and metrics hold secrets everywhere; one processor in four pipelines lets none of them
// through, keeps IDs, and takes up other rules while it runs.
func TestNothingSensitiveLeavesInAnySignal(t *testing.T) {
	root, err := cluster.Root()
	require.NoError(t, err)
	ports, err := cluster.FreePorts(2)
	require.NoError(t, err)
	sink, g := newOTLPSink(t), cluster.NewGroup(t.TempDir())
	t.Cleanup(func() { require.NoError(t, g.Stop(nil)) })
	rules := filepath.Join(g.Dir, "rules.yaml")
	require.NoError(t, os.WriteFile(rules, []byte("rules: []\n"), 0o600))
	weir := newLives(t, g, "weir", ports[0], ports[1], []string{filepath.Join(root, "test", "e2e", "testdata", "texts.yaml")},
		fmt.Sprintf("OTLP_PORT=%d", ports[0]), fmt.Sprintf("METRICS_PORT=%d", ports[1]), "SINK_URL="+sink.URL, "STATE="+g.Dir)
	weir.run()
	post := func(path string, body []byte, err error) {
		t.Helper()
		require.NoError(t, err)
		resp, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d%s", ports[0], path), "application/x-protobuf", bytes.NewReader(body))
		require.NoError(t, err)
		defer resp.Body.Close()
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
	spans, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(leakyTraces())
	post("/v1/traces", spans, err)
	records, err := (&plog.ProtoMarshaler{}).MarshalLogs(leakyLogs())
	post("/v1/logs", records, err)
	points, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(leakyMetrics())
	post("/v1/metrics", points, err)
	require.Eventually(t, func() bool { return len(sink.received("/v1/metrics")) > 0 }, time.Minute, 50*time.Millisecond, "the merged series")

	require.Len(t, sink.received("/v1/traces"), 2, "one of each pipeline")
	require.Len(t, sink.received("/v1/logs"), 1)
	for _, path := range []string{"/v1/traces", "/v1/logs", "/v1/metrics"} {
		for _, body := range sink.received(path) {
			for _, leak := range leaks {
				assert.NotContains(t, string(body), leak, path)
			}
			assert.Contains(t, string(body), "{email}", path)
			assert.Contains(t, string(body), "prod", path)
		}
	}
	for _, body := range sink.received("/v1/traces") {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
		require.NoError(t, err)
		span := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
		assert.Equal(t, pcommon.TraceID{1}, span.TraceID())
		assert.Equal(t, pcommon.SpanID{2}, span.SpanID())
		user, _ := span.Attributes().Get("user_id")
		assert.Equal(t, "550e8400-e29b-41d4-a716-446655440000", user.Str(), "identifiers stay")
	}
	assert.Positive(t, weir.own("otelcol_processor_cardinality_sanitized_values", "signal")["traces"])
	assert.Positive(t, weir.own("otelcol_processor_cardinality_sanitized_values", "signal")["logs"])

	require.NoError(t, os.WriteFile(rules, []byte("rules: [{labels: [user_id], action: drop}]\n"), 0o600))
	require.Eventually(t, func() bool {
		post("/v1/traces", spans, nil)
		all := sink.received("/v1/traces")
		return !bytes.Contains(all[len(all)-1], []byte("user_id"))
	}, time.Minute, 500*time.Millisecond, "the other rules of the file")
	weir.stop()
}

func leakyTraces() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	putLeaks(rs.Resource().Attributes())
	ss := rs.ScopeSpans().AppendEmpty()
	putLeaks(ss.Scope().Attributes())
	span := ss.Spans().AppendEmpty()
	span.SetTraceID(pcommon.TraceID{1})
	span.SetSpanID(pcommon.SpanID{2})
	span.SetName(leakyText)
	span.Status().SetMessage(leakyText)
	span.Attributes().PutStr("user_id", "550e8400-e29b-41d4-a716-446655440000")
	putLeaks(span.Attributes())
	event := span.Events().AppendEmpty()
	event.SetName(leakyText)
	putLeaks(event.Attributes())
	putLeaks(span.Links().AppendEmpty().Attributes())
	return td
}

func leakyLogs() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	putLeaks(rl.Resource().Attributes())
	sl := rl.ScopeLogs().AppendEmpty()
	for kind := range 3 {
		record := sl.LogRecords().AppendEmpty()
		putLeaks(record.Attributes())
		switch kind {
		case 0:
			record.Body().SetStr(leakyText)
		case 1:
			putLeaks(record.Body().SetEmptyMap())
		case 2:
			record.Body().SetEmptyBytes().FromRaw([]byte(leakyText))
		}
	}
	return ld
}

func leakyMetrics() pmetric.Metrics {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("logins")
	m.SetEmptySum().SetIsMonotonic(true)
	m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := m.Sum().DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	p.SetIntValue(7)
	p.Attributes().PutStr("note", leakyText)
	p.Attributes().PutStr("env", "prod")
	return md
}

// putLeaks puts the text under keys that tell nothing, deep down, and into a list; and a card as a number.
func putLeaks(m pcommon.Map) {
	m.PutStr("env", "prod")
	m.PutStr("message", leakyText)
	m.PutInt("number", 4111111111111111)
	deep := m.PutEmptyMap("request")
	deep.PutStr("note", leakyText)
	list := deep.PutEmptySlice("headers")
	list.AppendEmpty().SetStr(leakyText)
	list.AppendEmpty().SetEmptyMap().PutStr("password", "hunter2hunter2")
}
