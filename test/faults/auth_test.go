//go:build faults

package faults

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A signature is good for minutes; a request may be tried for hours.
func TestEveryAttemptIsSignedAnew(t *testing.T) {
	t.Parallel()
	store := newStrict(t, false)
	var mu sync.Mutex
	var dates []string
	var wrong []error
	front := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, date, err := verify(r, lasting)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			wrong = append(wrong, err)
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if dates = append(dates, date); len(dates) <= 4 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		store.ServeHTTP(w, r)
	}))
	w := prepare(t)
	w.env = []string{"AWS_ACCESS_KEY_ID=" + lasting.key, "AWS_SECRET_ACCESS_KEY=" + lasting.secret}
	w.extra, w.pipeline = "  sigv4auth: {region: eu-central-1, service: aps}", ", sigv4auth"
	w.run(fast.with(options{
		"shards":           "1",
		"tenant":           "{default: team-a}",
		"http":             fmt.Sprintf("{endpoint: %q, timeout: 2s, auth: {authenticator: sigv4auth}}", front.URL+"/api/v1/write"),
		"retry_on_failure": "{initial_interval: 1200ms, max_interval: 1200ms}",
	}))
	l := w.load(2, 10)
	require.NoError(t, l.Run(t.Context(), 3))
	store.complete(w, l)
	mu.Lock()
	defer mu.Unlock()
	assert.Empty(t, wrong)
	for i := range 4 {
		assert.Less(t, dates[i], dates[i+1], "attempt %d", i+1)
	}
	at, err := time.Parse("20060102T150405Z", dates[0])
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), at, time.Minute)
}
