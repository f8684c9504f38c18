package cardinalityprocessor

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"weir.example/processor/cardinalityprocessor/internal/metadata"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// TestGoldenTexts runs every folder of testdata/texts: traces.yaml becomes traces.out.yaml and logs.yaml becomes
// logs.out.yaml, and the processor must have counted what telemetry.yaml says.
func TestGoldenTexts(t *testing.T) {
	configs, err := filepath.Glob("testdata/texts/*/config.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, configs)
	for _, config := range configs {
		dir := filepath.Dir(config)
		t.Run(filepath.Base(dir), func(t *testing.T) { runGoldenTexts(t, dir) })
	}
}

func runGoldenTexts(t *testing.T, dir string) {
	conf, err := confmaptest.LoadConf(filepath.Join(dir, "config.yaml"))
	require.NoError(t, err)
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, telemetry.Shutdown(context.Background())) })
	s := startTexts(t, loadConfig(t, conf), telemetry)
	out := filepath.Join(t.TempDir(), "out.yaml")
	if td, err := golden.ReadTraces(filepath.Join(dir, "traces.yaml")); !os.IsNotExist(err) {
		require.NoError(t, err)
		require.NoError(t, s.traces.ConsumeTraces(t.Context(), td))
		require.NoError(t, golden.WriteTracesToFile(out, s.tracesSink.AllTraces()[0]))
		compareFile(t, filepath.Join(dir, "traces.out.yaml"), read(t, out))
	}
	if ld, err := golden.ReadLogs(filepath.Join(dir, "logs.yaml")); !os.IsNotExist(err) {
		require.NoError(t, err)
		require.NoError(t, s.logs.ConsumeLogs(t.Context(), ld))
		require.NoError(t, golden.WriteLogsToFile(out, s.logsSink.AllLogs()[0]))
		compareFile(t, filepath.Join(dir, "logs.out.yaml"), read(t, out))
	}
	counted, err := yaml.Marshal(counters(t, telemetry))
	require.NoError(t, err)
	compareFile(t, filepath.Join(dir, "telemetry.yaml"), string(counted))
}

func read(t *testing.T, path string) string {
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

func nopSettings() processor.Settings { return processortest.NewNopSettings(metadata.Type) }

// textService is one component in a pipeline of traces and one of logs.
type textService struct {
	traces     *tracesPipeline
	logs       *logsPipeline
	tracesSink consumertest.TracesSink
	logsSink   consumertest.LogsSink
}

func startTexts(t testing.TB, cfg *Config, telemetry *componenttest.Telemetry) *textService {
	set := nopSettings()
	if telemetry != nil {
		set.TelemetrySettings = telemetry.NewTelemetrySettings()
	}
	s := &textService{}
	factory := NewFactory()
	tp, err := factory.CreateTraces(t.Context(), set, cfg, &s.tracesSink)
	require.NoError(t, err)
	lp, err := factory.CreateLogs(t.Context(), set, cfg, &s.logsSink)
	require.NoError(t, err)
	s.traces, s.logs = tp.(*tracesPipeline), lp.(*logsPipeline)
	require.NoError(t, tp.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, lp.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() {
		assert.NoError(t, tp.Shutdown(context.Background()))
		assert.NoError(t, lp.Shutdown(context.Background()))
	})
	return s
}

// sanitizing is a configuration with `preset: sanitize`.
func sanitizing() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Preset = rules.Sanitize
	return cfg
}

// harmless are texts in which the preset finds nothing, whatever their key.
var harmless = []string{
	"", "GET", "checkout", "12 rows in 3 ms", "org.apache.flink.runtime.taskmanager.Task", "v1.20.3", "/health",
	"KSTREAM-AGGREGATE-STATE-STORE", "grpc.health.v1.Health/Check", "über straße 東京", "line one\nline two\ttabbed", "{}", "a=b",
}

// TestWhatHoldsNothingSensitiveStaysToTheByte: spans and records come out as they went in, with their IDs, whatever
// stands beside them.
func TestWhatHoldsNothingSensitiveStaysToTheByte(t *testing.T) {
	s := startTexts(t, sanitizing(), nil)
	rapid.Check(t, func(t *rapid.T) {
		s.tracesSink.Reset()
		s.logsSink.Reset()
		td, ld := drawTraces(t, false), drawLogs(t, false)
		spans, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		records, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		require.NoError(t, err)
		require.NoError(t, s.traces.ConsumeTraces(context.Background(), td))
		require.NoError(t, s.logs.ConsumeLogs(context.Background(), ld))
		after, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(s.tracesSink.AllTraces()[0])
		require.NoError(t, err)
		require.Equal(t, spans, after)
		after, err = (&plog.ProtoMarshaler{}).MarshalLogs(s.logsSink.AllLogs()[0])
		require.NoError(t, err)
		require.Equal(t, records, after)
	})
}

// TestNoPlaceHidesAnAddress: an address that was put anywhere is gone, and with it nothing else.
func TestNoPlaceHidesAnAddress(t *testing.T) {
	s := startTexts(t, sanitizing(), nil)
	rapid.Check(t, func(t *rapid.T) {
		s.tracesSink.Reset()
		s.logsSink.Reset()
		td, ld := drawTraces(t, true), drawLogs(t, true)
		ids := idsOf(td)
		require.NoError(t, s.traces.ConsumeTraces(context.Background(), td))
		require.NoError(t, s.logs.ConsumeLogs(context.Background(), ld))
		spans, err := (&ptrace.JSONMarshaler{}).MarshalTraces(s.tracesSink.AllTraces()[0])
		require.NoError(t, err)
		records, err := (&plog.JSONMarshaler{}).MarshalLogs(s.logsSink.AllLogs()[0])
		require.NoError(t, err)
		require.NotContains(t, string(spans)+string(records), "corp.io")
		require.Equal(t, ids, idsOf(s.tracesSink.AllTraces()[0]))
	})
}

func idsOf(td ptrace.Traces) (ids []any) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				ids = append(ids, span.TraceID(), span.SpanID(), span.ParentSpanID(), span.TraceState().AsRaw(), span.Kind(),
					span.Status().Code(), span.StartTimestamp(), span.EndTimestamp())
			}
		}
	}
	return ids
}

func drawText(t *rapid.T, leaky bool) string {
	text := rapid.SampledFrom(harmless).Draw(t, "text")
	if leaky && rapid.Bool().Draw(t, "leaks") {
		return text + " ana@corp.io"
	}
	return text
}

func drawAttributes(t *rapid.T, m pcommon.Map, leaky bool, depth int) {
	for range rapid.IntRange(0, 3).Draw(t, "attributes") {
		drawValue(t, m.PutEmpty(rapid.SampledFrom([]string{"a", "message", "http.route", "note", "kind"}).Draw(t, "key")), leaky, depth)
	}
}

func drawValue(t *rapid.T, v pcommon.Value, leaky bool, depth int) {
	kind := rapid.IntRange(0, 6).Draw(t, "kind")
	if depth == 0 {
		kind = min(kind, 4)
	}
	switch kind {
	case 0:
		v.SetInt(rapid.Int64Range(-999, 999).Draw(t, "int"))
	case 1:
		v.SetDouble(rapid.Float64Range(-9, 9).Draw(t, "double"))
	case 2:
		v.SetBool(true)
	case 3:
		v.SetEmptyBytes().FromRaw([]byte(drawText(t, leaky)))
	case 5:
		drawAttributes(t, v.SetEmptyMap(), leaky, depth-1)
	case 6:
		list := v.SetEmptySlice()
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			drawValue(t, list.AppendEmpty(), leaky, depth-1)
		}
	default:
		v.SetStr(drawText(t, leaky))
	}
}

func drawTraces(t *rapid.T, leaky bool) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	drawAttributes(t, rs.Resource().Attributes(), leaky, 2)
	ss := rs.ScopeSpans().AppendEmpty()
	drawAttributes(t, ss.Scope().Attributes(), leaky, 2)
	for range rapid.IntRange(0, 3).Draw(t, "spans") {
		span := ss.Spans().AppendEmpty()
		span.SetTraceID([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "trace")))
		span.SetSpanID([8]byte(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "span")))
		span.SetParentSpanID([8]byte{1})
		span.TraceState().FromRaw("a=b")
		span.SetName(drawText(t, leaky))
		span.SetStartTimestamp(1_700_000_000_000_000_000)
		span.Status().SetMessage(drawText(t, leaky))
		drawAttributes(t, span.Attributes(), leaky, 3)
		for range rapid.IntRange(0, 2).Draw(t, "events") {
			event := span.Events().AppendEmpty()
			event.SetName(drawText(t, leaky))
			drawAttributes(t, event.Attributes(), leaky, 2)
		}
		for range rapid.IntRange(0, 2).Draw(t, "links") {
			link := span.Links().AppendEmpty()
			link.SetTraceID([16]byte{2})
			drawAttributes(t, link.Attributes(), leaky, 1)
		}
	}
	return td
}

func drawLogs(t *rapid.T, leaky bool) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	drawAttributes(t, rl.Resource().Attributes(), leaky, 2)
	sl := rl.ScopeLogs().AppendEmpty()
	for range rapid.IntRange(0, 3).Draw(t, "records") {
		record := sl.LogRecords().AppendEmpty()
		record.SetTraceID([16]byte{3})
		record.SetEventName(drawText(t, leaky))
		drawValue(t, record.Body(), leaky, 3)
		drawAttributes(t, record.Attributes(), leaky, 3)
	}
	return ld
}

func TestWhatLiesTooDeepIsOneText(t *testing.T) {
	s := startTexts(t, sanitizing(), nil)
	for _, text := range []string{"nothing", "ana@corp.io"} {
		ld := plog.NewLogs()
		body := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body()
		v := body
		for range 40 {
			v = v.SetEmptySlice().AppendEmpty()
		}
		v.SetStr(text)
		before := body.AsString()
		require.NoError(t, s.logs.ConsumeLogs(t.Context(), ld))
		if text == "nothing" {
			assert.Equal(t, before, body.AsString())
		} else {
			assert.NotContains(t, body.AsString(), "corp.io")
		}
	}
}

func TestTracesAndLogsNeedNoStateAndShareTheRulesOfMetrics(t *testing.T) {
	cfg := mergingConfig(t.TempDir()) // with storage that the host does not have
	cfg.Preset = rules.Sanitize
	s := startTexts(t, cfg, nil)
	require.Same(t, s.traces.core, s.logs.core)
	assert.Nil(t, s.traces.walker)
	assert.True(t, s.traces.Capabilities().MutatesData)

	factory, set := NewFactory(), nopSettings()
	cfg = sanitizing()
	tp, err := factory.CreateTraces(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	mp, err := factory.CreateMetrics(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.Same(t, tp.(*tracesPipeline).core, mp.(*pipeline).core)
	_, err = factory.CreateMetrics(t.Context(), set, cfg, consumertest.NewNop())
	require.ErrorContains(t, err, "merges series and stands in another metrics pipeline already")
	require.NoError(t, tp.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, mp.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, tp.Shutdown(t.Context()))
	require.NoError(t, mp.(*pipeline).ConsumeMetrics(t.Context(), pointOf("requests", "a", 1, 10, 1)))
	require.NoError(t, mp.Shutdown(t.Context()))
}

func TestOtherRulesOfAFileTakeEffectForAllSignals(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules.yaml")
	write(t, file, `rules: [{labels: [user], action: drop}]`)
	cfg := createDefaultConfig().(*Config)
	cfg.RulesFile = file
	s := startTexts(t, cfg, nil)
	users := func() int {
		ld := plog.NewLogs()
		record := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		record.Attributes().PutStr("user", "ana")
		require.NoError(t, s.logs.ConsumeLogs(t.Context(), ld))
		return record.Attributes().Len()
	}
	require.Zero(t, users())
	write(t, file, `rules: []`)
	s.logs.pollRules()
	require.Equal(t, 1, users())
}

func TestManyCallsAtATime(t *testing.T) {
	s := startTexts(t, sanitizing(), nil)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				td := airflowSpan(strings.Repeat("mail ana@corp.io ", 20))
				assert.NoError(t, s.traces.ConsumeTraces(context.Background(), td))
			}
		})
	}
	all.Wait()
	for _, td := range s.tracesSink.AllTraces() {
		message, _ := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Events().At(0).Attributes().Get("message")
		require.NotContains(t, message.Str(), "corp.io")
	}
}

// airflowSpan is a task whose log travels as span events.
func airflowSpan(message string) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "airflow")
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName("etl.load")
	span.Attributes().PutInt("try_number", 1)
	span.Attributes().PutStr("dag_id", "etl")
	for range 20 {
		event := span.Events().AppendEmpty()
		event.SetName("task.log")
		event.Attributes().PutStr("message", message)
		event.Attributes().PutStr("level", "INFO")
	}
	return td
}
