package aggregate

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

func TestFunctionsOfGauges(t *testing.T) {
	points := []step{
		{in: "a", at: 10, v: 5}, {in: "b", at: 12, v: 1}, {in: "c", at: 11, v: 4}, {in: "d", at: 12, v: 0},
	}
	for function, want := range map[Function]string{
		Sum: "10", Avg: "2.5", Min: "0", Max: "5", Count: "4", Last: "1", P50: "2.5", P75: "4.25", P90: "4.7", P95: "4.85", P99: "4.97",
	} {
		t.Run(function.String(), func(t *testing.T) {
			d := newDesk(t, Options{}, pmetric.MetricTypeGauge)
			d.output.Function = function
			d.run(append(points, step{tick: 15, want: want}))
		})
	}
}

func TestGauges(t *testing.T) {
	decide(t, pmetric.MetricTypeGauge, []decision{
		{name: "only live inputs count, computed afresh", steps: []step{
			{in: "a", at: 10, v: 5},
			{in: "b", at: 10, v: 7},
			{tick: 15, want: "12"},
			{in: "a", at: 20, v: nil, outcome: StaleMarker},
			{tick: 25, want: "7"},
			{in: "b", at: 20, v: nil, outcome: StaleMarker},
			{tick: 35, want: "stale"},
			{tick: 45},
			{in: "a", at: 50, v: 1},
			{tick: 55, want: "1"},
		}},
		{name: "late and repeated points change nothing", steps: []step{
			{in: "a", at: 10, v: 5},
			{in: "a", at: 10, v: 5, outcome: Duplicate},
			{in: "a", at: 9, v: 4, outcome: Late},
			{tick: 15, want: "5"},
		}},
		{name: "a double makes the output a double for good, NaN is no value", steps: []step{
			{in: "a", at: 10, v: 5},
			{in: "b", at: 10, v: 0.5},
			{in: "c", at: 10, v: math.NaN(), outcome: NotFinite},
			{tick: 15, want: "5.5"},
			{in: "b", at: 20, v: nil, outcome: StaleMarker},
			{tick: 25, want: "5.0"},
		}},
		{name: "quantiles merge by their maximum whatever is asked", steps: []step{
			{happens: func(d *desk) {
				d.output.Attributes.PutStr("quantile", "0.99")
				d.output.Function = Sum
			}},
			{in: "a", at: 10, v: 5},
			{in: "b", at: 10, v: 7},
			{tick: 15, want: "7"},
		}},
		{name: "another function takes effect at the next tick", steps: []step{
			{in: "a", at: 10, v: 5},
			{in: "b", at: 10, v: 7},
			{tick: 15, want: "12"},
			{happens: func(d *desk) { d.output.Function = Max }},
			{in: "a", at: 20, v: 6},
			{tick: 25, want: "7"},
			{happens: func(d *desk) { d.output.Function = Auto; d.resolve("a", "") }},
			{tick: 30, want: "13"},
		}},
	})
}

func TestUpDownCounters(t *testing.T) {
	upDown := step{happens: func(d *desk) { d.output.Monotonic = false }}
	decide(t, pmetric.MetricTypeSum, []decision{
		{name: "cumulative ones are the sum of what is live", steps: []step{
			upDown,
			{in: "a", at: 10, start: 3, v: 5},
			{in: "b", at: 10, v: -7},
			{tick: 15, want: "-2"},
			{in: "a", at: 20, v: 1},
			{tick: 25, want: "-6"},
			{in: "a", at: 30, v: nil, outcome: StaleMarker},
			{tick: 35, want: "-7"},
		}},
		{name: "deltas add up and may fall", steps: []step{
			upDown,
			{in: "a", at: 10, start: 5, v: 5, delta: true},
			{in: "a", at: 15, start: 10, v: -7, delta: true},
			{in: "b", at: 15, v: 100},
			{tick: 16, want: "98"},
		}},
	})
}

func TestDefaultFunctions(t *testing.T) {
	for _, c := range []struct {
		name, unit string
		want       Function
	}{
		{"request_latency_seconds", "", Avg},
		{"cpu_percent", "", Avg},
		{"file_size_bytes", "", Sum},
		{"rows_count", "", Sum},
		{"task_duration_seconds", "", Avg},
		{"task_duration_seconds_max", "", Max},
		{"task_duration_seconds_min", "s", Min},
		{"flink.task.currentInputWatermark", "ms", Min},
		{"last_success_timestamp_seconds", "s", Max},
		{"up", "", Min},
		{"consumer_ready", "1", Min},
		{"flink.jobmanager.Status.JVM.Memory.Heap.Used", "By", Sum},
		{"flink.jobmanager.Status.JVM.CPU.Load", "1", Avg},
		{"flink.task.Shuffle.Netty.Input.Buffers.inPoolUsage", "", Avg},
		{"flink.task.Shuffle.Netty.Input.Buffers.inputQueueLength", "", Sum},
		{"flink.task.numRecordsInPerSecond", "", Sum},
		{"flink.task.busyTimeMsPerSecond", "", Avg},
		{"flink.operator.KafkaSourceReader.KafkaConsumer.records_lag_max", "", Max},
		{"flink.operator.pendingRecords", "{records}", Sum},
		{"queue_wait", "ms", Avg},
		{"rate", "{requests}/s", Sum},
		{"probe", "{bool}", Min},
		{"temperature", "Cel", Avg},
		{"flink.jobmanager.job.lastCheckpointDuration", "", Avg},
		{"flink.jobmanager.job.lastCheckpointSize", "", Sum},
		{"flink.jobmanager.numRunningJobs", "", Sum},
		{"something", "", Sum},
		{"", "", Sum},
	} {
		require.Equal(t, c.want, DefaultFunction(c.name, c.unit), "%s in %q", c.name, c.unit)
	}
}

func TestFunctionNames(t *testing.T) {
	for _, name := range FunctionNames() {
		f, ok := ParseFunction(name)
		require.True(t, ok)
		require.Equal(t, name, f.String())
	}
	_, ok := ParseFunction("mean")
	require.False(t, ok)
	require.Equal(t, "invalid", functions.String())
}

// TestTableOfFunctionsInDocs keeps docs/cardinality.md equal to DefaultRules.
func TestTableOfFunctionsInDocs(t *testing.T) {
	docs, err := os.ReadFile("../../../../docs/cardinality.md")
	require.NoError(t, err)
	require.Contains(t, string(docs), functionTable())
}

func functionTable() string {
	var b strings.Builder
	b.WriteString("| function | unit | last word of the name | any word of the name | why |\n|---|---|---|---|---|\n")
	cell := func(words []string) string {
		if len(words) == 0 {
			return ""
		}
		return "`" + strings.Join(words, "` `") + "`"
	}
	for _, r := range DefaultRules {
		b.WriteString("| " + strings.Join([]string{r.Function.String(), cell(r.Units), cell(r.Words), cell(r.Anywhere), r.Why}, " | ") + " |\n")
	}
	b.WriteString("| sum | | | | everything else |\n")
	return b.String()
}

func TestIdentity(t *testing.T) {
	describe := func(change func(*Output)) ID {
		o := Output{Resource: pcommon.NewMap(), Attributes: pcommon.NewMap(), Name: "n", Type: pmetric.MetricTypeSum}
		o.Resource.PutStr("a", "1")
		o.Resource.PutStr("b", "2")
		o.Attributes.PutInt("c", 3)
		change(&o)
		return o.ID()
	}
	same := describe(func(*Output) {})
	require.Equal(t, same, describe(func(o *Output) {
		o.Resource.Clear()
		o.Resource.PutStr("b", "2")
		o.Resource.PutStr("a", "1")
		o.Description, o.Function = "other", Max
	}), "order, description and function are no part of it")
	for name, change := range map[string]func(*Output){
		"resource":    func(o *Output) { o.Resource.PutStr("a", "2") },
		"moved":       func(o *Output) { o.Resource.Remove("b"); o.Attributes.PutStr("b", "2") },
		"value type":  func(o *Output) { o.Attributes.PutStr("c", "3") },
		"scope":       func(o *Output) { o.ScopeName = "s" },
		"version":     func(o *Output) { o.ScopeVersion = "s" },
		"name":        func(o *Output) { o.Name = "m" },
		"unit":        func(o *Output) { o.Unit = "s" },
		"type":        func(o *Output) { o.Type = pmetric.MetricTypeGauge },
		"monotonic":   func(o *Output) { o.Monotonic = true },
		"empty value": func(o *Output) { o.Attributes.PutEmpty("d") },
	} {
		require.NotEqual(t, same, describe(change), name)
	}
}

func TestAttributesSurvive(t *testing.T) {
	m := pcommon.NewMap()
	m.PutStr("s", "text")
	m.PutInt("i", -5)
	m.PutDouble("d", 0.1)
	m.PutBool("b", true)
	m.PutBool("f", false)
	m.PutEmpty("e")
	m.PutEmptyBytes("x").FromRaw([]byte{1, 2})
	m.PutEmptyMap("m").PutStr("k", "v")
	l := m.PutEmptySlice("l")
	l.AppendEmpty().SetInt(1)
	l.AppendEmpty().SetEmptyMap().PutStr("deep", "er")
	got := pcommon.NewMap()
	require.NoError(t, readMap(string(appendMap(nil, m, 0)), got))
	require.Equal(t, m.AsRaw(), got.AsRaw())

	deep := pcommon.NewMap()
	for at, i := deep, 0; i < 100; i++ {
		at = at.PutEmptyMap("x")
	}
	require.NoError(t, readMap(string(appendMap(nil, deep, 0)), pcommon.NewMap()), "what nests deeper becomes text")
}

func FuzzAttributes(f *testing.F) {
	m := pcommon.NewMap()
	m.PutStr("s", "text")
	m.PutEmptySlice("l").AppendEmpty().SetEmptyMap().PutInt("i", 1)
	f.Add(string(appendMap(nil, m, 0)))
	f.Add("\x01\x01a\x05\xff\xff\xff\xff\x0f")
	f.Fuzz(func(t *testing.T, encoded string) {
		m := pcommon.NewMap()
		if readMap(encoded, m) == nil {
			again := pcommon.NewMap()
			require.NoError(t, readMap(string(appendMap(nil, m, 0)), again))
			require.Equal(t, m.Len(), again.Len())
		}
	})
}
