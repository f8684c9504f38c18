package flinktest

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func get(t *testing.T, url string, header ...string) (*http.Response, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

func start(t *testing.T, script Script) *Endpoint {
	t.Helper()
	e, err := StartEndpoint("127.0.0.1:0", script)
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

const twoFamilies = "# HELP a a (scope: x)\n# TYPE a gauge\na{host=\"h\",} 1.0\n# HELP b b (scope: x)\n# TYPE b summary\nb_count{} 2.0\nb{quantile=\"0.5\",} 3.0\n"

func TestEndpointAnswersLikeTheReporter(t *testing.T) {
	e := start(t, Repeat(Bodies(twoFamilies)...))

	for _, path := range []string{"/metrics", "/", "/foo/bar"} {
		resp, body, err := get(t, "http://"+e.Addr()+path)
		require.NoError(t, err)
		assert.Equal(t, 200, resp.StatusCode)
		assert.Equal(t, "text/plain; version=0.0.4; charset=utf-8", resp.Header.Get("Content-Type"))
		assert.EqualValues(t, len(twoFamilies), resp.ContentLength)
		assert.Equal(t, twoFamilies, body)
	}

	resp, body, err := get(t, e.URL(), "Accept-Encoding", "gzip")
	require.NoError(t, err)
	assert.Equal(t, "gzip", resp.Header.Get("Content-Encoding"))
	assert.Equal(t, []string{"chunked"}, resp.TransferEncoding)
	z, err := gzip.NewReader(strings.NewReader(body))
	require.NoError(t, err)
	unzipped, err := io.ReadAll(z)
	require.NoError(t, err)
	assert.Equal(t, twoFamilies, string(unzipped))

	_, body, err = get(t, e.URL()+"?name[]=b_count")
	require.NoError(t, err)
	assert.Equal(t, "# HELP b b (scope: x)\n# TYPE b summary\nb_count{} 2.0\n", body)
	assert.Equal(t, body, string(e.Served()[4].Body))
	assert.Len(t, e.Served(), 5)
}

func TestEndpointStepsThroughItsScript(t *testing.T) {
	e := start(t, Repeat(Page{Body: []byte("a 1\n")}, Page{Refused: true}, Page{Body: []byte("a 3\n")}))
	body := func() string {
		_, body, err := get(t, e.URL())
		require.NoError(t, err)
		return body
	}
	assert.Equal(t, "a 1\n", body())
	require.NoError(t, e.Seek(1))
	_, _, err := get(t, e.URL())
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.NoError(t, e.Seek(7))
	assert.Equal(t, "a 3\n", body())

	require.NoError(t, e.Seek(0))
	e.StepPerRequest()
	assert.Equal(t, "a 1\n", body())
	assert.Equal(t, "a 3\n", body())
}

func TestEndpointMisbehaves(t *testing.T) {
	e := start(t, Repeat(Bodies(twoFamilies)...))
	for _, c := range []struct {
		fault Fault
		check func(t *testing.T, resp *http.Response, body string, err error)
	}{
		{Refuse, func(t *testing.T, _ *http.Response, _ string, err error) {
			assert.ErrorIs(t, err, syscall.ECONNREFUSED)
		}},
		{None, func(t *testing.T, _ *http.Response, body string, err error) {
			require.NoError(t, err)
			assert.Equal(t, twoFamilies, body)
		}},
		{ShortLength, func(t *testing.T, _ *http.Response, _ string, err error) {
			assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		}},
		{CutGzip, func(t *testing.T, _ *http.Response, body string, err error) {
			require.NoError(t, err)
			z, err := gzip.NewReader(strings.NewReader(body))
			require.NoError(t, err)
			_, err = io.ReadAll(z)
			assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		}},
		{CutLine, func(t *testing.T, _ *http.Response, body string, err error) {
			require.NoError(t, err)
			assert.NotContains(t, body[len(body)-1:], "\n")
		}},
		{HTML, func(t *testing.T, resp *http.Response, _ string, _ error) {
			assert.Equal(t, "text/html", resp.Header.Get("Content-Type"))
		}},
		{Status503, func(t *testing.T, resp *http.Response, _ string, _ error) {
			assert.Equal(t, 503, resp.StatusCode)
		}},
		{HugeLine, func(t *testing.T, _ *http.Response, body string, err error) {
			require.NoError(t, err)
			assert.Greater(t, len(body), 1<<20)
		}},
	} {
		require.NoError(t, e.Misbehave(c.fault))
		resp, body, err := get(t, e.URL())
		c.check(t, resp, body, err)
	}
}

func TestEndpointHangsUntilTheClientGoes(t *testing.T) {
	e := start(t, Repeat(Bodies(twoFamilies)...))
	for _, fault := range []Fault{Hang, Drip, Endless} {
		require.NoError(t, e.Misbehave(fault))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL(), http.NoBody)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		assert.True(t, errors.Is(err, context.DeadlineExceeded), "fault %d: %v", fault, err)
		cancel()
	}
}
