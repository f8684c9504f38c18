package orderedremotewriteexporter

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
)

// clockwork is a store on fake time: it notes when attempts come and answers
// them in turn, the last answer for ever.
type clockwork struct {
	began   time.Time
	times   []time.Duration
	answers []http.Response
}

func (c *clockwork) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	c.times = append(c.times, time.Since(c.began))
	a := c.answers[0]
	if len(c.answers) > 1 {
		c.answers = c.answers[1:]
	}
	if a.StatusCode == 0 {
		return nil, errors.New("connection refused")
	}
	a.Body, a.Request = io.NopCloser(strings.NewReader("because")), r
	return &a, nil
}

func status(code int, header ...string) http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return http.Response{StatusCode: code, Header: h}
}

// onFakeTime runs f with an exporter that writes to the answers.
func onFakeTime(t *testing.T, change func(*Config), answers []http.Response, f func(*rig, *clockwork)) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, telemetry: componenttest.NewTelemetry(), statuses: make(chan componentstatus.Status, 100)}
		cfg := createDefaultConfig().(*Config)
		cfg.HTTP.Endpoint = "http://127.0.0.1:9/"
		cfg.Batch.FlushTimeout = 0
		cfg.Protocol = protocol1
		if change != nil {
			change(cfg)
		}
		var err error
		r.remoteWriter, err = newExporter(r.settings(), cfg)
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), r))
		store := &clockwork{began: time.Now(), answers: answers}
		r.client.http.Transport = store
		f(r, store)
		require.NoError(t, r.Shutdown(context.Background()))
		require.NoError(t, r.telemetry.Shutdown(context.Background()))
	})
}

func assertTimes(t *testing.T, want []time.Duration, got []time.Duration) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		assert.InDelta(t, want[i].Seconds(), got[i].Seconds(), want[i].Seconds()*jitter+1e-6, "attempt %d", i)
	}
}

func TestAHeldRequestIsTriedEveryMinuteAndStatusFollows(t *testing.T) {
	answers := []http.Response{status(401), status(403), status(404), status(204)}
	onFakeTime(t, nil, answers, func(r *rig, store *clockwork) {
		r.send(newBatch().resource(flink...).gauge("m", 1000, 1).md)
		time.Sleep(150 * time.Second)
		synctest.Wait()
		assert.Equal(t, componentstatus.StatusRecoverableError, <-r.statuses)
		assert.Empty(t, r.statuses, "reported once")
		assert.EqualValues(t, 1, r.metric("slots_held"))
		assert.EqualValues(t, 1, r.metric("samples_pending"))
		assert.InDelta(t, 150, r.metric("oldest_unsent_age"), 0.001)
		time.Sleep(time.Minute)
		synctest.Wait()
		assertTimes(t, []time.Duration{0, time.Minute, 2 * time.Minute, 3 * time.Minute}, store.times)
		assert.Equal(t, componentstatus.StatusOK, <-r.statuses)
		assert.Zero(t, r.metric("slots_held"))
		assert.EqualValues(t, 1, r.metric("num_samples_out"))
		assert.Equal(t, 1, r.logs.FilterMessageSnippet("data is held and tried").Len())
		assert.Equal(t, "because", r.logs.FilterMessageSnippet("data is held and tried").All()[0].ContextMap()["body"])
	})
}

func TestRetryAfterReplacesTheBackoff(t *testing.T) {
	date := time.Date(2000, 1, 1, 0, 1, 40, 0, time.UTC).Format(http.TimeFormat) // a bubble begins at midnight 2000
	answers := []http.Response{
		status(429, "Retry-After", "20"), status(503, "Retry-After", date), status(500), status(0), status(204),
	}
	onFakeTime(t, nil, answers, func(r *rig, store *clockwork) {
		r.send(newBatch().resource(flink...).gauge("m", 1000, 1).md)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Len(t, store.times, 5)
		assert.GreaterOrEqual(t, store.times[1], 20*time.Second)
		assert.LessOrEqual(t, store.times[1], 22*time.Second)
		assert.GreaterOrEqual(t, store.times[2], 100*time.Second, "not before the date")
		assert.LessOrEqual(t, store.times[2], 110*time.Second)
		assert.LessOrEqual(t, store.times[4]-store.times[2], 500*time.Millisecond, "own backoff again")
		assert.EqualValues(t, 4, r.metric("num_write_requests_retries"))
		assert.Equal(t, 4, r.logs.FilterMessageSnippet("sent again").Len(), "one line per kind of trouble")
	})
}

func TestBackoffIsExponential(t *testing.T) {
	onFakeTime(t, func(c *Config) { c.Retry.MaxInterval = 200 * time.Millisecond }, []http.Response{status(500)}, func(r *rig, store *clockwork) {
		r.send(newBatch().resource(flink...).gauge("m", 1000, 1).md)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		for i, want := range []time.Duration{30, 60, 120, 200, 200, 200} {
			gap := store.times[i+1] - store.times[i]
			assert.InDelta(t, float64(want*time.Millisecond), float64(gap), float64(want*time.Millisecond)*jitter+1000)
		}
		assert.Equal(t, 1, r.logs.FilterMessageSnippet("sent again").Len(), "one trouble, one line")
	})
}

func TestFlushTimeoutRunsFromTheOldestQueuedSample(t *testing.T) {
	onFakeTime(t, func(c *Config) { c.Batch.FlushTimeout = 5 * time.Second }, []http.Response{status(204)}, func(r *rig, store *clockwork) {
		r.send(newBatch().resource(flink...).gauge("a", 1000, 1).md)
		time.Sleep(4 * time.Second)
		r.send(newBatch().resource(flink...).gauge("b", 1000, 1).md)
		time.Sleep(3 * time.Second)
		r.send(newBatch().resource(flink...).gauge("c", 1000, 1).md)
		time.Sleep(time.Minute)
		synctest.Wait()
		assertTimes(t, []time.Duration{5 * time.Second, 12 * time.Second}, store.times)
	})
}

func TestShutdownEndsAfterFiveSeconds(t *testing.T) {
	for _, c := range []struct {
		code  int
		takes time.Duration
	}{{503, flushLimit}, {403, 0}} {
		onFakeTime(t, nil, []http.Response{status(c.code)}, func(r *rig, store *clockwork) {
			r.send(newBatch().resource(flink...).gauge("a", 1000, 1).md)
			synctest.Wait()
			before, statuses := len(store.times), len(r.statuses)
			began := time.Now()
			require.NoError(t, r.Shutdown(context.Background()))
			assert.Equal(t, c.takes, time.Since(began))
			assert.Greater(t, len(store.times), before, "one last attempt")
			assert.Len(t, r.statuses, statuses, "a component that stops reports no status")
			assert.Equal(t, 1, r.droppedFor(atShutdown))
			r.requireAddsUp()
		})
	}
}
