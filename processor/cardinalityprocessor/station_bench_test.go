package cardinalityprocessor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processortest"

	"weir.example/internal/cputime"
	"weir.example/internal/lease"
	"weir.example/processor/cardinalityprocessor/internal/metadata"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// The benchmarks of this file are stations and a yardstick of `make ratios`.

const (
	stationInputs  = 10_000 // points of a call that merges
	stationOutputs = stationInputs / 20
)

// consuming gives a consumer copies of a call, which our receiver would have lent.
func consuming(b *testing.B, to consumer.Metrics, lent bool, call func() pmetric.Metrics) {
	ctx := b.Context()
	var md pmetric.Metrics
	cputime.LoopAfter(b, call().DataPointCount(), func() {
		md = pmetric.NewMetrics()
		call().CopyTo(md)
		if lent {
			ctx, _ = lease.New(b.Context(), md)
		}
	}, func() {
		if err := to.ConsumeMetrics(ctx, md); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkSupersede renames the scrape of a TaskManager and takes the labels of its tasks' attempts away.
func BenchmarkSupersede(b *testing.B) {
	cfg := createDefaultConfig().(*Config)
	cfg.Rename.GetOrInsertDefault()
	cfg.Rules = []rules.Rule{{Labels: []string{"task_attempt_id", "task_attempt_num"}, Action: rules.Supersede}}
	p, err := NewFactory().CreateMetrics(b.Context(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(b, err)
	require.NoError(b, p.Start(b.Context(), componenttest.NewNopHost()))
	b.Cleanup(func() { require.NoError(b, p.Shutdown(context.Background())) })
	scrape := scrapeOf(b)
	consuming(b, p, true, func() pmetric.Metrics { return scrape })
}

// merging returns an open site with inputs that merge into outputs, and their next call.
func merging(b *testing.B) (s *site, call func() pmetric.Metrics) {
	s = newSite(b, mergingConfig(""), "")
	require.NoError(b, s.core.open(s.host))
	b.Cleanup(func() {
		require.NoError(b, s.core.close())
		s.end(b)
	})
	scrape := subtasks(stationInputs / 2000)
	return s, func() pmetric.Metrics {
		next(scrape, s.now())
		return scrape
	}
}

// BenchmarkMerge takes known inputs.
func BenchmarkMerge(b *testing.B) {
	s, call := merging(b)
	consuming(b, s, false, call)
}

// BenchmarkTickOfMerged computes outputs and sends them.
func BenchmarkTickOfMerged(b *testing.B) {
	s, call := merging(b)
	require.NoError(b, s.ConsumeMetrics(b.Context(), call()))
	at, sent := s.now(), 0
	s.core.next, _ = consumer.NewMetrics(func(_ context.Context, md pmetric.Metrics) error {
		sent += md.DataPointCount()
		return nil
	})
	cputime.Loop(b, stationOutputs, func() {
		at = at.Add(time.Millisecond) // so little that no input ends
		s.core.tick(at)
		s.core.deliver(b.Context())
	})
	require.Equal(b, (b.N+1)*stationOutputs, sent)
}

// BenchmarkCopy is the yardstick: pdata's own copy of a scrape.
func BenchmarkCopy(b *testing.B) {
	from := scrapeOf(b)
	cputime.Loop(b, from.DataPointCount(), func() { from.CopyTo(pmetric.NewMetrics()) })
}
