package orderedremotewriteexporter

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/exporter"
)

var reservedHeaders = []string{"Content-Encoding", "Content-Type", "User-Agent", "X-Prometheus-Remote-Write-Version"}

const (
	// maxText is how much of an answer's body is kept for the log.
	maxText = 1 << 10
	// maxDiscard is how much more is read so that the connection can be used again.
	maxDiscard = 64 << 10
)

// client posts bodies to the store.
type client struct {
	http      *http.Client
	transport *transport // below it
	endpoint  string
	userAgent string
	timeout   time.Duration // of one attempt; 0 is none
	header    string        // that names the tenant
	fallback  string        // the tenant of samples that have none; may be empty
}

func newClient(ctx context.Context, cfg *Config, host component.Host, set exporter.Settings) (*client, error) {
	settings, fallback := withoutTenant(cfg)
	c, transport, err := newHTTP(ctx, settings, host, set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	// A redirected POST may become a GET or carry credentials elsewhere.
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	// http.Client keeps its own timeout with a goroutine for each request.
	timeout := c.Timeout
	c.Timeout = 0
	return &client{
		http: c, transport: transport, endpoint: cfg.HTTP.Endpoint, userAgent: "weir/" + set.BuildInfo.Version,
		timeout: timeout, header: cfg.Tenant.Header, fallback: fallback,
	}, nil
}

// withoutTenant returns the client's configuration without a tenant for all requests,
// and that tenant: samples in the log keep the one they were logged with.
func withoutTenant(cfg *Config) (stripped confighttp.ClientConfig, tenant string) {
	stripped, tenant = cfg.HTTP, cfg.Tenant.Default
	stripped.Headers = nil
	for name, value := range cfg.HTTP.Headers.Iter {
		if strings.EqualFold(name, cfg.Tenant.Header) {
			tenant = string(value)
		} else {
			stripped.Headers.Set(name, value)
		}
	}
	return stripped, tenant
}

// post sends the request of a tenant, "" if its samples name none.
func (c *client) post(ctx context.Context, f format, tenant string, body *payload) answer {
	if tenant == "" {
		tenant = c.fallback
	}
	if c.timeout > 0 {
		var done context.CancelFunc
		ctx, done = context.WithTimeout(ctx, c.timeout)
		defer done()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, http.NoBody)
	if err != nil {
		return answer{err: err}
	}
	req.Body = body.open()
	req.GetBody = func() (io.ReadCloser, error) { return body.open(), nil }
	req.ContentLength = int64(len(body.bytes))
	req.Header.Set("Content-Encoding", f.compression)
	req.Header.Set("Content-Type", f.contentType())
	req.Header.Set("X-Prometheus-Remote-Write-Version", f.version())
	req.Header.Set("User-Agent", c.userAgent)
	if tenant != "" {
		req.Header.Set(c.header, tenant)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{tenant: tenant, err: err}
	}
	defer resp.Body.Close()
	a := answer{tenant: tenant, status: resp.StatusCode, retryAfter: resp.Header.Get("Retry-After"), written: readWritten(resp.Header)}
	if a.status/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxText))
		a.text = strings.ToValidUTF8(string(text), "\uFFFD")
	}
	_, _ = io.CopyN(io.Discard, resp.Body, maxDiscard)
	return a
}

func (c *client) close() { c.transport.close() }
