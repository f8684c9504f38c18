package orderedremotewriteexporter

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

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
