package cardinalityprocessor

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/flinktest"
	"weir.example/processor/cardinalityprocessor/internal/rules"
	"weir.example/processor/cardinalityprocessor/internal/supersede"
)

var entityKeys = []string{
	"tm_id", "job_id", "job_name", "task_id", "task_name", "task_attempt_id", "task_attempt_num", "subtask_index",
	"operator_id", "operator_name", "host",
}

// scrapeOf gives a large TaskManager's page the form of our receiver: one resource per entity, and one copy of each text.
func scrapeOf(t testing.TB) pmetric.Metrics {
	md := pmetric.NewMetrics()
	entities, texts := map[string]pmetric.MetricSlice{}, map[string]string{}
	one := func(text string) string {
		if _, known := texts[text]; !known {
			texts[text] = text
		}
		return texts[text]
	}
	for _, m := range metricsOf(t, flinktest.LargeTaskManager().Page(0).Body).All() {
		if m.Type() != pmetric.MetricTypeGauge {
			continue
		}
		for _, p := range m.Gauge().DataPoints().All() {
			key, resource := entityOf(p.Attributes())
			metrics, known := entities[key]
			if !known {
				rm := md.ResourceMetrics().AppendEmpty()
				for k, v := range resource.All() {
					rm.Resource().Attributes().PutStr(one(k), one(v.Str()))
				}
				metrics = rm.ScopeMetrics().AppendEmpty().Metrics()
				entities[key] = metrics
			}
			to := metrics.AppendEmpty()
			to.SetName(one(m.Name()))
			to.SetDescription(one(m.Description()))
			sum := to.SetEmptySum()
			sum.SetIsMonotonic(true)
			sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			p.SetTimestamp(10e9)
			p.SetStartTimestamp(1e9)
			p.CopyTo(sum.DataPoints().AppendEmpty())
		}
	}
	return md
}

// entityOf takes the labels of the entity away from a point.
func entityOf(point pcommon.Map) (string, pcommon.Map) {
	resource := pcommon.NewMap()
	resource.PutStr("service.name", "flink")
	resource.PutStr("service.instance.id", "taskmanager:9249")
	point.RemoveIf(func(key string, value pcommon.Value) bool {
		if !slices.Contains(entityKeys, key) {
			return false
		}
		resource.PutStr(key, value.AsString())
		return true
	})
	var key strings.Builder
	for k, v := range resource.All() {
		fmt.Fprintf(&key, "%s=%s,", k, v.AsString())
	}
	return key.String(), resource
}

// BenchmarkWalk leads scrapes of large TaskManagers through rules, again and again. Copies that the walk consumes are
// made outside of the time that is measured. Each is of a TaskManager of its own, so that what is remembered of it is as
// cold in the caches as it is in a cluster.
func BenchmarkWalk(b *testing.B) {
	supersede := rules.Rule{Labels: []string{"task_attempt_id", "task_attempt_num"}, Action: rules.Supersede}
	for _, c := range []struct {
		name    string
		rename  bool
		changes bool // md, so that it cannot be used twice
		rules   []rules.Rule
	}{
		{"no rules", false, false, nil},
		{"no rules, rename", true, true, nil},
		{"rules for other metrics", false, false, []rules.Rule{{Metrics: []string{"other.*"}, Labels: []string{"subtask_index"}, Action: rules.Drop}}},
		{"rules for other labels", false, false, []rules.Rule{{Labels: []string{"other"}, Action: rules.Drop}}},
		{"supersede two labels", false, true, []rules.Rule{supersede}},
		{"supersede two labels, rename", true, true, []rules.Rule{supersede}},
		{"merge subtasks", false, true, []rules.Rule{{Labels: []string{"subtask_index"}, Action: rules.Drop}}},
		{"supersede and merge", false, true, []rules.Rule{supersede, {Labels: []string{"subtask_index"}, Action: rules.Drop}}},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkWalk(b, c.rename, c.changes, c.rules) })
	}
}

func benchmarkWalk(b *testing.B, rename, changes bool, list []rules.Rule) {
	cfg := createDefaultConfig().(*Config)
	if rename {
		cfg.Rename.GetOrInsertDefault()
	}
	cfg.Rules = list
	r := newPlainRig(b, cfg)
	r.walker.owners = supersede.New(supersede.DefaultMaxOutputs)
	r.walker.lent = true
	raw := scrapeOf(b)
	points := raw.DataPointCount()
	const copies = 16
	var calls []pmetric.Metrics
	lead := func() {
		var t tally
		md := calls[len(calls)-1]
		if changes {
			calls = calls[:len(calls)-1]
		}
		batch, err := r.walker.walk(md, &t)
		require.NoError(b, err)
		r.walker.editor.spent = spent{}
		if batch != nil {
			batch.Release()
		}
	}
	refill := func() {
		for i := range copies {
			md := pmetric.NewMetrics()
			raw.CopyTo(md)
			for _, rm := range md.ResourceMetrics().All() {
				rm.Resource().Attributes().PutStr("service.instance.id", fmt.Sprintf("taskmanager-%d:9249", i))
			}
			calls = append(calls, md)
		}
	}
	refill()
	for _, md := range calls {
		r.consume(md)
	}
	if changes {
		calls = calls[:0]
	}
	b.ReportAllocs()
	for b.Loop() {
		if len(calls) == 0 {
			b.StopTimer()
			refill()
			b.StartTimer()
		}
		lead()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*points), "ns/point")
	b.ReportMetric(float64(points), "points")
}
