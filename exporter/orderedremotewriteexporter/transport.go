package orderedremotewriteexporter

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
)

// transport gets hold of the transport that confighttp makes, whose idle connections
// would outlive the exporter: what is wrapped around it cannot close them. It does so
// as the middleware next to it. Connections of that transport are conns.
type transport struct {
	component.StartFunc
	component.ShutdownFunc
	inner http.RoundTripper
}

var transportID = component.MustNewIDWithName("orderedremotewrite", "transport")

// GetHTTPRoundTripper implements extensionmiddleware.HTTPClient.
func (t *transport) GetHTTPRoundTripper(context.Context) (extensionmiddleware.WrapHTTPRoundTripperFunc, error) {
	return func(_ context.Context, inner http.RoundTripper) (http.RoundTripper, error) {
		t.inner = inner
		if h, ok := inner.(*http.Transport); ok && h.DialContext != nil {
			h.DialContext = dialer(h.DialContext)
		}
		return inner, nil
	}, nil
}

// newHTTP makes the client that settings describe, and the transport below it.
func newHTTP(ctx context.Context, settings confighttp.ClientConfig, host component.Host, set component.TelemetrySettings) (*http.Client, *transport, error) {
	t := &transport{}
	extensions := maps.Clone(host.GetExtensions())
	if extensions == nil {
		extensions = map[component.ID]component.Component{}
	}
	extensions[transportID] = t
	settings.Middlewares = append(slices.Clone(settings.Middlewares), configmiddleware.Config{ID: transportID})
	client, err := settings.ToClient(ctx, extensions, set)
	return client, t, err
}

// close closes the connections that no request uses.
func (t *transport) close() {
	(&http.Client{Transport: t.inner}).CloseIdleConnections()
}

type dial func(ctx context.Context, network, address string) (net.Conn, error)

func dialer(next dial) dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := next(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return conn{c}, nil
	}
}

// conn writes bodies through buffers that requests share, most of them at once. The
// connections of package net make 32 KB for each body.
type conn struct{ net.Conn }

var bodyBuffers = sync.Pool{New: func() any { return new([128 << 10]byte) }}

// ReadFrom implements io.ReaderFrom, which the transport uses when a body is longer than its own 4 KB.
func (c conn) ReadFrom(r io.Reader) (int64, error) {
	buffer := bodyBuffers.Get().(*[128 << 10]byte)
	defer bodyBuffers.Put(buffer)
	return io.CopyBuffer(struct{ io.Writer }{c.Conn}, r, buffer[:])
}
