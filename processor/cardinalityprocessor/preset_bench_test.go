package cardinalityprocessor

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/flinktest"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// BenchmarkPreset leads data through the walk again and again, without rules, with one that reads names, and with the preset.
func BenchmarkPreset(b *testing.B) {
	for _, data := range []struct {
		name string
		make func(testing.TB) pmetric.Metrics
	}{
		{"Flink, entities on resources", scrapeOf},
		{"Flink, labels on points", flatScrape},
		{"services, labels that stay", stayingData},
		{"services, all to be merged", mergingData},
	} {
		for _, with := range []string{"none", "a rule by name", "preset"} {
			b.Run(data.name+"/"+with, func(b *testing.B) { benchmarkPreset(b, data.make(b), with) })
		}
	}
}

func benchmarkPreset(b *testing.B, raw pmetric.Metrics, with string) {
	cfg := createDefaultConfig().(*Config)
	switch with {
	case "preset":
		cfg.Preset = rules.Sanitize
	case "a rule by name":
		cfg.Rules = []rules.Rule{{Labels: []string{"unknown"}, Action: rules.Drop}}
	}
	r := newPlainRig(b, cfg)
	copied := func() pmetric.Metrics {
		md := pmetric.NewMetrics()
		raw.CopyTo(md)
		return md
	}
	md := copied()
	r.consume(md)
	changes := md.DataPointCount() != raw.DataPointCount()
	points := raw.DataPointCount()
	if md = copied(); !changes {
		require.Zero(b, testing.AllocsPerRun(10, func() { walkOnce(b, r, md) }), "when nothing changes")
	}
	b.ReportAllocs()
	for b.Loop() {
		if changes {
			b.StopTimer()
			md = copied()
			b.StartTimer()
		}
		walkOnce(b, r, md)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*points), "ns/point")
}

func walkOnce(t require.TestingT, r *rig, md pmetric.Metrics) {
	r.tally = tally{}
	batch, err := r.walker.walk(md, &r.tally)
	if err != nil {
		require.NoError(t, err)
	}
	if batch != nil {
		batch.Release()
	}
}

// TestThePresetAllocatesNothingWhenNothingChanges holds the walk over what passes to that.
func TestThePresetAllocatesNothingWhenNothingChanges(t *testing.T) {
	for name, make := range map[string]func(testing.TB) pmetric.Metrics{"entities": scrapeOf, "points": flatScrape, "services": stayingData} {
		r := newPlainRig(t, presetConfig())
		md := make(t)
		points := md.DataPointCount()
		for range 2 {
			walkOnce(t, r, md)
		}
		require.Equal(t, points, md.DataPointCount(), name)
		require.Zero(t, testing.AllocsPerRun(5, func() { walkOnce(t, r, md) }), name)
	}
}

// flatScrape has Flink's labels on the points, as the `prometheus` receiver gives them.
func flatScrape(t testing.TB) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "flink")
	rm.Resource().Attributes().PutStr("service.instance.id", "taskmanager:9249")
	metricsOf(t, flinktest.LargeTaskManager().Page(0).Body).MoveAndAppendTo(rm.ScopeMetrics().AppendEmpty().Metrics())
	return md
}

// stayingData has labels in which nothing is to be found.
func stayingData(testing.TB) pmetric.Metrics {
	return services(func(attrs pcommon.Map, i int) {
		attrs.PutStr("method", []string{"GET", "PUT", "POST"}[i%3])
		attrs.PutInt("code", int64(200+i%7))
		attrs.PutStr("consumer_group", fmt.Sprint("orders-", 'a'+i%20))
	})
}

// mergingData is like the eight examples of the requirement.
func mergingData(testing.TB) pmetric.Metrics {
	return services(func(attrs pcommon.Map, i int) {
		switch i % 4 {
		case 0:
			attrs.PutStr("user_id", fmt.Sprintf("550e8400-e29b-41d4-a716-44665544%04d", i))
		case 1:
			attrs.PutStr("path", fmt.Sprintf("/users/%d/orders/%d", i, i*7))
		case 2:
			attrs.PutStr("email", fmt.Sprintf("ana.%d@corp.io", i))
		case 3:
			attrs.PutStr("query", fmt.Sprintf("SELECT * FROM orders WHERE id = %d", i))
		}
	})
}

func services(label func(attrs pcommon.Map, i int)) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	rm.Resource().Attributes().PutStr("service.instance.id", "550e8400-e29b-41d4-a716-446655440000")
	metrics := rm.ScopeMetrics().AppendEmpty().Metrics()
	for i := range 20 {
		m := metrics.AppendEmpty()
		m.SetName(fmt.Sprint("requests_", i))
		m.SetEmptySum().SetIsMonotonic(true)
		m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		for n := range 200 {
			p := m.Sum().DataPoints().AppendEmpty()
			p.SetIntValue(int64(n))
			p.SetTimestamp(10e9)
			p.SetStartTimestamp(1e9)
			p.Attributes().PutStr("env", "prod")
			p.Attributes().PutStr("region", "us-east")
			label(p.Attributes(), n)
		}
	}
	return md
}
