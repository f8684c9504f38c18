package orderedremotewriteexporter

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestPausesDoubleUpToTheLargestAndNeverOverflow(t *testing.T) {
	r := RetryConfig{InitialInterval: 30 * time.Millisecond, MaxInterval: 5 * time.Second}
	for n := range 200 {
		want := min(float64(5*time.Second), float64(30*time.Millisecond)*math.Pow(2, float64(n)))
		got := float64(r.pause(n))
		assert.GreaterOrEqual(t, got, want*0.9-1, n)
		assert.LessOrEqual(t, got, want*1.1+1, n)
	}
	huge := RetryConfig{InitialInterval: 1, MaxInterval: math.MaxInt64 / 2}
	assert.Positive(t, huge.pause(math.MaxInt16))
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                     0,
		"soon":                 0,
		"-5":                   0,
		"1.5":                  0,
		"0":                    0,
		" 7 ":                  7 * time.Second,
		"86400":                time.Hour,
		"99999999999999999999": 0,
		now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second,
		now.Add(-time.Minute).Format(http.TimeFormat):     0,
		now.AddDate(50, 0, 0).Format(http.TimeFormat):     time.Hour,
	} {
		got := retryAfter(header, now)
		assert.GreaterOrEqual(t, got, want, header)
		assert.LessOrEqual(t, got, want+want/10, header)
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("7")
	f.Add("Wed, 21 Oct 2015 07:28:00 GMT")
	f.Fuzz(func(t *testing.T, header string) {
		d := retryAfter(header, time.Unix(0, 0))
		assert.True(t, d >= 0 && d <= maxRetryAfter+maxRetryAfter/10)
	})
}

func TestAnswersAreClassified(t *testing.T) {
	for status, want := range map[int]verdict{
		200: delivered, 204: delivered, 299: delivered,
		301: misplaced, 307: misplaced, 401: misplaced, 403: misplaced, 404: misplaced, 407: misplaced, 415: misplaced,
		408: busy, 429: busy, 500: busy, 503: busy, 599: busy, 0: unreachable,
		400: refused, 409: refused, 413: refused, 422: refused,
	} {
		a := answer{status: status}
		if status == 0 {
			a.err = http.ErrHandlerTimeout
		}
		assert.Equal(t, want, a.verdict(format{protocol1, snappy}), status)
		if want == delivered {
			assert.Equal(t, misplaced, a.verdict(format{protocol2, snappy}), "2.0 says what it wrote")
			a.written.known = true
			assert.Equal(t, delivered, a.verdict(format{protocol2, snappy}))
		}
	}
}
