package orderedremotewriteexporter

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
)

// transport gets hold of the transport that confighttp makes, whose idle connections
// would outlive the exporter: what is wrapped around it cannot close them. It does so
// as the middleware next to it, and changes nothing.
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
