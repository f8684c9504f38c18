package orderedremotewriteexporter

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"weir.example/internal/lease"
	"weir.example/internal/promtest"
)

func TestASampleArrivesWithItsLabelsAndHeaders(t *testing.T) {
	var header http.Header
	r := newRig(t, func(c *Config) { c.ExternalLabels = map[string]string{"region": "eu"} },
		promtest.WithScript(func(q promtest.Request) promtest.Answer { header = q.Header; return promtest.Answer{} }))
	r.send(newBatch().resource(flink...).gauge("flink.task.numRecordsIn", 1000, 42.5, "topic", "orders").md)
	r.settle()
	require.Empty(t, r.store.Violations())
	require.Len(t, r.store.Series(), 1)
	s := r.store.Series()[0]
	assert.Equal(t, `{__name__="flink_task_numRecordsIn", instance="tm:9249", job="flink", region="eu", tm_id="tm-1", topic="orders"}`, s.String())
	assert.Equal(t, []promtest.Sample{{T: 1000, V: 42.5}}, s.Samples)
	assert.Equal(t, "weir/1.2.3", header.Get("User-Agent"))
	assert.Equal(t, "2.0.0", header.Get("X-Prometheus-Remote-Write-Version"))
}

// TestWhatIsTakenGoesBack: a lent batch is free once its call took it, and is not when the call refused it.
func TestWhatIsTakenGoesBack(t *testing.T) {
	r := newRig(t, nil)
	md := newBatch().resource(flink...).gauge("m", 1000, 1).md
	ctx, lent := lease.New(context.Background(), md)
	require.NoError(t, r.ConsumeMetrics(ctx, md))
	require.True(t, lent.Returned())
	r.settle()
	require.NoError(t, r.Shutdown(context.Background()))
	ctx, lent = lease.New(context.Background(), md)
	require.Error(t, r.ConsumeMetrics(ctx, md))
	require.False(t, lent.Returned())
}

func TestTelemetryOfADelivery(t *testing.T) {
	r := newRig(t, func(c *Config) { c.QueueSamples = 5000 })
	b := newBatch().resource(flink...)
	for i := range 10 {
		b.gauge(fmt.Sprint("m", i), 90_500, 1)
	}
	r.send(b.md)
	r.settle()
	for name, want := range map[string]float64{
		"num_samples_in": 10, "num_samples_out": 10, "num_samples_dropped": 0,
		"num_write_requests_out": float64(r.store.Counts().Requests), "num_write_requests_retries": 0,
		"num_write_requests_permanently_failed": 0, "request_duration": float64(r.store.Counts().Requests),
		"queue_capacity": 5000, "queue_size": 0, "samples_pending": 0, "series_active": 10,
		"slots_held": 0, "highest_sent_timestamp": 90.5, "oldest_unsent_age": 0,
	} {
		assert.Equal(t, want, r.metric(name), name)
	}
	assert.Positive(t, r.metric("bytes_sent"))
}

func TestOrderIsCheckedAtAdmission(t *testing.T) {
	r := newRig(t, nil)
	for _, p := range []struct {
		ms    int64
		value float64
	}{{1000, 1}, {2000, 2}, {2000, 2}, {2000, 3}, {1500, 1}, {1000, 1}, {3000, math.NaN()}, {3000, math.NaN()}} {
		r.send(newBatch().resource(flink...).gauge("m", p.ms, p.value).md)
	}
	r.settle()
	assert.Empty(t, r.store.Violations())
	assert.Len(t, r.store.Samples("m"), 3)
	assert.Equal(t, 2, r.droppedFor(duplicate))
	assert.Equal(t, 1, r.droppedFor(conflict))
	assert.Equal(t, 2, r.droppedFor(outOfOrder))
	assert.Equal(t, 1, r.logs.FilterMessageSnippet("become one series").Len())
	r.requireAddsUp()
}

// Two resources that differ only in what is no label write to one series.
func TestTwoResourcesThatBecomeOneSeries(t *testing.T) {
	r := newRig(t, func(c *Config) { c.TargetInfo = false })
	for i := range 3 {
		b := newBatch()
		for j := range 2 {
			b.resource(append([]string{"pid", fmt.Sprint(j)}, flink...)...).gauge("m", int64(i+1)*1000, float64(j))
		}
		r.send(b.md)
	}
	r.settle()
	assert.Empty(t, r.store.Violations())
	assert.Equal(t, 3, r.droppedFor(conflict))
	for _, s := range r.store.Samples("m") {
		assert.Zero(t, s.V, "the first one stays")
	}
	named := r.logs.FilterMessageSnippet("become one series").All()
	require.Len(t, named, 1)
	assert.Contains(t, fmt.Sprint(named[0].ContextMap()["series"]), `tm_id="tm-1"`)
}

func TestARequestHasOneSamplePerSeriesAndAtMostMaxSize(t *testing.T) {
	largest, twice := 0, 0
	r := newRig(t, func(c *Config) { c.Shards, c.Batch.MaxSize, c.Batch.FlushTimeout = 1, 7, time.Millisecond },
		promtest.WithScript(func(q promtest.Request) promtest.Answer {
			largest = max(largest, len(q.Series))
			seen := map[string]bool{}
			for _, s := range q.Series {
				if seen[s.String()] {
					twice++
				}
				seen[s.String()] = true
			}
			return promtest.Answer{}
		}))
	b := newBatch().resource(flink...)
	for i := range 50 {
		b.gauge(fmt.Sprint("m", i%11), int64(i+1)*1000, 1)
		b.gauge("hot", int64(i+1)*1000, 1)
	}
	r.send(b.md)
	r.settle()
	assert.Empty(t, r.store.Violations())
	assert.Equal(t, 100, r.store.Counts().Samples)
	assert.LessOrEqual(t, largest, 7)
	assert.Zero(t, twice)
}

func TestAPartialRequestWaitsForFlushTimeoutOfItsOldestSample(t *testing.T) {
	const wait = 300 * time.Millisecond
	r := newRig(t, func(c *Config) { c.Shards, c.Batch.FlushTimeout = 1, wait })
	began := time.Now()
	for i := range 5 {
		r.send(newBatch().resource(flink...).gauge(fmt.Sprint("m", i), 1000, 1).md)
	}
	r.settle()
	assert.GreaterOrEqual(t, time.Since(began), wait)
	assert.Equal(t, promtest.Counts{Requests: 1, Stored: 1, Samples: 5}, r.store.Counts())
}

func TestSlotByInstanceKeepsNeighboursTogether(t *testing.T) {
	for _, by := range []string{slotByInstance, slotBySeries} {
		r := newRig(t, func(c *Config) { c.SlotBy, c.Batch.FlushTimeout = by, 100*time.Millisecond })
		b := newBatch().resource(flink...)
		for i := range 100 {
			b.gauge(fmt.Sprint("m", i), 1000, 1)
		}
		r.send(b.md)
		r.settle()
		assert.Empty(t, r.store.Violations())
		if by == slotByInstance {
			assert.Equal(t, 1, r.store.Counts().Requests)
		} else {
			assert.Equal(t, r.cfg.Shards, r.store.Counts().Requests)
		}
	}
}

func TestAResourceWithoutInstanceIsSpreadBySeries(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Batch.FlushTimeout = 100 * time.Millisecond })
	b := newBatch().resource("service.name", "merged")
	for i := range 100 {
		b.gauge(fmt.Sprint("m", i), 1000, 1)
	}
	r.send(b.md)
	r.settle()
	assert.Empty(t, r.store.Violations())
	assert.Equal(t, r.cfg.Shards, r.store.Counts().Requests)
}

func TestAnswers(t *testing.T) {
	type counters struct{ out, retries, failed, nonRetryable, limit float64 }
	for _, c := range []struct {
		name   string
		change func(*Config)
		script []promtest.Answer
		want   counters
		log    string
	}{
		{"500 is sent again", nil, []promtest.Answer{{Status: 500}, {Status: 503}}, counters{out: 1, retries: 2}, "sent again"},
		{"408 is sent again", nil, []promtest.Answer{{Status: 408}}, counters{out: 1, retries: 1}, "sent again"},
		{"a reset is sent again", nil, []promtest.Answer{{Reset: promtest.ResetBefore}}, counters{out: 1, retries: 1}, "sent again"},
		{"a lost acknowledgement is sent again", nil, []promtest.Answer{{Reset: promtest.ResetAfter}}, counters{out: 1, retries: 1}, "sent again"},
		{"a hang ends with the timeout", func(c *Config) { c.HTTP.Timeout = time.Second }, []promtest.Answer{{Hang: make(chan struct{})}}, counters{out: 1, retries: 1}, "sent again"},
		{"400 is dropped", nil, []promtest.Answer{{Status: 400, Body: "out of bounds"}}, counters{failed: 1, nonRetryable: 1}, "given up"},
		{"413 is dropped", nil, []promtest.Answer{{Status: 413}}, counters{failed: 1, nonRetryable: 1}, "given up"},
		{"max_retries ends it", func(c *Config) { c.Retry.MaxRetries, c.OnError.RetriesExceeded = 2, discard }, []promtest.Answer{{Status: 500}, {Status: 500}, {Status: 500}}, counters{retries: 2, failed: 1, limit: 1}, "given up"},
		{"max_elapsed_time ends it", func(c *Config) { c.Retry.MaxElapsedTime, c.OnError.RetriesExceeded = time.Nanosecond, discard }, []promtest.Answer{{Status: 500}}, counters{failed: 1, limit: 1}, "given up"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.change, promtest.AllowRepeat(), promtest.WithScript(promtest.Sequence(c.script...)))
			r.send(newBatch().resource(flink...).gauge("m", 1000, 1).md)
			r.settle()
			assert.Empty(t, r.store.Violations())
			assert.Equal(t, c.want, counters{
				r.metric("num_samples_out"), r.metric("num_write_requests_retries"), r.metric("num_write_requests_permanently_failed"),
				r.metric("num_samples_non_retryable_dropped"), r.metric("num_samples_retry_limit_dropped"),
			})
			r.requireAddsUp()
			assert.NotZero(t, r.logs.FilterMessageSnippet(c.log).Len())
			r.send(newBatch().resource(flink...).gauge("m", 2000, 1).md)
			r.settle()
			assert.EqualValues(t, 2000, r.store.Samples("m")[len(r.store.Samples("m"))-1].T, "the next request goes on")
		})
	}
}

func TestRefusalsAreLoggedOncePerChangeWithTheBody(t *testing.T) {
	body := make([]byte, 3000)
	for i := range body {
		body[i] = 'x'
	}
	r := newRig(t, nil, promtest.WithScript(func(promtest.Request) promtest.Answer {
		return promtest.Answer{Status: 400, Body: string(body)}
	}))
	for i := range 5 {
		r.send(newBatch().resource(flink...).gauge("m", int64(i+1), 1).md)
	}
	r.settle()
	lines := r.logs.FilterMessageSnippet("given up").All()
	require.Len(t, lines, 1)
	assert.Equal(t, string(body[:1024]), lines[0].ContextMap()["body"])
	assert.Equal(t, 5, r.droppedFor(nonRetryable))
}

func TestAnswersThatHold(t *testing.T) {
	for _, status := range []int{401, 403, 404, 407, 301, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			r := newRig(t, func(c *Config) { c.Shards = 2 }, promtest.WithScript(func(promtest.Request) promtest.Answer {
				return promtest.Answer{Status: status, Header: http.Header{"Location": {"/elsewhere"}}}
			}))
			r.send(newBatch().resource(flink...).gauge("m", 1000, 1).md)
			require.Equal(t, componentstatus.StatusRecoverableError, <-r.statuses)
			assert.EqualValues(t, 1, r.metric("slots_held"))
			assert.Equal(t, 1, r.store.Counts().Requests, "no redirect is followed")

			// The begin of a shutdown tries once more.
			r.store.SetScript(nil)
			require.NoError(t, r.Shutdown(context.Background()))
			assert.Len(t, r.store.Samples("m"), 1)
		})
	}
}

func TestAdmissionTakesAllOrNothing(t *testing.T) {
	release := make(chan struct{})
	r := newRig(t, func(c *Config) { c.QueueSamples, c.Batch.MaxSize, c.TargetInfo = 10, 10, false },
		promtest.WithScript(promtest.Sequence(promtest.Answer{Hang: release})))
	fill := func(from, n int) *batch {
		b := newBatch().resource(flink...)
		for i := range n {
			b.gauge(fmt.Sprint("m", from+i), 1000, 1)
		}
		return b
	}
	r.send(fill(0, 8).md)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := r.ConsumeMetrics(ctx, fill(8, 3).md)
	require.EqualError(t, err, "queue is full: no room for 3 samples, 8 of 10 taken: context canceled")
	assert.False(t, consumererror.IsPermanent(err))
	assert.EqualValues(t, 8, r.metric("num_samples_in"))

	large := make(chan error, 1)
	go func() { large <- r.ConsumeMetrics(context.Background(), fill(8, 25).md) }()
	close(release)
	require.NoError(t, <-large, "a call larger than the queue is let in once it is empty")
	r.settle()
	assert.Equal(t, 33, r.store.Counts().Samples)
	assert.Zero(t, r.metric("queue_size"))
}

func TestShutdown(t *testing.T) {
	t.Run("without start", func(t *testing.T) {
		x, err := newExporter(exportertest.NewNopSettings(NewFactory().Type()), createDefaultConfig().(*Config))
		require.NoError(t, err)
		require.NoError(t, x.Shutdown(context.Background()))
		require.NoError(t, x.Shutdown(context.Background()))
	})
	t.Run("flushes what waits", func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Batch.FlushTimeout = time.Hour })
		r.send(newBatch().resource(flink...).gauge("m", 1000, 1).md)
		require.NoError(t, r.Shutdown(context.Background()))
		assert.Len(t, r.store.Samples("m"), 1)
		require.ErrorIs(t, r.ConsumeMetrics(context.Background(), newBatch().resource(flink...).gauge("m", 2000, 1).md), errShutdown)
	})
	t.Run("counts what it cannot deliver", func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Shards, c.Batch.MaxSize = 1, 10 },
			promtest.WithScript(func(promtest.Request) promtest.Answer { return promtest.Answer{Status: 503} }))
		b := newBatch().resource(flink...)
		for i := range 25 {
			b.gauge(fmt.Sprint("m", i), 1000, 1)
		}
		r.send(b.md)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		require.NoError(t, r.Shutdown(ctx))
		assert.Equal(t, 25, r.droppedFor(atShutdown))
		lines := r.logs.FilterMessageSnippet("dropped at shutdown").All()
		require.Len(t, lines, 1)
		assert.EqualValues(t, 25, lines[0].ContextMap()["samples"])
	})
}
