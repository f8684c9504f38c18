//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	callLimit  = 10 * time.Second
	retryPause = 20 * time.Millisecond
)

// source is a client that pushes over OTLP/HTTP. Each instance has one call under way at a time, and repeats it, unchanged, until it
// is acknowledged or tries are over; then it goes on to its next step.
type source struct {
	url       string
	instances int
	tries     func(instance int) int // most attempts of a call; nil or 0: no limit
	lost      float64                // share of answers that do not reach the client
	call      func(instance, step int, at time.Time) pmetric.Metrics

	mu    sync.Mutex
	steps [][]step // by instance
}

// step is one call that was made: its samples' time in ms, and whether it was acknowledged.
type step struct {
	at    int64
	acked bool
}

// start pushes with a pause between steps until the returned function is called, which waits for the calls under way.
func (s *source) start(t *testing.T, pause time.Duration) (stop func()) {
	s.steps = make([][]step, s.instances)
	stopped := make(chan struct{})
	errs := make(chan error, s.instances)
	for i := range s.instances {
		go func() { errs <- s.run(t.Context(), i, pause, stopped) }()
	}
	return func() {
		t.Helper()
		close(stopped)
		for range s.instances {
			require.NoError(t, <-errs)
		}
	}
}

func (s *source) run(ctx context.Context, instance int, pause time.Duration, stopped <-chan struct{}) error {
	next := time.NewTicker(pause)
	defer next.Stop()
	for n := 0; ; n++ {
		at := time.Now().Truncate(time.Millisecond)
		body, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(s.call(instance, n, at))
		if err != nil {
			return err
		}
		acked, err := s.push(ctx, instance, body)
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.steps[instance] = append(s.steps[instance], step{at.UnixMilli(), acked})
		s.mu.Unlock()
		select {
		case <-stopped:
			return nil
		case <-next.C:
		}
	}
}

// push tells whether a call was acknowledged. A call that is refused for good is an error.
func (s *source) push(ctx context.Context, instance int, body []byte) (bool, error) {
	left := 0
	if s.tries != nil {
		left = s.tries(instance)
	}
	for {
		status, answer, err := s.post(ctx, body)
		switch {
		case err == nil && rand.Float64() < s.lost: // nobody was told
		case err == nil && status == http.StatusOK:
			return true, nil
		case err == nil && status/100 == 4 && status != http.StatusTooManyRequests:
			return false, fmt.Errorf("refused with %d: %s", status, answer)
		}
		if left--; left == 0 {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(retryPause):
		}
	}
}

func (s *source) post(ctx context.Context, body []byte) (int, string, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer), err
}

// made returns what was pushed so far, by instance.
func (s *source) made() [][]step {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([][]step, len(s.steps))
	for i := range s.steps {
		out[i] = append(out[i], s.steps[i]...)
	}
	return out
}
