//go:build faults

package faults

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/promtest"
)

// refusing answers the chosen requests with a status and counts their samples.
type refusing struct {
	status   int
	chosen   func(promtest.Request) bool
	requests atomic.Int64
	samples  atomic.Int64
}

func (r *refusing) answer(request promtest.Request) promtest.Answer {
	if !r.chosen(request) {
		return promtest.Answer{}
	}
	r.requests.Add(1)
	r.samples.Add(int64(request.Samples()))
	return promtest.Answer{Status: r.status, Body: "no"}
}

func every(n, of int) func(promtest.Request) bool {
	return func(r promtest.Request) bool { return r.Index%of == n }
}

func isV2(r promtest.Request) bool {
	return strings.Contains(r.Header.Get("Content-Type"), "v2.Request")
}

func TestARefusedRequestIsSentOnceCountedAndTheRestFlows(t *testing.T) {
	for _, protocol := range []string{"1.0", "2.0"} {
		for _, status := range []int{400, 409, 413, 422} {
			t.Run(fmt.Sprintf("%d to %s", status, protocol), func(t *testing.T) {
				t.Parallel()
				store := newStrict(t, false)
				refuse := &refusing{status: status, chosen: every(3, 10)}
				store.Script(refuse.answer)
				w := start(t, fast.to(store.URL()).with(options{"protocol": strconv.Quote(protocol)}))
				l := w.load(8, 50)
				require.NoError(t, l.Run(t.Context(), 20))
				w.drained()
				require.Positive(t, refuse.requests.Load())
				store.holds(w, l, map[string]int{"non_retryable": int(refuse.samples.Load())})
				assert.Zero(t, store.copies, "samples sent again after they were refused")
				assert.True(t, w.healthy())
			})
		}
	}
}

func TestAPoisonedSeriesCostsOnlyTheRequestsThatCarryIt(t *testing.T) {
	t.Parallel()
	store := newStrict(t, false)
	poison := &refusing{status: 400, chosen: func(r promtest.Request) bool {
		for _, s := range r.Series {
			if s.Get("instance") == "i0" && s.Get("series") == "7" {
				return true
			}
		}
		return false
	}}
	store.Script(poison.answer)
	w := start(t, fast.to(store.URL()).with(options{"protocol": `"1.0"`, "batch": "{max_size: 10, flush_timeout: 100ms}"}))
	l := w.load(8, 50)
	require.NoError(t, l.Run(t.Context(), 20))
	w.drained()
	assert.EqualValues(t, 20, poison.requests.Load(), "one request for each step")
	store.holds(w, l, map[string]int{"non_retryable": int(poison.samples.Load())})
}

// What a store answers to a wrong token or path must not cost a day of data: one attempt, then the slot holds.
func TestAnswersAboutAccessHoldTheSlotAndLoseNothing(t *testing.T) {
	for _, status := range []int{401, 403, 404, 407} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			store := newStrict(t, false)
			refuse := &refusing{status: status, chosen: every(0, 1)}
			store.Script(refuse.answer)
			o := fast.to(store.URL()).wal(t.TempDir()).with(options{"slot_by": "series"})
			w := start(t, o)
			l := w.load(16, 10)
			require.NoError(t, l.Run(t.Context(), 20))
			w.until("health_check to show it", func() bool { return !w.healthy() })
			w.until("all slots to hold", func() bool { return w.metric("slots_held") == 4 })
			assert.EqualValues(t, 4, refuse.requests.Load(), "one attempt for each slot")
			assert.Empty(t, w.drops())

			store.Script(nil)
			w.stop()
			w.run(o)
			store.complete(w, l)
			assert.True(t, w.healthy())
		})
	}
}

// Flink's DISCARD_AND_CONTINUE and FAIL, for each kind of error.
func TestOnErrorDecidesBetweenDiscardAndHold(t *testing.T) {
	once := "{initial_interval: 10ms, max_interval: 20ms, max_retries: 2}"
	for name, test := range map[string]struct {
		status  int // 0: a reset
		options options
		reason  string // "": it is held
	}{
		"non_retriable: fail":                    {400, options{"on_error": "{non_retriable: fail}"}, ""},
		"auth: discard_and_continue":             {401, options{"on_error": "{auth: discard_and_continue}"}, "auth"},
		"retries_exceeded: fail":                 {500, options{"on_error": "{retries_exceeded: fail}", "retry_on_failure": once}, ""},
		"retries_exceeded: discard_and_continue": {500, options{"on_error": "{retries_exceeded: discard_and_continue}", "retry_on_failure": once}, "retries_exceeded"},
		"io_failure: fail":                       {0, options{"on_error": "{io_failure: fail}", "retry_on_failure": once}, ""},
		"io_failure: discard_and_continue":       {0, options{"on_error": "{io_failure: discard_and_continue}", "retry_on_failure": once}, "io_failure"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStrict(t, false)
			refuse := &refusing{status: test.status, chosen: func(r promtest.Request) bool { return r.Series[0].Get("instance") == "i0" }}
			store.Script(func(r promtest.Request) promtest.Answer {
				a := refuse.answer(r)
				if a.Body != "" && test.status == 0 {
					a.Reset = promtest.ResetBefore
				}
				return a
			})
			o := fast.to(store.URL()).with(options{"shards": "64", "batch": "{max_size: 50, flush_timeout: 100ms}"}).with(test.options).wal(t.TempDir())
			w := start(t, o)
			l := w.load(8, 50)
			require.NoError(t, l.Run(t.Context(), 5))
			if test.reason == "" {
				w.until("the slot to hold", func() bool { return w.metric("slots_held") == 1 && !w.healthy() })
				assert.Empty(t, w.drops())
				store.Script(nil)
				w.stop()
				w.run(o)
				store.complete(w, l)
				return
			}
			w.drained()
			delivered, err := l.Delivered(store.arrivals())
			require.NoError(t, err)
			store.holds(w, l, map[string]int{test.reason: l.Samples() - delivered})
			assert.True(t, w.healthy())
		})
	}
}

func TestFailActionShutdownEndsTheProcessAndLosesNothing(t *testing.T) {
	t.Parallel()
	store := newStrict(t, false)
	store.Script(func(promtest.Request) promtest.Answer { return promtest.Answer{Status: 403} })
	o := fast.to(store.URL()).with(options{"on_error": "{fail_action: shutdown}"}).wal(t.TempDir())
	w := start(t, o)
	w.mayEnd()
	l := w.load(2, 10)
	require.NoError(t, l.Run(t.Context(), 1))
	select {
	case <-w.process.Done():
	case <-time.After(patience):
		t.Fatal("it did not end")
	}
	// The collector ends with 0 after a component's fatal error, so that only its log tells.
	assert.ErrorContains(t, w.process.Failure(), "Asynchronous error received, terminating process")
	assert.ErrorContains(t, w.process.Failure(), "exit code 0")
	store.Script(nil)
	w.run(o)
	store.complete(w, l)
}

const written = "X-Prometheus-Remote-Write-Samples-Written"

func TestAPartialWriteIsCountedExactly(t *testing.T) {
	for _, status := range []int{400, 200} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			store := newStrict(t, false)
			var refused, accepted atomic.Int64
			store.Script(func(r promtest.Request) promtest.Answer {
				if r.Index%4 != 1 {
					return promtest.Answer{}
				}
				n := r.Samples() / 3
				accepted.Add(int64(n))
				refused.Add(int64(r.Samples() - n))
				return promtest.Answer{Status: status, Header: http.Header{written: {strconv.Itoa(n)}}}
			})
			w := start(t, fast.to(store.URL()).with(options{"protocol": `"2.0"`}))
			l := w.load(8, 50)
			require.NoError(t, l.Run(t.Context(), 20))
			w.drained()
			dropped := 0
			for _, n := range w.drops() {
				dropped += n
			}
			require.Positive(t, refused.Load())
			assert.EqualValues(t, refused.Load(), dropped, "%v", w.drops())
			assert.EqualValues(t, l.Samples()-dropped, w.metric("num_samples_out"))
			assert.Zero(t, store.copies, "samples sent again")
			store.inOrder(t)
		})
	}
}

func TestAStoreThatKnowsOnlyTheOldProtocolGetsTheSameBatchInIt(t *testing.T) {
	for name, from := range map[string]int{"from the first request": 0, "in mid-stream": 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStrict(t, false)
			var refused, old atomic.Int64
			store.Script(func(r promtest.Request) promtest.Answer {
				switch {
				case !isV2(r):
					old.Add(1)
				case r.Index >= from:
					refused.Add(1)
					return promtest.Answer{Status: http.StatusUnsupportedMediaType}
				}
				return promtest.Answer{}
			})
			w := start(t, fast.to(store.URL()).with(options{"protocol": "auto"}))
			l := w.load(8, 50)
			require.NoError(t, l.Run(t.Context(), 40))
			store.complete(w, l)
			assert.Positive(t, old.Load())
			assert.Positive(t, refused.Load())
			assert.LessOrEqual(t, refused.Load(), int64(4), "once for each slot at most")
		})
	}
}

// VictoriaMetrics and Prometheus before 2.54 answer 204 to Remote Write 2.0 and store nothing.
func TestASuccessWithoutWrittenHeadersIsNotADelivery(t *testing.T) {
	t.Parallel()
	store := newStrict(t, false)
	var swallowed atomic.Int64
	front := serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Content-Type"), "v2.Request") {
			swallowed.Add(1)
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		store.ServeHTTP(rw, r)
	}))
	w := start(t, fast.to(front.URL+"/api/v1/write").with(options{"protocol": "auto"}))
	l := w.load(8, 50)
	require.NoError(t, l.Run(t.Context(), 20))
	store.complete(w, l)
	assert.Positive(t, swallowed.Load(), "it tries 2.0 first")
	assert.LessOrEqual(t, swallowed.Load(), int64(4), "once for each slot at most")
}
