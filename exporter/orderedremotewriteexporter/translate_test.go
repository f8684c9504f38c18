package orderedremotewriteexporter

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/promtest"
)

// takeIn runs a call through translation and admission alone and returns the
// staged samples, rendered, in order.
func takeIn(t *testing.T, change func(*Config), calls ...pmetric.Metrics) (*intake, []string) {
	cfg := createDefaultConfig().(*Config)
	cfg.Shards = 1
	if change != nil {
		change(cfg)
	}
	in := newIntake(cfg)
	for _, md := range calls {
		in.walk(md)
	}
	var out []string
	for _, s := range in.staged[0] {
		var l promtest.Series
		for _, pair := range s.series.Labels() {
			l.Labels = append(l.Labels, promtest.Label(pair))
		}
		out = append(out, fmt.Sprintf("%s %v @%d", l, math.Float64frombits(s.bits), s.ts))
	}
	return in, out
}

func TestLabels(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(*Config)
		resource []string
		point    []string
		want     string
	}{
		{"namespace goes before the job", nil, []string{"service.namespace", "ns", "service.name", "a"}, nil, `{__name__="m", job="ns/a"}`},
		{"only globs are promoted", func(c *Config) { c.ResourceLabels = []string{"k8s.*.name", "x?"} }, []string{"k8s.pod.name", "p", "xy", "1", "xyz", "2", "tm_id", "3"}, nil, `{__name__="m", k8s_pod_name="p", xy="1"}`},
		{"no globs promote nothing", func(c *Config) { c.ResourceLabels = nil }, []string{"tm_id", "1"}, nil, `{__name__="m"}`},
		{"a point's clash with job is exported", nil, []string{"service.name", "a"}, []string{"job", "b"}, `{__name__="m", exported_job="b", job="a"}`},
		{"a point's clash with a resource label is exported", nil, []string{"tm_id", "a"}, []string{"tm_id", "b"}, `{__name__="m", exported_tm_id="b", tm_id="a"}`},
		{"an exported name that is taken is exported again", nil, []string{"tm_id", "a"}, []string{"tm_id", "b", "exported_tm_id", "c"}, `{__name__="m", exported_exported_tm_id="b", exported_tm_id="c", tm_id="a"}`},
		{"without a resource label the point's stays", nil, nil, []string{"job", "b"}, `{__name__="m", job="b"}`},
		{"a resource attribute that clashes with job is exported", func(c *Config) { c.ResourceLabels = []string{"job"} }, []string{"service.name", "a", "job", "b"}, nil, `{__name__="m", exported_job="b", job="a"}`},
		{"empty values are no labels", nil, []string{"tm_id", ""}, []string{"a", ""}, `{__name__="m"}`},
		{"keys that become one label are joined in key order", nil, nil, []string{"a_b", "2", "a.b", "1"}, `{__name__="m", a_b="1;2"}`},
		{"keys that become one label with one value stay one", nil, nil, []string{"a_b", "1", "a.b", "1"}, `{__name__="m", a_b="1"}`},
		{"the metric's name wins over an attribute of that name", nil, nil, []string{"__name__", "x"}, `{__name__="m", exported___name__="x"}`},
		{"external labels are added", func(c *Config) { c.ExternalLabels = map[string]string{"z": "1"} }, nil, nil, `{__name__="m", z="1"}`},
		{"external labels give way to the point", func(c *Config) { c.ExternalLabels = map[string]string{"z": "1", "y": "2"} }, nil, []string{"z", "p"}, `{__name__="m", y="2", z="p"}`},
		{"external labels give way to the resource", func(c *Config) { c.ExternalLabels = map[string]string{"tm_id": "1"} }, []string{"tm_id", "r"}, nil, `{__name__="m", tm_id="r"}`},
		{"upper case sorts before the name", nil, []string{"tm_id", "1"}, []string{"Zone", "z"}, `{Zone="z", __name__="m", tm_id="1"}`},
		{"invalid utf-8 is replaced", nil, nil, []string{"a", "\xff"}, "{__name__=\"m\", a=\"\uFFFD\"}"},
		{"utf-8 names are kept where the strategy says so", func(c *Config) { c.TranslationStrategy = "NoTranslation" }, []string{"host.name", "h"}, []string{"é.x", "1"}, `{__name__="m", host.name="h", é.x="1"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, got := takeIn(t, func(cfg *Config) {
				cfg.TargetInfo = false
				if c.change != nil {
					c.change(cfg)
				}
			}, newBatch().resource(c.resource...).gauge("m", 1, 0, c.point...).md)
			require.Len(t, got, 1)
			assert.Equal(t, c.want+" 0 @1", got[0])
		})
	}
}

func TestNamesFollowTheStrategy(t *testing.T) {
	for strategy, want := range map[string]string{
		"UnderscoreEscapingWithSuffixes":    "flink_task_numRecordsIn_bytes_total",
		"UnderscoreEscapingWithoutSuffixes": "flink_task_numRecordsIn",
		"NoUTF8EscapingWithSuffixes":        "flink.task.numRecordsIn_bytes_total",
		"NoTranslation":                     "flink.task.numRecordsIn",
	} {
		b := newBatch().resource()
		m := b.metric("flink.task.numRecordsIn")
		m.SetUnit("By")
		sum := m.SetEmptySum()
		sum.SetIsMonotonic(true)
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := sum.DataPoints().AppendEmpty()
		p.SetTimestamp(stamp(5))
		p.SetIntValue(7)
		_, got := takeIn(t, func(c *Config) { c.TranslationStrategy = strategy }, b.md)
		assert.Equal(t, []string{fmt.Sprintf(`{__name__=%q} 7 @5`, want)}, got)
	}
}

func histogramBatch(flags bool) *batch {
	b := newBatch().resource("service.name", "a")
	h := b.metric("h").SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := h.DataPoints().AppendEmpty()
	p.SetTimestamp(stamp(5))
	p.SetSum(12.5)
	p.SetCount(6)
	p.ExplicitBounds().FromRaw([]float64{0.5, 10})
	p.BucketCounts().FromRaw([]uint64{1, 2, 3})
	p.Attributes().PutStr("le", "mine")
	p.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(flags))
	return b
}

func TestHistogramsAreClassic(t *testing.T) {
	_, got := takeIn(t, nil, histogramBatch(false).md)
	assert.Equal(t, []string{
		`{__name__="h_sum", job="a", le="mine"} 12.5 @5`,
		`{__name__="h_count", job="a", le="mine"} 6 @5`,
		`{__name__="h_bucket", exported_le="mine", job="a", le="0.5"} 1 @5`,
		`{__name__="h_bucket", exported_le="mine", job="a", le="10"} 3 @5`,
		`{__name__="h_bucket", exported_le="mine", job="a", le="+Inf"} 6 @5`,
	}, got)
}

func TestSummaries(t *testing.T) {
	b := newBatch().resource("service.name", "a")
	p := b.metric("s").SetEmptySummary().DataPoints().AppendEmpty()
	p.SetTimestamp(stamp(5))
	p.SetSum(3)
	p.SetCount(2)
	q := p.QuantileValues().AppendEmpty()
	q.SetQuantile(0.99)
	q.SetValue(1.5)
	_, got := takeIn(t, nil, b.md)
	assert.Equal(t, []string{
		`{__name__="s_sum", job="a"} 3 @5`,
		`{__name__="s_count", job="a"} 2 @5`,
		`{__name__="s", job="a", quantile="0.99"} 1.5 @5`,
	}, got)
}

func TestStaleMarkersAreOnlyWhereNoValueWasRecorded(t *testing.T) {
	in, _ := takeIn(t, nil, histogramBatch(true).md,
		newBatch().resource().gauge("nan", 1, math.Float64frombits(staleMarker)).md)
	require.Len(t, in.staged[0], 6)
	for _, s := range in.staged[0][:5] {
		assert.Equal(t, staleMarker, s.bits)
	}
	assert.Equal(t, ordinaryNaN, in.staged[0][5].bits)
}

func TestWhatCannotBeSentIsCounted(t *testing.T) {
	b := newBatch().resource()
	b.metric("delta").SetEmptySum().DataPoints().AppendEmpty()
	coarse := b.metric("exponential").SetEmptyExponentialHistogram()
	coarse.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	coarse.DataPoints().AppendEmpty().SetScale(minScale - 1)
	b.metric("none")
	b.gauge("", 1, 1).gauge("no_time", 0, 1).gauge("bad_label", 1, 1, "", "x").gauge("good", 1, 1)
	delta := b.metric("delta_histogram").SetEmptyHistogram().DataPoints().AppendEmpty()
	delta.ExplicitBounds().FromRaw([]float64{1})
	delta.BucketCounts().FromRaw([]uint64{1, 2})
	b.resource("service.name", "a", "", "x").gauge("m", 1, 1)
	in, got := takeIn(t, func(c *Config) { c.ResourceLabels = []string{"*"} }, b.md)
	assert.Equal(t, []string{`{__name__="good"} 1 @1`}, got)
	want := [reasons]int{}
	want[unsupportedTemporality] = 1 + 3
	want[invalidHistogram] = 1
	want[invalidName] = 1 + 1 + 1
	want[noTimestamp] = 1
	assert.Equal(t, want, in.dropped)
	assert.Equal(t, 10, in.offered)
}

func TestStartsThatWereFloatsKeepTheirMillisecond(t *testing.T) {
	for nanos, want := range map[pcommon.Timestamp]int64{
		1795319144_224_000_000: 1795319144224,
		1795319144_223_999_977: 1795319144224, // 1795319144.224 as a float64, in ns
		1795319144_224_000_120: 1795319144224,
		1795319144_223_999_000: 1795319144223,
		0:                      0,
	} {
		assert.Equal(t, want, startMs(nanos), nanos)
	}
}

func TestTargetInfo(t *testing.T) {
	tm := func(pairs ...string) []string {
		return append([]string{"service.name", "flink", "service.instance.id", "tm"}, pairs...)
	}
	_, got := takeIn(t, func(c *Config) { c.ExternalLabels = map[string]string{"region": "eu"} },
		newBatch().
			resource(tm("tm_id", "1", "os", "linux")...).gauge("a", 10, 1).
			resource(tm("tm_id", "2", "version", "1.20", "os", "linux", "job", "x")...).gauge("a", 30, 1).
			resource("service.name", "merged", "os", "linux").gauge("a", 10, 1).
			resource("service.name", "b", "service.instance.id", "bare").gauge("a", 10, 1).md,
		newBatch().resource(tm("os", "linux")...).gauge("b", 20, 1).md,
		newBatch().resource(tm("tm_id", "2", "version", "1.20", "os", "linux", "job", "x")...).gauge("a", 30, 1).
			resource(tm("tm_id", "1", "os", "linux")...).gauge("a", 25, 1).md,
	)
	var infos []string
	for _, s := range got {
		if strings.Contains(s, "target_info") {
			infos = append(infos, s)
		}
	}
	assert.Equal(t, []string{
		`{__name__="target_info", exported_job="x", instance="tm", job="flink", os="linux", region="eu", version="1.20"} 1 @30`,
		`{__name__="target_info", instance="tm", job="flink", os="linux", region="eu"} 1 @20`,
	}, infos, "one per target and call, not one per entity; not again at the same time")
}

func TestSeriesAreForgottenWhenIdle(t *testing.T) {
	in, _ := takeIn(t, nil, newBatch().resource(flink...).gauge("old", 1, 1, "a", "1").gauge("used", 1, 1).md)
	require.Equal(t, 2, in.table.Len())
	in.sweep(idleGenerations, func(*stream) bool { return false })
	in.walk(newBatch().resource(flink...).gauge("used", 2, 1).md)
	in.sweep(idleGenerations+1, func(*stream) bool { return false })
	assert.Equal(t, 1, in.table.Len())
	assert.Len(t, in.known, 1)
	assert.Equal(t, 0, in.extraSets.Len())
	assert.Equal(t, 1, in.entities.Len())
	in.sweep(3*idleGenerations, func(*stream) bool { return false })
	assert.Zero(t, in.table.Len())
	assert.Zero(t, in.entities.Len())
}
