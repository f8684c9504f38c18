package orderedremotewriteexporter

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/otlptranslator"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir.example/internal/promtest"
)

// history is one random life of an exporter: some producers, each with series
// of its own, and a store with faults.
type history struct {
	producers, calls, metrics int
	shards, maxSize, queue    int
	slotBy                    string
	faults                    []promtest.Answer
	every                     int // a fault is drawn for one of so many requests
	tenants                   int // that have the same series; 0: nobody says whose they are
}

func drawHistory(t *rapid.T) history {
	fault := rapid.SampledFrom([]promtest.Answer{
		{Delay: 3 * time.Millisecond},
		{Status: 500},
		{Status: 503, Header: http.Header{"Retry-After": {"0"}}},
		{Status: 429, Header: http.Header{"Retry-After": {"Thu, 01 Jan 1970 00:00:00 GMT"}}},
		{Reset: promtest.ResetBefore},
		{Reset: promtest.ResetAfter},
		{Status: 502, Stored: true},
		{Delay: 10 * time.Millisecond, Reset: promtest.ResetBefore},
		{Delay: 10 * time.Millisecond, Reset: promtest.ResetAfter},
	})
	return history{
		producers: rapid.IntRange(1, 4).Draw(t, "producers"),
		calls:     rapid.IntRange(1, 15).Draw(t, "calls"),
		metrics:   rapid.IntRange(1, 20).Draw(t, "metrics"),
		shards:    rapid.IntRange(1, 9).Draw(t, "shards"),
		maxSize:   rapid.IntRange(1, 30).Draw(t, "max_size"),
		queue:     rapid.IntRange(30, 300).Draw(t, "queue_samples"),
		slotBy:    rapid.SampledFrom([]string{slotByInstance, slotBySeries}).Draw(t, "slot_by"),
		faults:    rapid.SliceOfN(fault, 0, 4).Draw(t, "faults"),
		every:     rapid.IntRange(2, 8).Draw(t, "every"),
		tenants:   rapid.SampledFrom([]int{0, 1, 2, 3}).Draw(t, "tenants"),
	}
}

func (h history) script() promtest.Script {
	return func(promtest.Request) promtest.Answer {
		if len(h.faults) == 0 || rand.IntN(h.every) > 0 {
			return promtest.Answer{}
		}
		return h.faults[rand.IntN(len(h.faults))]
	}
}

// The law "order": whatever the store does short of refusing data, every sample
// of every series arrives, in order, no series is in two requests at once, and
// the counters say exactly that.
func TestOrderHoldsUnderFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		r := buildRig(t, func(c *Config) {
			c.Shards, c.Batch.MaxSize, c.QueueSamples, c.SlotBy = h.shards, h.maxSize, max(h.queue, h.maxSize), h.slotBy
			c.Batch.FlushTimeout = time.Millisecond
			c.TargetInfo = false
			if h.tenants > 0 {
				c.Tenant.FromMetadata, c.Tenant.FromAttribute = "x-scope-orgid", "owner"
			}
		}, promtest.AllowRepeat(), promtest.WithScript(h.script()))
		h.produce(r)
		r.settle()
		h.requireEverything(t, r)
		r.close()
	})
}

func (h history) produce(r *rig) {
	var producers sync.WaitGroup
	for p := range h.producers {
		producers.Go(func() {
			for c := range h.calls {
				ctx, b := h.call(p)
				value := float64(c*h.producers + p) // tells who made it
				for m := range h.metrics {
					b.gauge(fmt.Sprint("m", m), int64(c+1)*1000, value)
				}
				b.gauge("m0", int64(c+1)*1000, value) // a duplicate
				if err := r.ConsumeMetrics(ctx, b.md); err != nil {
					panic(err)
				}
			}
		})
	}
	producers.Wait()
}

// call begins a call of producer p. With tenants, the series of producers differ in
// nothing else.
func (h history) call(p int) (context.Context, *batch) {
	if h.tenants == 0 {
		return context.Background(), newBatch().resource("service.name", "p", "service.instance.id", fmt.Sprint(p%2), "tm_id", fmt.Sprint(p))
	}
	n := p / h.tenants
	pairs := []string{"service.name", "p", "service.instance.id", fmt.Sprint(n % 2), "tm_id", fmt.Sprint(n)}
	if p%2 == 0 {
		return asClient(h.tenantOf(p)), newBatch().resource(pairs...)
	}
	return context.Background(), newBatch().resource(append(pairs, "owner", h.tenantOf(p))...)
}

func (h history) tenantOf(p int) string {
	if h.tenants == 0 {
		return ""
	}
	return fmt.Sprint("team-", p%h.tenants)
}

func (h history) requireEverything(t *rapid.T, r *rig) {
	if broken := r.store.Violations(); len(broken) > 0 {
		t.Fatalf("violations: %q", broken)
	}
	all := h.producers * h.metrics * h.calls
	require.Equal(t, all, r.store.Counts().Samples)
	for _, s := range r.store.Series() {
		require.Len(t, s.Samples, h.calls)
		for _, p := range s.Samples {
			require.Equal(t, h.tenantOf(int(p.V)%h.producers), s.Tenant)
		}
	}
	require.EqualValues(t, all, r.metric("num_samples_out"))
	require.Equal(t, h.producers*h.calls, r.droppedFor(duplicate))
	require.Equal(t, float64(h.producers*h.calls), r.metric("num_samples_dropped"))
	require.EqualValues(t, r.metric("num_write_requests_out")+r.metric("num_write_requests_retries"), r.metric("request_duration"))
	require.EqualValues(t, h.producers*h.metrics, r.metric("series_active"))
	require.Zero(t, r.metric("queue_size"))
	r.requireAddsUp()
}

// A slot that cannot deliver must not keep any other slot waiting.
func TestARetryBlocksOnlyItsSlot(t *testing.T) {
	r := newRig(t, func(c *Config) { c.SlotBy = slotBySeries }, promtest.WithScript(func(q promtest.Request) promtest.Answer {
		if q.Series[0].Name() == "stuck" {
			return promtest.Answer{Status: 503}
		}
		return promtest.Answer{}
	}))
	r.send(newBatch().resource(flink...).gauge("stuck", 1000, 1).md)
	require.True(t, r.store.Wait(patience, func() bool { return r.store.Counts().Requests > 2 }))
	free := 0
	for i := range 50 {
		b := newBatch().resource(flink...).gauge(fmt.Sprint("m", i), 1000, 1)
		r.send(b.md)
	}
	stuckSlot := r.slotOf("stuck")
	for i := range 50 {
		if r.slotOf(fmt.Sprint("m", i)) != stuckSlot {
			free++
		}
	}
	require.Positive(t, free)
	require.True(t, r.store.WaitSamples(patience, free))
	require.Positive(t, r.metric("oldest_unsent_age"))
	r.store.SetScript(nil)
	r.settle()
	require.Empty(t, r.store.Violations())
	require.Equal(t, 51, r.store.Counts().Samples)
}

func (r *rig) slotOf(name string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := newBatch().resource(flink...).gauge(name, 1, 1)
	m := b.last.ScopeMetrics().At(0).Metrics().At(0)
	e := r.in.entity(nobody, b.last.Resource().Attributes())
	r.in.meta, r.in.last = nil, nil
	s := r.in.lookUp(e, composition{e.labels, r.in.none}, r.in.of(m, otlptranslator.MetricTypeGauge).plain)
	return int(s.State.slot)
}
