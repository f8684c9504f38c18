package orderedremotewriteexporter

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"

	"weir.example/internal/promtest"
)

func TestOnErrorDecides(t *testing.T) {
	retries := func(c *Config) { c.Retry.MaxRetries = 1 }
	for _, c := range []struct {
		name   string
		change func(*Config)
		first  []promtest.Answer
		why    reason // dropped for; none: held
	}{
		{"a 400 is discarded by default", nil, []promtest.Answer{{Status: 400}}, nonRetryable},
		{"a 400 is held", func(c *Config) { c.OnError.NonRetriable = fail }, []promtest.Answer{{Status: 400}}, none},
		{"a 401 is held by default", nil, []promtest.Answer{{Status: 401}}, none},
		{"a 401 is discarded", func(c *Config) { c.OnError.Auth = discard }, []promtest.Answer{{Status: 401}}, authFailed},
		{"a redirect is discarded", func(c *Config) { c.OnError.Auth = discard }, []promtest.Answer{{Status: 308}}, authFailed},
		{"a limit after 500 holds by default", retries, []promtest.Answer{{Status: 500}, {Status: 500}}, none},
		{"a limit after 500 discards", func(c *Config) { retries(c); c.OnError.RetriesExceeded = discard }, []promtest.Answer{{Status: 500}, {Status: 429}}, retriesExceeded},
		{"a limit after resets holds by default", retries, []promtest.Answer{{Reset: promtest.ResetBefore}, {Reset: promtest.ResetBefore}}, none},
		{"a limit after resets discards", func(c *Config) { retries(c); c.OnError.IOFailure = discard }, []promtest.Answer{{Reset: promtest.ResetBefore}, {Reset: promtest.ResetBefore}}, ioFailure},
		{"the kind is that of the last attempt", func(c *Config) { retries(c); c.OnError.IOFailure = discard }, []promtest.Answer{{Status: 500}, {Reset: promtest.ResetBefore}}, ioFailure},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, func(cfg *Config) {
				cfg.Protocol = protocol1
				if c.change != nil {
					c.change(cfg)
				}
			}, promtest.WithScript(promtest.Sequence(c.first...)))
			r.send(newBatch().resource(flink...).gauge("m", 1000, 1).md)
			if c.why == none {
				require.Equal(t, componentstatus.StatusRecoverableError, <-r.statuses)
				assert.EqualValues(t, 1, r.metric("slots_held"))
				assert.EqualValues(t, 1, r.metric("samples_pending"))
				assert.Equal(t, len(c.first), r.store.Counts().Requests)
				return
			}
			r.settle()
			assert.Equal(t, 1, r.droppedFor(c.why))
			assert.EqualValues(t, 1, r.metric("num_write_requests_permanently_failed"))
			r.requireAddsUp()
		})
	}
}

// After a limit the slot tries once a minute, and goes on as if nothing was.
func TestARequestHeldForItsLimitGoesOnWhenTheStoreIsBack(t *testing.T) {
	answers := []http.Response{status(500), status(500), status(500), status(0), status(204), status(500), status(204)}
	onFakeTime(t, func(c *Config) { c.Retry.MaxRetries = 1 }, answers, func(r *rig, store *clockwork) {
		r.send(newBatch().resource(flink...).gauge("m", 1000, 1).md)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		assertTimes(t, []time.Duration{0, 30 * time.Millisecond, time.Minute, 2 * time.Minute, 3 * time.Minute}, store.times)
		assert.Equal(t, componentstatus.StatusRecoverableError, <-r.statuses)
		assert.Equal(t, componentstatus.StatusOK, <-r.statuses)
		r.send(newBatch().resource(flink...).gauge("m", 2000, 1).md)
		time.Sleep(time.Second)
		synctest.Wait()
		assert.EqualValues(t, 2, r.metric("num_samples_out"), "a new request has retries of its own")
		assert.Zero(t, r.metric("num_samples_dropped"))
	})
}

func TestShutdownAsksOnceForTheEndOfTheProcess(t *testing.T) {
	r := newRig(t, func(c *Config) { c.OnError.FailAction, c.SlotBy = shutdown, slotBySeries },
		promtest.WithScript(func(promtest.Request) promtest.Answer { return promtest.Answer{Status: 403} }))
	b := newBatch().resource(flink...)
	for i := range 50 {
		b.gauge(fmt.Sprint("m", i), 1000, 1)
	}
	r.send(b.md)
	require.Equal(t, componentstatus.StatusFatalError, <-r.statuses)
	require.Eventually(t, func() bool { return r.metric("slots_held") == 8 }, patience, time.Millisecond)
	assert.Empty(t, r.statuses)
	assert.Zero(t, r.metric("num_samples_dropped"))
	assert.Equal(t, 1, r.logs.FilterMessageSnippet("the process is to end").Len())
}

func TestSamplesThatBecameTooOldAreNotSent(t *testing.T) {
	epoch := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() // a bubble begins here
	answers := []http.Response{status(500, "Retry-After", "600"), status(204)}
	onFakeTime(t, func(c *Config) { c.SampleAgeLimit = 5 * time.Minute }, answers, func(r *rig, store *clockwork) {
		r.send(newBatch().resource(flink...).gauge("old", epoch, 1).gauge("ahead", epoch+3_600_000, 1).md)
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		assert.Equal(t, 1, r.droppedFor(tooOld))
		assert.EqualValues(t, 1, r.metric("num_samples_out"))
		r.send(newBatch().resource(flink...).gauge("old", epoch+1, 1).md)
		synctest.Wait()
		assert.Equal(t, 2, r.droppedFor(tooOld))
		assert.Len(t, store.times, 2, "what is too old altogether is no request")
		r.requireAddsUp()
	})
}

func TestWhatBecameTooOldIsCountedOnceWhenAShutdownComesFirst(t *testing.T) {
	epoch := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	answers := []http.Response{status(500, "Retry-After", "600")}
	onFakeTime(t, func(c *Config) { c.SampleAgeLimit = 5 * time.Minute }, answers, func(r *rig, store *clockwork) {
		r.send(newBatch().resource(flink...).gauge("old", epoch, 1).gauge("ahead", epoch+3_600_000, 1).md)
		time.Sleep(15 * time.Minute) // the second attempt is without the old one
		synctest.Wait()
		assert.Len(t, store.times, 2)
		assert.NoError(t, r.Shutdown(context.Background()))
		assert.EqualValues(t, 2, r.metric("num_samples_dropped"))
		assert.EqualValues(t, 2, r.metric("num_samples_in"))
		assert.Zero(t, r.remoteWriter.telemetry.pending.Load())
	})
}

// A store that refuses a request it has in part is asked for the halves, so
// that only what it refuses is counted.
func TestARefusedRepetitionIsHalved(t *testing.T) {
	for _, protocol := range []string{protocol1, protocol2} {
		r := buildRig(t, func(c *Config) {
			c.Protocol, c.Batch.FlushTimeout = protocol, 300*time.Millisecond
		}, promtest.WithScript(func(q promtest.Request) promtest.Answer {
			for _, s := range q.Series {
				if s.Name() == "m7" || s.Name() == "m30" {
					return promtest.Answer{Status: 400, Bare: true}
				}
			}
			return promtest.Answer{}
		}))
		b := newBatch().resource(flink...)
		for i := range 50 {
			b.gauge(fmt.Sprint("m", i), 1000, 1)
		}
		r.formats.take(format{protocol, snappy})
		for _, s := range r.slots {
			s.repeated = true // read when the first request was formed, after the push
		}
		r.send(b.md)
		r.settle()
		assert.Equal(t, 2, r.droppedFor(repeated), protocol)
		assert.Len(t, r.store.Series(), 48)
		assert.Zero(t, r.droppedFor(nonRetryable))
		r.requireAddsUp()
		r.close()
	}
}
