//go:build faults

package faults

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// gate stands before a store on a port of its own. Shut, it refuses connections and cuts those that exist, whatever is in flight.
type gate struct {
	addr string

	mu       sync.Mutex
	backend  string
	listener net.Listener // nil while shut
	open     map[net.Conn]bool
	wg       sync.WaitGroup
}

// newGate opens a gate to the host of a URL.
func newGate(t *testing.T, store string) *gate {
	g := &gate{addr: "127.0.0.1:0", open: map[net.Conn]bool{}}
	g.To(t, store)
	t.Cleanup(func() { g.Shut(); g.wg.Wait() })
	return g
}

// URL is the remote-write endpoint behind the gate.
func (g *gate) URL() string { return "http://" + g.addr + "/api/v1/write" }

// To cuts everything and opens again, to another store.
func (g *gate) To(t *testing.T, store string) {
	u, err := url.Parse(store)
	require.NoError(t, err)
	g.Shut()
	g.mu.Lock()
	g.backend = u.Host
	g.mu.Unlock()
	g.Open(t)
}

func (g *gate) Open(t *testing.T) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l, err := net.Listen("tcp", g.addr)
	require.NoError(t, err)
	g.listener, g.addr = l, l.Addr().String()
	g.wg.Go(func() { g.accept(l) })
}

func (g *gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener != nil {
		_ = g.listener.Close()
		g.listener = nil
	}
	for c := range g.open {
		_ = c.Close()
	}
}

func (g *gate) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		g.mu.Lock()
		backend := g.backend
		g.mu.Unlock()
		store, err := net.Dial("tcp", backend)
		if err != nil {
			_ = client.Close()
			continue
		}
		if !g.keep(l, client, store) {
			continue
		}
		g.wg.Go(func() { g.pass(client, store) })
		g.wg.Go(func() { g.pass(store, client) })
	}
}

// keep registers both connections, unless the gate was shut meanwhile.
func (g *gate) keep(l net.Listener, client, store net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener != l {
		_ = client.Close()
		_ = store.Close()
		return false
	}
	g.open[client], g.open[store] = true, true
	return true
}

// pass copies until either side ends, which ends both.
func (g *gate) pass(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, to)
	delete(g.open, from)
}
