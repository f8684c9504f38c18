//go:build faults

package faults

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/promtest"
)

func TestOrderHoldsWhateverTheLatency(t *testing.T) {
	for _, shards := range []int{1, 4, 16} {
		t.Run(fmt.Sprintf("%d slots", shards), func(t *testing.T) {
			t.Parallel()
			store := newStrict(t, false)
			latency := scaled(5*time.Second, 300*time.Millisecond)
			store.Script(func(promtest.Request) promtest.Answer {
				return promtest.Answer{Delay: rand.N(latency)}
			})
			w := start(t, fast.to(store.URL()).with(options{
				"shards": fmt.Sprint(shards), "slot_by": "series",
				"http": fmt.Sprintf("{endpoint: %q, timeout: 30s}", store.URL()),
			}))
			l := w.load(10, 100)
			require.NoError(t, l.Run(t.Context(), 10))
			store.complete(w, l)
		})
	}
}

func TestFailedRequestsAreSentAgainInOrder(t *testing.T) {
	for name, fault := range map[string]promtest.Answer{
		"500":                                {Status: 500},
		"502":                                {Status: 502},
		"503":                                {Status: 503},
		"504":                                {Status: 504},
		"429":                                {Status: 429},
		"a reset before the store has it":    {Reset: promtest.ResetBefore},
		"a reset after the store has it":     {Reset: promtest.ResetAfter},
		"a timeout before the store has it":  {Delay: time.Hour},
		"a timeout after the store has it":   {Delay: time.Hour, Stored: true},
		"500 although the store has it":      {Status: 500, Stored: true},
		"429 with Retry-After of one second": {Status: 429, Header: http.Header{"Retry-After": {"1"}}},
		"429 with Retry-After that is past":  {Status: 429, Header: http.Header{"Retry-After": {"Mon, 02 Jan 2006 15:04:05 GMT"}}},
		"429 with Retry-After that makes no sense": {Status: 429, Header: http.Header{"Retry-After": {"soon"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStrict(t, true)
			store.Script(func(r promtest.Request) promtest.Answer {
				if r.Index%5 == 2 && r.Index < 40 {
					return fault
				}
				return promtest.Answer{}
			})
			w := start(t, fast.to(store.URL()).with(options{"http": fmt.Sprintf("{endpoint: %q, timeout: 500ms}", store.URL())}))
			l := w.load(8, 50)
			require.NoError(t, l.Run(t.Context(), 20))
			store.complete(w, l)
			w.drained()
			assert.Positive(t, w.metric("num_write_requests_retries"))
		})
	}
}

// A slot waits as long as it was told, the others go on.
func TestRetryAfterIsHonouredByTheSlotThatGotIt(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]func() string{
		"seconds": func() string { return "3" },
		"date":    func() string { return time.Now().Add(4 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStrict(t, false)
			var told time.Time
			var again time.Duration
			others := 0
			store.Script(func(r promtest.Request) promtest.Answer {
				mine := r.Series[0].Get("instance") == "i0"
				switch {
				case mine && told.IsZero():
					told = time.Now()
					return promtest.Answer{Status: 429, Header: http.Header{"Retry-After": {value()}}}
				case mine && again == 0:
					again = time.Since(told)
				case !told.IsZero() && again == 0:
					others++
				}
				return promtest.Answer{}
			})
			w := start(t, fast.to(store.URL()).with(options{"shards": "64", "batch": "{max_size: 50, flush_timeout: 100ms}"}))
			l := w.load(8, 50)
			require.NoError(t, l.Run(t.Context(), 20))
			store.complete(w, l)
			assert.GreaterOrEqual(t, again, 2900*time.Millisecond)
			assert.Positive(t, others, "requests of other slots meanwhile")
		})
	}
}

func TestASlowSlotDelaysNoOther(t *testing.T) {
	t.Parallel()
	store := newStrict(t, false)
	release := make(chan struct{})
	slow := "i0"
	store.Script(func(r promtest.Request) promtest.Answer {
		if r.Series[0].Get("instance") == slow {
			return promtest.Answer{Hang: release}
		}
		return promtest.Answer{}
	})
	w := start(t, fast.to(store.URL()).with(options{
		"shards": "64", "batch": "{max_size: 50, flush_timeout: 100ms}",
		"http": fmt.Sprintf("{endpoint: %q, timeout: 60s}", store.URL()),
	}))
	l := w.load(8, 50)
	require.NoError(t, l.Run(t.Context(), 20))
	// i0 may share its slot with another instance, hardly with most of the seven.
	assert.True(t, store.WaitSamples(patience, 4*50*20), "%d samples while one request hangs", store.Counts().Samples)
	assert.Empty(t, store.Series("instance", slow))
	close(release)
	store.complete(w, l)
}

func TestASlowStoreSlowsTheSenderDownAndLosesNothing(t *testing.T) {
	t.Parallel()
	store := newStrict(t, false)
	store.Script(func(promtest.Request) promtest.Answer { return promtest.Answer{Delay: 150 * time.Millisecond} })
	w := start(t, fast.to(store.URL()).with(options{"shards": "2", "queue_samples": "2000", "batch": "{max_size: 2000}"}))
	l := w.load(8, 50)
	began := time.Now()
	require.NoError(t, l.Run(t.Context(), 25))
	assert.Greater(t, time.Since(began), time.Second, "10,000 samples through a queue of 2,000 and two requests at a time")
	store.complete(w, l)
}
