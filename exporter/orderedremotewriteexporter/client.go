package orderedremotewriteexporter

import (
	"context"
	"io"
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/component"
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
	endpoint  string
	userAgent string
}

func newClient(ctx context.Context, cfg *Config, host component.Host, set exporter.Settings) (*client, error) {
	c, err := cfg.HTTP.ToClient(ctx, host.GetExtensions(), set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	// A redirected POST may become a GET or carry credentials elsewhere.
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client{http: c, endpoint: cfg.HTTP.Endpoint, userAgent: "weir/" + set.BuildInfo.Version}, nil
}

func (c *client) post(ctx context.Context, f format, body *payload) answer {
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
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, retryAfter: resp.Header.Get("Retry-After"), written: readWritten(resp.Header)}
	if a.status/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxText))
		a.text = strings.ToValidUTF8(string(text), "\uFFFD")
	}
	_, _ = io.CopyN(io.Discard, resp.Body, maxDiscard)
	return a
}

func (c *client) close() { c.http.CloseIdleConnections() }
