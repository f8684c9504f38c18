package orderedremotewriteexporter

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// holdInterval is how often a held request is tried.
	holdInterval = time.Minute
	// maxRetryAfter bounds what a store may ask for: the next answer may be
	// another one.
	maxRetryAfter = time.Hour
	// jitter keeps slots apart: pauses are up to this part longer or shorter.
	jitter = 0.1
)

// pause returns how long to wait before retry n, counted from 0: twice as long
// each time, up to the largest interval.
func (r RetryConfig) pause(n int) time.Duration {
	d := r.InitialInterval
	for range n {
		if d > r.MaxInterval/2 {
			d = r.MaxInterval
			break
		}
		d *= 2
	}
	return time.Duration(float64(d) * (1 - jitter + 2*jitter*rand.Float64()))
}

// retryAfter reads the header of that name: seconds, or a date. It is 0 if the
// header is absent, unreadable or past. The pause is never shorter than asked
// for, unless more than an hour is.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	var d time.Duration
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		d = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		d = at.Sub(now)
	}
	if d <= 0 {
		return 0
	}
	d = min(d, maxRetryAfter)
	return d + time.Duration(float64(d)*jitter*rand.Float64())
}
