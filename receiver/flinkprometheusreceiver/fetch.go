package flinkprometheusreceiver

import (
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

	"weir.example/internal/inflate"
)

// maxPushedQuery bounds the query of a request in bytes. A longer list of names is not pushed down.
const maxPushedQuery = 16 << 10

// unzippers decompress the few bodies that arrive at any time.
var unzippers = sync.Pool{New: func() any { return new(inflate.Reader) }}

// fetcher gets the expositions of one target.
type fetcher struct {
	client  *http.Client
	url     string
	proxied bool // a refused connection tells of the proxy then, not of the target
	timeout time.Duration
	pause   time.Duration // in which a compressed body arrives
	limit   int64         // of the decompressed body in bytes
	accept  string        // encoding that is asked for
}

// maxPause bounds the time that a compressed body has to arrive before it is read, a fiftieth of the timeout. Read as it
// arrives, each piece of 4 KiB would wake the process, which costs a fifth of the whole path; the system's buffer for the
// connection holds it as well.
const maxPause = 200 * time.Millisecond

func newFetcher(client *http.Client, cfg *Config, t target) *fetcher {
	f := &fetcher{
		client:  client,
		url:     t.url(pushedNames(cfg.Metrics.Include)),
		proxied: cfg.HTTP.ProxyURL != "",
		timeout: cfg.timeout(),
		pause:   min(cfg.timeout()/50, maxPause),
		limit:   int64(cfg.Limits.BodySizeMiB) << 20,
		accept:  "gzip",
	}
	if cfg.Compression == compressionNone {
		f.accept = "identity"
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

// get passes the decompressed body on in pieces of whole lines, of which none is to be kept, until take returns an error.
// All errors of its own are failures with a reason.
func (f *fetcher) get(ctx context.Context, take func(lines []byte) error) error {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, http.NoBody)
	if err != nil {
		return &failure{reasonConnection, err}
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	req.Header.Set("Accept-Encoding", f.accept) // set here, hence not undone by net/http
	resp, err := f.client.Do(req)
	if err != nil {
		return networkFailure(err)
	}
	defer resp.Body.Close()
	if err := checkHeader(resp); err != nil {
		return err
	}
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if err := sleep(ctx, f.pause); err != nil {
			return networkFailure(err)
		}
		return f.unzip(resp.Body, take)
	}
	return eachPlainChunk(resp.Body, f.limit, take)
}

// sleep returns an error only if ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
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

func (f *fetcher) unzip(body io.Reader, take func(lines []byte) error) error {
	z := unzippers.Get().(*inflate.Reader)
	z.Reset(body)
	defer func() {
		z.Reset(nil)
		unzippers.Put(z)
	}()
	return eachChunk(z, f.limit, take)
}

// networkFailure finds the reason of an error of the client, the connection or the decompressor.
func networkFailure(err error) error {
	var timeout net.Error
	var format inflate.FormatError
	reason := reasonConnection
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		reason = reasonTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		reason = reasonRefused
	case errors.As(err, &format):
		reason = reasonEncoding
	case errors.Is(err, io.ErrUnexpectedEOF):
		reason = reasonTruncated
	}
	return &failure{reason, err}
}
