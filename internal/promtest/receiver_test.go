package promtest

import (
	"bytes"
	"context"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second

func series(labels []string, samples ...prompb.Sample) prompb.TimeSeries {
	ts := prompb.TimeSeries{Samples: samples}
	for i := 0; i < len(labels); i += 2 {
		ts.Labels = append(ts.Labels, prompb.Label{Name: labels[i], Value: labels[i+1]})
	}
	return ts
}

func at(t int64, v float64) prompb.Sample { return prompb.Sample{Timestamp: t, Value: v} }

func body(t testing.TB, ts ...prompb.TimeSeries) []byte {
	raw, err := (&prompb.WriteRequest{Timeseries: ts}).Marshal()
	require.NoError(t, err)
	return snappy.Encode(nil, raw)
}

func post(ctx context.Context, url string, body []byte, change func(http.Header)) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	req.Header.Set("User-Agent", "test/1")
	if change != nil {
		change(req.Header)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func start(t *testing.T, opts ...Option) *Receiver {
	r := New(opts...)
	t.Cleanup(r.Close)
	return r
}

func TestGoodRequestsAreKeptInFull(t *testing.T) {
	r := start(t)
	up := []string{"__name__", "up", "job", "a"}
	for i := range int64(3) {
		code, err := post(t.Context(), r.URL(), body(t, series(up, at(i, float64(i))), series([]string{"__name__", "x"}, at(i, math.Inf(1)))), nil)
		require.NoError(t, err)
		require.Equal(t, 204, code)
	}
	assert.Empty(t, r.Violations())
	assert.Equal(t, Counts{Requests: 3, Stored: 3, Samples: 6}, r.Counts())
	assert.Equal(t, []Sample{{}, {T: 1, V: 1, Arrival: 1}, {T: 2, V: 2, Arrival: 2}}, r.Samples("up", "job", "a"))
	assert.Empty(t, r.Samples("up", "job", "b"))
	require.Len(t, r.Series(), 2)
	assert.Equal(t, `{__name__="up", job="a"}`, r.Series()[0].String())
}

func TestBadRequestsAreViolations(t *testing.T) {
	good := func(t *testing.T) []byte { return body(t, series([]string{"__name__", "up"}, at(1, 1))) }
	one := func(labels ...string) func(*testing.T) []byte {
		return func(t *testing.T) []byte { return body(t, series(labels, at(1, 1))) }
	}
	header := func(k, v string) func(http.Header) { return func(h http.Header) { h.Set(k, v) } }
	for _, c := range []struct {
		name   string
		body   func(*testing.T) []byte
		header func(http.Header)
		want   string
	}{
		{"wrong content type", good, header("Content-Type", "text/plain"), `header Content-Type is ["text/plain"]`},
		{"wrong encoding", good, header("Content-Encoding", "gzip"), `header Content-Encoding is ["gzip"]`},
		{"wrong version", good, header("X-Prometheus-Remote-Write-Version", "1"), `header X-Prometheus-Remote-Write-Version is ["1"]`},
		{"no user agent", good, header("User-Agent", ""), "header User-Agent is missing"},
		{"not snappy", func(*testing.T) []byte { return []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff} }, nil, "snappy:"},
		{"decodes to more than allowed", func(*testing.T) []byte { return []byte{0xff, 0xff, 0xff, 0xff, 0x0f} }, nil, "bytes decoded"},
		{"not protobuf", func(*testing.T) []byte { return snappy.Encode(nil, []byte("hello")) }, nil, "protobuf:"},
		{"unsorted labels", one("a", "1", "__name__", "up"), nil, `labels are not sorted: "__name__" after "a"`},
		{"repeated label", one("__name__", "up", "a", "1", "a", "2"), nil, `label "a" appears twice`},
		{"empty label name", one("", "1", "__name__", "up"), nil, "empty label name"},
		{"empty label value", one("__name__", "up", "a", ""), nil, `label "a" has an empty value`},
		{"no name", one("a", "1"), nil, "no __name__"},
		{"bad metric name", one("__name__", "a.b"), nil, "invalid metric name"},
		{"bad label name", one("__name__", "a", "b.c", "1"), nil, `invalid label name "b.c"`},
		{"invalid utf-8", one("__name__", "a", "b", "\xff"), nil, `label "b" is not valid UTF-8`},
		{"no samples", func(t *testing.T) []byte { return body(t, series([]string{"__name__", "up"})) }, nil, "no samples"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t)
			code, err := post(t.Context(), r.URL(), c.body(t), c.header)
			require.NoError(t, err)
			assert.Equal(t, 400, code)
			require.NotEmpty(t, r.Violations())
			assert.Contains(t, r.Violations()[0], c.want)
			assert.Zero(t, r.Counts().Samples)
		})
	}
}

func TestOrderIsChecked(t *testing.T) {
	up := []string{"__name__", "up"}
	for _, c := range []struct {
		name    string
		samples []prompb.Sample
		opts    []Option
		want    string
		repeats int
	}{
		{"older", []prompb.Sample{at(2, 1), at(1, 1)}, nil, "out_of_order: 1 at 1 after 1 at 2", 0},
		{"same again", []prompb.Sample{at(2, 1), at(2, 1)}, nil, "duplicate: 1 at 2 after 1 at 2", 1},
		{"same again, allowed", []prompb.Sample{at(2, 1), at(2, 1)}, []Option{AllowRepeat()}, "", 1},
		{"other value", []prompb.Sample{at(2, 1), at(2, 3)}, []Option{AllowRepeat()}, "another value", 0},
		{"older repeat is no repeat", []prompb.Sample{at(1, 1), at(2, 1), at(1, 1)}, []Option{AllowRepeat()}, "out_of_order", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, c.opts...)
			for _, s := range c.samples {
				_, err := post(t.Context(), r.URL(), body(t, series(up, s)), nil)
				require.NoError(t, err)
			}
			assert.Equal(t, c.repeats, r.Counts().Repeats)
			assert.Equal(t, c.repeats, r.Counts().RepeatedRequests)
			if c.want == "" {
				assert.Empty(t, r.Violations())
				return
			}
			require.Len(t, r.Violations(), 1)
			assert.Contains(t, r.Violations()[0], c.want)
		})
	}
}

func TestTwoRequestsWithOneSeriesAtOnceAreAViolation(t *testing.T) {
	release := make(chan struct{})
	r := start(t, WithScript(Sequence(Answer{Hang: release})))
	first := make(chan error, 1)
	go func() {
		_, err := post(t.Context(), r.URL(), body(t, series([]string{"__name__", "up"}, at(1, 1))), nil)
		first <- err
	}()
	require.True(t, r.Wait(patience, func() bool { return r.Counts().Requests == 1 }))
	second := make(chan error, 1)
	go func() {
		_, err := post(t.Context(), r.URL(), body(t, series([]string{"__name__", "up"}, at(2, 1))), nil)
		second <- err
	}()
	require.True(t, r.Wait(patience, func() bool { return r.Counts().Requests == 2 }))
	close(release)
	require.NoError(t, <-first)
	require.NoError(t, <-second)
	require.Len(t, r.Violations(), 1)
	assert.Contains(t, r.Violations()[0], "request 1: a series is already in flight in request 0")
}

func TestARequestTheClientGaveUpIsNotInFlight(t *testing.T) {
	r := start(t, WithScript(Sequence(Answer{Hang: make(chan struct{})})))
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	b := body(t, series([]string{"__name__", "up"}, at(1, 1)))
	go func() {
		_, err := post(ctx, r.URL(), b, nil)
		first <- err
	}()
	require.True(t, r.Wait(patience, func() bool { return r.Counts().Requests == 1 }))
	cancel()
	require.Error(t, <-first)
	_, err := post(t.Context(), r.URL(), b, nil)
	require.NoError(t, err)
	assert.Empty(t, r.Violations())
	assert.Equal(t, 1, r.Counts().Samples)
}

func TestScriptedFaults(t *testing.T) {
	b := func(ts int64) []byte { return body(t, series([]string{"__name__", "up"}, at(ts, 1))) }
	r := start(t, AllowRepeat(), WithScript(Sequence(
		Answer{Status: 503, Body: "later", Header: http.Header{"Retry-After": {"7"}}},
		Answer{Reset: ResetBefore},
		Answer{Reset: ResetAfter},
		Answer{Status: 500, Stored: true},
		Answer{Delay: time.Millisecond},
	)))
	code, err := post(t.Context(), r.URL(), b(1), nil)
	require.NoError(t, err)
	assert.Equal(t, 503, code)
	assert.Zero(t, r.Counts().Samples)

	_, err = post(t.Context(), r.URL(), b(1), nil)
	require.Error(t, err)
	assert.Zero(t, r.Counts().Samples)

	_, err = post(t.Context(), r.URL(), b(1), nil)
	require.Error(t, err)
	assert.Equal(t, 1, r.Counts().Samples)

	code, err = post(t.Context(), r.URL(), b(1), nil)
	require.NoError(t, err)
	assert.Equal(t, 500, code)
	assert.Equal(t, 1, r.Counts().Repeats)

	_, err = post(t.Context(), r.URL(), b(2), nil)
	require.NoError(t, err)
	assert.Equal(t, Counts{Requests: 5, Stored: 3, Samples: 2, Repeats: 1, RepeatedRequests: 1}, r.Counts())
	assert.Empty(t, r.Violations())
}

func TestRemoteWrite2(t *testing.T) {
	v2 := func(h http.Header) {
		h.Set("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request")
		h.Set("X-Prometheus-Remote-Write-Version", "2.0.0")
	}
	for _, c := range []struct {
		name string
		req  writev2.Request
		want string
	}{
		{"good", writev2.Request{Symbols: []string{"", "__name__", "up"}, Timeseries: []writev2.TimeSeries{{LabelsRefs: []uint32{1, 2}, Samples: []writev2.Sample{{Value: 1, Timestamp: 1}}}}}, ""},
		{"first symbol", writev2.Request{Symbols: []string{"a"}}, "symbols: the first must be the empty string"},
		{"repeated symbol", writev2.Request{Symbols: []string{"", "a", "a"}}, `symbols: "a" appears twice`},
		{"odd refs", writev2.Request{Symbols: []string{""}, Timeseries: []writev2.TimeSeries{{LabelsRefs: []uint32{0}}}}, "odd length"},
		{"refs outside", writev2.Request{Symbols: []string{""}, Timeseries: []writev2.TimeSeries{{LabelsRefs: []uint32{0, 9}}}}, "outside the 1 symbols"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t)
			raw, err := c.req.Marshal()
			require.NoError(t, err)
			_, err = post(t.Context(), r.URL(), snappy.Encode(nil, raw), v2)
			require.NoError(t, err)
			if c.want == "" {
				assert.Empty(t, r.Violations())
				assert.Len(t, r.Samples("up"), 1)
				return
			}
			require.NotEmpty(t, r.Violations())
			assert.Contains(t, r.Violations()[0], c.want)
		})
	}
}

func TestViolationsAreBounded(t *testing.T) {
	var v violations
	for range maxViolations + 5 {
		v.add("x")
	}
	r := &Receiver{log: v}
	assert.Len(t, r.Violations(), maxViolations+1)
	assert.Equal(t, "and 5 more", r.Violations()[maxViolations])
}

func FuzzDecode(f *testing.F) {
	f.Add(body(f, series([]string{"__name__", "up"}, at(1, 1))), true)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, false)
	f.Fuzz(func(_ *testing.T, b []byte, two bool) {
		p := protocol1
		if two {
			p = protocol2
		}
		for _, encoding := range []string{"snappy", "zstd"} {
			_, _ = decode(bytes.NewReader(b), encoding, p)
		}
	})
}
