package orderedremotewriteexporter

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"weir.example/exporter/orderedremotewriteexporter/internal/metadata"
	"weir.example/internal/promtest"
)

func TestNoConnectionOutlivesShutdown(t *testing.T) {
	store := promtest.New()
	defer store.Close()
	var open atomic.Int64
	server := httptest.NewUnstartedServer(store)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.Start()
	defer server.Close()
	r := newRig(t, func(c *Config) {
		c.HTTP.Endpoint, c.SlotBy = server.URL, slotBySeries
		c.HTTP.Headers.Set("X-Some", "header") // another wrapper
	})
	r.rounds(0, 5, 50)
	r.settle()
	require.Positive(t, open.Load())
	require.NoError(t, r.Shutdown(context.Background()))
	require.Eventually(t, func() bool { return open.Load() == 0 }, patience, 1e6)
}

func TestBodiesShareABuffer(t *testing.T) {
	var used net.Conn
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { used = i.Conn }})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	defer server.Close()
	cfg := createDefaultConfig().(*Config)
	cfg.HTTP.Endpoint = server.URL
	c, err := newClient(ctx, cfg, componenttest.NewNopHost(), exportertest.NewNopSettings(metadata.Type))
	require.NoError(t, err)
	defer c.close()
	require.Equal(t, http.StatusOK, c.post(ctx, format{}, "", &payload{bytes: make([]byte, 70_000)}).status)
	require.IsType(t, conn{}, used)

	var writes recorder
	n, err := conn{&writes}.ReadFrom(io.LimitReader(rand.Reader, 300_000))
	require.NoError(t, err)
	require.EqualValues(t, 300_000, n)
	require.Equal(t, recorder{sizes: []int{128 << 10, 128 << 10, 300_000 - 256<<10}}, writes)
}

// recorder is a connection that remembers the sizes of what is written.
type recorder struct {
	net.Conn
	sizes []int
}

func (r *recorder) Write(b []byte) (int, error) {
	r.sizes = append(r.sizes, len(b))
	return len(b), nil
}
