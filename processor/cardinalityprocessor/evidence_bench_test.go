package cardinalityprocessor

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// requestsOf is a call of a service's 20 counters with 100 points each: a status, a route and a user.
func requestsOf(instance int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.instance.id", fmt.Sprintf("pod-%d:8080", instance))
	metrics := rm.ScopeMetrics().AppendEmpty().Metrics()
	for i := range 20 {
		m := metrics.AppendEmpty()
		m.SetName(fmt.Sprintf("requests_%d_total", i))
		points := m.SetEmptySum().DataPoints()
		for j := range 100 {
			attrs := points.AppendEmpty().Attributes()
			attrs.PutStr("status", fmt.Sprint(200+j%5))
			attrs.PutStr("route", fmt.Sprintf("/api/v1/things/%d", j%20))
			attrs.PutStr("user", fmt.Sprint("user-", instance*100+j))
		}
	}
	return md
}

// BenchmarkEvidence gives calls of 32 instances again and again, which nothing changes: with and without evidence, and
// scrapes of TaskManagers, most of whose labels stand on resources.
func BenchmarkEvidence(b *testing.B) {
	requests, scrapes := make([]pmetric.Metrics, 32), make([]pmetric.Metrics, 16)
	for i := range requests {
		requests[i] = requestsOf(i)
	}
	for i := range scrapes {
		scrapes[i] = scrapeOf(b)
		for _, rm := range scrapes[i].ResourceMetrics().All() {
			rm.Resource().Attributes().PutStr("service.instance.id", fmt.Sprintf("taskmanager-%d:9249", i))
		}
	}
	for name, calls := range map[string][]pmetric.Metrics{"requests": requests, "flink": scrapes} {
		for _, mode := range []LearnMode{LearnOff, LearnObserve} {
			b.Run(name+"/"+string(mode), func(b *testing.B) { benchmarkEvidence(b, mode, calls) })
		}
	}
}

func benchmarkEvidence(b *testing.B, mode LearnMode, calls []pmetric.Metrics) {
	cfg := createDefaultConfig().(*Config)
	cfg.Learn.Mode = mode
	// A rule that concerns no label here has the walk look at all of them, in both modes.
	cfg.Rules = []rules.Rule{{Labels: []string{"other"}, Action: rules.Drop}}
	s := newSite(b, cfg, "")
	defer s.end(b)
	require.NoError(b, s.core.open(s.host))
	p := s.Metrics.(*pipeline)
	p.next = consumertest.NewNop()
	for _, md := range append(calls, calls...) {
		require.NoError(b, p.ConsumeMetrics(b.Context(), md))
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if err := p.ConsumeMetrics(b.Context(), calls[n%len(calls)]); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*calls[0].DataPointCount()), "ns/point")
}
