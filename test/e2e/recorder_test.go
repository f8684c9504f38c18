//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/test/cluster"
)

// scrape is what a reporter answered to one request, decoded. Failed is set if there was no answer or the client did not wait
// for its end.
type scrape struct {
	at, ended time.Time
	body      string
	failed    bool
}

// recorder is a proxy in front of one reporter that keeps every answer. Until it listens, its port refuses connections, as that of a
// process that does not run.
type recorder struct {
	upstream string
	addr     string
	client   *http.Client

	mu      sync.Mutex
	scrapes []scrape
}

func newRecorder(t *testing.T, upstreamPort int) *recorder {
	port, err := cluster.FreePorts(1)
	require.NoError(t, err)
	return &recorder{
		upstream: fmt.Sprintf("http://localhost:%d/metrics", upstreamPort),
		addr:     fmt.Sprintf("127.0.0.1:%d", port[0]),
		client:   &http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}},
	}
}

func (r *recorder) listen(t *testing.T) {
	l, err := net.Listen("tcp", r.addr)
	require.NoError(t, err)
	server := &http.Server{Handler: r}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		assert.NoError(t, server.Close())
		assert.ErrorIs(t, <-ended, http.ErrServerClosed)
	})
}

// url is what to scrape instead of the reporter; Weir calls the target by its address.
func (r *recorder) url() string { return "http://" + r.addr + "/metrics" }

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s := scrape{at: time.Now()}
	header, body, err := r.fetch(req)
	if err == nil {
		s.body, err = decoded(header, body)
	}
	if err == nil {
		w.Header().Set("Content-Type", header.Get("Content-Type"))
		if e := header.Get("Content-Encoding"); e != "" {
			w.Header().Set("Content-Encoding", e)
		}
		_, err = w.Write(body)
	} else if req.Context().Err() == nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
	}
	s.failed = err != nil || req.Context().Err() != nil
	s.ended = time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scrapes = append(r.scrapes, s)
}

func (r *recorder) fetch(req *http.Request) (http.Header, []byte, error) {
	up, err := http.NewRequestWithContext(req.Context(), http.MethodGet, r.upstream+"?"+req.URL.RawQuery, nil)
	if err != nil {
		return nil, nil, err
	}
	if e := req.Header.Get("Accept-Encoding"); e != "" {
		up.Header.Set("Accept-Encoding", e)
	}
	resp, err := r.client.Do(up)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.Header, body, err
}

func decoded(h http.Header, body []byte) (string, error) {
	if h.Get("Content-Encoding") != "gzip" {
		return string(body), nil
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	plain, err := io.ReadAll(z)
	return string(plain), err
}

// all returns what was recorded so far.
func (r *recorder) all() []scrape {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]scrape(nil), r.scrapes...)
}

// waitFor waits until n more scrapes meet a condition on their body.
func (r *recorder) waitFor(ctx context.Context, t *testing.T, n int, what string, cond func(scrape) bool) {
	t.Helper()
	r.waitSince(ctx, t, len(r.all()), n, what, cond)
}

// waitSince waits until n scrapes after the first ones meet a condition.
func (r *recorder) waitSince(ctx context.Context, t *testing.T, first, n int, what string, cond func(scrape) bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		met := 0
		for _, s := range r.all()[first:] {
			if cond(s) {
				met++
			}
		}
		return met >= n || ctx.Err() != nil
	}, 3*time.Minute, 50*time.Millisecond, what)
	require.NoError(t, ctx.Err())
}

// waitAll waits for n more scrapes of every target that meet a condition.
func waitAll(ctx context.Context, t *testing.T, recorders []*recorder, n int, cond func(scrape) bool) {
	t.Helper()
	first := make([]int, len(recorders))
	for i, r := range recorders {
		first[i] = len(r.all())
	}
	for i, r := range recorders {
		r.waitSince(ctx, t, first[i], n, "scrapes of "+r.upstream, cond)
	}
}
