package flinkprometheusreceiver

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// fetch gets one answer of handler with a body limit of 1 MiB.
func fetch(t *testing.T, handler http.HandlerFunc) (string, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	cfg := createDefaultConfig().(*Config)
	cfg.Limits.BodySizeMiB = 1
	targets, err := parseTarget(server.URL)
	require.NoError(t, err)
	var buf bytes.Buffer
	err = newFetcher(server.Client(), cfg, targets[0]).get(t.Context(), func(lines []byte) error {
		assert.True(t, bytes.HasSuffix(lines, []byte{'\n'}), "pieces end with a line")
		buf.Write(lines)
		return nil
	})
	return buf.String(), err
}

func zipped(body string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(body))
	_ = z.Close()
	return b.Bytes()
}

func TestRequestAsksForGzippedText(t *testing.T) {
	body, err := fetch(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodGet, r.Method)
		assert.Equal(t, "gzip", r.Header.Get("Accept-Encoding"))
		assert.Equal(t, "text/plain;version=0.0.4", r.Header.Get("Accept"))
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(zipped("a 1\n"))
	})
	require.NoError(t, err)
	assert.Equal(t, "a 1\n", body)
}

// BenchmarkZippedScrape is BenchmarkScrape of a gzipped body, so it is all of a scrape but the request and the pipeline.
func BenchmarkZippedScrape(b *testing.B) {
	cfg := createDefaultConfig().(*Config)
	f := newFetcher(http.DefaultClient, cfg, target{scheme: "http", host: "tm", port: 1})
	c := newCatalog(newNaming(cfg), false)
	h, builder := newHistory(cfg, c.table), newBuilder("flink", "tm:9249", c.table)
	bodies := largeBodies(b)
	streams := [2][]byte{zipped(string(bodies[0])), zipped(string(bodies[1]))}
	var source bytes.Reader
	var r reading
	samples, supply := 0, newStock()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		source.Reset(streams[i%2])
		r.reset()
		c.begin()
		require.NoError(b, f.unzip(&source, func(lines []byte) error { return c.read(lines, &r, cfg.Limits) }))
		require.NoError(b, c.end(&r, h.remembered()))
		t := pcommon.Timestamp(i+1) * 15e9
		h.judge(&r, t, c.scan)
		md, _ := builder.build(supply, &r, report{up: true}, t, c.scan)
		supply.put(md, true)
		h.commit(&r, t, c.scan)
		samples += r.samples
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(samples), "ns/sample")
}

func TestWithoutCompressionTheReporterIsAskedForPlainText(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Compression = compressionNone
	assert.Equal(t, "identity", newFetcher(http.DefaultClient, cfg, target{scheme: "http", host: "tm", port: 1}).accept)
}

func TestBodiesThatCannotBeRead(t *testing.T) {
	corrupt := zipped(strings.Repeat("a 1\n", 1000))
	corrupt[len(corrupt)-6] ^= 0xff // within the checksum
	for name, c := range map[string]struct {
		encoding string
		body     []byte
		reason   string
	}{
		"a gzip bomb":             {"gzip", zipped(strings.Repeat("a 1\n", 1<<20)), reasonBodySize},
		"a plain body over limit": {"", []byte(strings.Repeat("a 1\n", 1<<19)), reasonBodySize},
		"gzip that is none":       {"gzip", []byte("a 1\na 2\na 3\na 4\n"), reasonEncoding},
		"a wrong checksum":        {"gzip", corrupt, reasonEncoding},
		"gzip without a body":     {"gzip", nil, reasonTruncated},
		"an encoding not asked":   {"zstd", []byte("a 1\n"), reasonEncoding},
		"no line end":             {"", []byte("a 1\na 2"), reasonTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := fetch(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.encoding != "" {
					w.Header().Set("Content-Encoding", c.encoding)
				}
				_, _ = w.Write(c.body)
			})
			require.Error(t, err)
			assert.Equal(t, c.reason, reasonOf(err), err)
		})
	}
}

func TestBodyOfExactlyTheLimitIsRead(t *testing.T) {
	want := strings.Repeat("abc 1.0\n", 1<<17)
	body, err := fetch(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(want)) })
	require.NoError(t, err)
	assert.Len(t, body, len(want))
}

func TestPushedNames(t *testing.T) {
	assert.Empty(t, pushedNames(nil))
	assert.Empty(t, pushedNames([]string{"a", "b*"}))
	assert.Equal(t, []string{"a", "a_count"}, pushedNames([]string{"a"}))
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprint("flink_metric_", i))
	}
	assert.Empty(t, pushedNames(many), "too long for a query")
}

func TestRefusingProxyProvesNothing(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.HTTP.ProxyURL = "http://proxy:3128"
	assert.True(t, newFetcher(http.DefaultClient, cfg, target{scheme: "http", host: "tm", port: 1}).proxied)

	g := newRig(t, func(cfg *Config) { cfg.HTTP.ProxyURL = "http://proxy:3128" })
	g.run(step{fail: reasonRefused})
	assert.Zero(t, g.run(step{body: lineA + "5\n"})[counterA].start)
}

// opened is a body that notes when it is read first.
type opened struct {
	io.Reader
	at time.Time
}

func (o *opened) Read(p []byte) (int, error) {
	if o.at.IsZero() {
		o.at = time.Now()
	}
	return o.Reader.Read(p)
}

func (o *opened) Close() error { return nil }

type roundTripper func(*http.Request) *http.Response

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

func TestACompressedBodyHasTimeToArrive(t *testing.T) {
	for _, tt := range []struct {
		encoding, body string
		timeout        time.Duration
		want           time.Duration // from the header to the first read
	}{
		{"gzip", string(zipped("a 1\n")), 10 * time.Second, 200 * time.Millisecond},
		{"gzip", string(zipped("a 1\n")), time.Minute, 200 * time.Millisecond},
		{"gzip", string(zipped("a 1\n")), time.Second, 20 * time.Millisecond},
		{"", "a 1\n", 10 * time.Second, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			body := &opened{Reader: strings.NewReader(tt.body)}
			cfg := createDefaultConfig().(*Config)
			cfg.HTTP.Timeout, cfg.CollectionInterval = tt.timeout, time.Minute
			f := newFetcher(&http.Client{Transport: roundTripper(func(r *http.Request) *http.Response {
				return &http.Response{StatusCode: http.StatusOK, Request: r, Body: body, Header: http.Header{"Content-Encoding": {tt.encoding}}}
			})}, cfg, target{scheme: "http", host: "tm", port: 1})
			began := time.Now()
			require.NoError(t, f.get(t.Context(), func([]byte) error { return nil }))
			require.Equal(t, tt.want, body.at.Sub(began))
		})
	}
}

func TestAPauseEndsWithTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFetcher(&http.Client{Transport: roundTripper(func(r *http.Request) *http.Response {
			return &http.Response{StatusCode: http.StatusOK, Request: r, Body: http.NoBody, Header: http.Header{"Content-Encoding": {"gzip"}}}
		})}, createDefaultConfig().(*Config), target{scheme: "http", host: "tm", port: 1})
		f.pause = time.Hour
		began := time.Now()
		require.Equal(t, reasonTimeout, reasonOf(f.get(t.Context(), func([]byte) error { return nil })))
		require.Equal(t, 10*time.Second, time.Since(began))
	})
}
