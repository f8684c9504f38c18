package flinkprometheusreceiver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// maxPushedQuery bounds the query of a request in bytes. A longer list of names is not pushed down.
const maxPushedQuery = 16 << 10

// maxPooledBody bounds the buffers that are kept for the next scrape in bytes.
const maxPooledBody = 8 << 20

var (
	bodies   = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	unzipper = sync.Pool{New: func() any { return new(gzip.Reader) }}
)

func releaseBody(b *bytes.Buffer) {
	if b.Cap() <= maxPooledBody {
		b.Reset()
		bodies.Put(b)
	}
}

// fetcher gets the expositions of one target.
type fetcher struct {
	client  *http.Client
	url     string
	proxied bool // a refused connection tells of the proxy then, not of the target
	timeout time.Duration
	limit   int64 // of the decompressed body in bytes
}

func newFetcher(client *http.Client, cfg *Config, t target) *fetcher {
	f := &fetcher{
		client:  client,
		url:     t.url(pushedNames(cfg.Metrics.Include)),
		proxied: cfg.HTTP.ProxyURL != "",
		timeout: cfg.timeout(),
		limit:   int64(cfg.Limits.BodySizeMiB) << 20,
	}
	if req, err := http.NewRequest(http.MethodGet, f.url, http.NoBody); err == nil && !f.proxied {
		proxy, err := http.ProxyFromEnvironment(req)
		f.proxied = proxy != nil || err != nil
	}
	return f
}

// pushedNames returns what to ask the reporter for, whose filter takes names of samples and no wildcards: each name
// and, since it may be a summary, that of its count. None means everything.
func pushedNames(include []string) []string {
	var names []string
	for _, name := range include {
		if isGlob(name) {
			return nil
		}
		names = append(names, name, name+"_count")
	}
	if len(url.Values{"name[]": names}.Encode()) > maxPushedQuery {
		return nil
	}
	return names
}

// get appends the decompressed body to buf. All errors are failures with a reason.
func (f *fetcher) get(ctx context.Context, buf *bytes.Buffer) error {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, http.NoBody)
	if err != nil {
		return &failure{reasonConnection, err}
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	req.Header.Set("Accept-Encoding", "gzip") // set here, hence not undone by net/http
	resp, err := f.client.Do(req)
	if err != nil {
		return networkFailure(err)
	}
	defer resp.Body.Close()
	if err := checkHeader(resp); err != nil {
		return err
	}
	if resp.Header.Get("Content-Encoding") == "gzip" {
		err = f.readGzip(resp.Body, buf)
	} else {
		err = f.readAll(resp.Body, buf)
	}
	if err == nil && buf.Len() > 0 && buf.Bytes()[buf.Len()-1] != '\n' {
		return failf(reasonTruncated, "body ends within a line after %d bytes", buf.Len())
	}
	return err
}

func checkHeader(resp *http.Response) error {
	if resp.StatusCode != http.StatusOK {
		return failf(reasonStatus, "status %s", resp.Status)
	}
	switch encoding := resp.Header.Get("Content-Encoding"); encoding {
	case "", "identity", "gzip":
	default:
		return failf(reasonEncoding, "Content-Encoding %q was not asked for", encoding)
	}
	// Flink answers 200 on any path; so do many others, with a page.
	switch media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); media {
	case "text/html", "application/json":
		return failf(reasonNotMetrics, "Content-Type is %s", media)
	}
	return nil
}

func (f *fetcher) readGzip(body io.Reader, buf *bytes.Buffer) error {
	z := unzipper.Get().(*gzip.Reader)
	defer unzipper.Put(z)
	if err := z.Reset(body); err != nil {
		if errors.Is(err, io.EOF) { // not even a gzip header
			err = io.ErrUnexpectedEOF
		}
		return networkFailure(err)
	}
	return f.readAll(z, buf)
}

func (f *fetcher) readAll(body io.Reader, buf *bytes.Buffer) error {
	n, err := buf.ReadFrom(io.LimitReader(body, f.limit+1))
	switch {
	case n > f.limit:
		return failf(reasonBodySize, "body is larger than limits.body_size_mib = %d", f.limit>>20)
	case err != nil:
		return networkFailure(err)
	}
	return nil
}

// networkFailure finds the reason of an error of the client, the connection or the decompressor.
func networkFailure(err error) error {
	var timeout net.Error
	var corrupt flate.CorruptInputError
	reason := reasonConnection
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		reason = reasonTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		reason = reasonRefused
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		reason = reasonEncoding
	case errors.Is(err, io.ErrUnexpectedEOF):
		reason = reasonTruncated
	}
	return &failure{reason, err}
}
