//go:build anchors

package anchors

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/promtest"
	"weir.example/test/cluster"
)

// engine removes the label. A push that returns an error was not taken, and is repeated.
type engine interface {
	push(ctx context.Context, md pmetric.Metrics) error
	restart(sigterm bool) error
	output() []promtest.Sample // kept so far, of its one series
}

// server is an engine in a process of its own, which takes OTLP/HTTP and writes to a strict store.
type server struct {
	*cluster.Service

	ctx   context.Context
	url   string
	store *promtest.Receiver
}

func (s *server) push(ctx context.Context, md pmetric.Metrics) error {
	body, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", resp.Status, answer)
	}
	return err
}

func (s *server) restart(sigterm bool) error {
	end := s.Kill
	if sigterm {
		end = s.Stop
	}
	if err := end(); err != nil {
		return err
	}
	return s.Run(s.ctx)
}

func (s *server) output() []promtest.Sample { return s.store.Samples(metricName) }

func startServer(t *testing.T, store *promtest.Receiver, path string, service *cluster.Service) *server {
	t.Cleanup(store.Close)
	t.Cleanup(func() { require.NoError(t, service.Group.Stop(nil)) })
	s := &server{Service: service, ctx: t.Context(), url: fmt.Sprintf("http://127.0.0.1:%d%s", service.Port, path), store: store}
	require.NoError(t, s.Run(t.Context()))
	return s
}

func freePort(t *testing.T) int {
	ports, err := cluster.FreePorts(1)
	require.NoError(t, err)
	return ports[0]
}

var vmagentBinary = cluster.Binary{Default: ".tools/vmagent", Variable: "VMAGENT_BIN", Make: "make anchors"}

func vmagentPath(t *testing.T) string {
	root, err := cluster.Root()
	require.NoError(t, err)
	path, err := vmagentBinary.Path(root)
	require.NoError(t, err)
	return path
}

// startVmagent starts vmagent with an aggregation of two spacings, further described by options in YAML.
func startVmagent(t *testing.T, options string) engine {
	store, port, g := promtest.New(promtest.AllowRepeat(), promtest.AllowUTF8()), freePort(t), cluster.NewGroup(t.TempDir())
	config := filepath.Join(g.Dir, "aggregation.yaml")
	text := fmt.Sprintf("- match: %s\n  interval: %s\n  without: [worker]\n  outputs: [total]\n  keep_metric_names: true\n%s", metricName, 2*spacing, options)
	require.NoError(t, os.WriteFile(config, []byte(text), 0o644))
	return startServer(t, store, "/opentelemetry/v1/metrics", &cluster.Service{Group: g, Port: port, Command: cluster.Command{
		Name: "vmagent", Path: vmagentPath(t), Args: []string{
			fmt.Sprintf("-httpListenAddr=127.0.0.1:%d", port),
			"-remoteWrite.url=" + store.URL(),
			"-remoteWrite.forcePromProto",
			"-remoteWrite.queues=1",
			"-remoteWrite.flushInterval=100ms",
			"-remoteWrite.tmpDataPath=" + filepath.Join(g.Dir, "queue"),
			"-remoteWrite.streamAggr.config=" + config,
		},
	}})
}

func startWeir(t *testing.T) engine {
	root, err := cluster.Root()
	require.NoError(t, err)
	store, port, g := promtest.New(promtest.AllowRepeat()), freePort(t), cluster.NewGroup(t.TempDir())
	service, err := cluster.WeirService(g, "weir", port, []string{filepath.Join(root, "test", "anchors", "testdata", "weir.yaml")},
		fmt.Sprintf("OTLP_PORT=%d", port), "STORE_URL="+store.URL(), "STATE="+g.Dir, fmt.Sprintf("INTERVAL=%s", 2*spacing))
	require.NoError(t, err)
	return startServer(t, store, "/v1/metrics", service)
}

// until repeats a call until it is taken.
func until(ctx context.Context, e engine, md pmetric.Metrics) error {
	for {
		err := e.push(ctx, md)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}
