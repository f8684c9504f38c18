//go:build faults

package faults

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/test/cluster"
)

type startStore func(ctx context.Context, g *cluster.Group, binary string, port int) (*cluster.Store, error)

func startVictoria(ctx context.Context, g *cluster.Group, binary string, port int) (*cluster.Store, error) {
	return cluster.StartVictoriaMetrics(ctx, g, binary, port, "")
}

// Kills and restarts of Weir, and outages and a restart of the store, in turn.
func TestPrometheusWithoutRoomForDisorderRefusesNothing(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{`"1.0"`, `"2.0"`} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s := newRealStore(t, cluster.PrometheusBinary, cluster.StartPrometheus)
			s.survives(t, protocol)
			disorder := 0.0
			for name, family := range s.families(t) {
				switch name {
				case "prometheus_tsdb_out_of_order_samples_total", "prometheus_tsdb_too_old_samples_total", "prometheus_tsdb_out_of_bound_samples_total":
					for _, m := range family.Metric {
						disorder += m.GetCounter().GetValue()
					}
				}
			}
			assert.Zero(t, disorder, "samples that Prometheus counts as out of order, out of bounds or too old")
		})
	}
}

func TestVictoriaMetricsHoldsEverySample(t *testing.T) {
	t.Parallel()
	s := newRealStore(t, cluster.VictoriaMetricsBinary, startVictoria)
	s.survives(t, "auto")
}

// realStore is a store behind a gate and a proxy. The proxy hands on only whole requests and counts the answers by status.
type realStore struct {
	*cluster.Store

	group *cluster.Group
	start func() *cluster.Store
	gate  *gate

	mu      sync.Mutex
	answers map[int]int
}

func newRealStore(t *testing.T, binary cluster.Binary, start startStore) *realStore {
	root, err := cluster.Root()
	require.NoError(t, err)
	path, err := binary.Path(root)
	require.NoError(t, err)
	port := freePort(t)
	s := &realStore{group: cluster.NewGroup(t.TempDir()), answers: map[int]int{}}
	s.start = func() *cluster.Store {
		store, err := start(t.Context(), s.group, path, port)
		require.NoError(t, err)
		return store
	}
	s.Store = s.start()
	t.Cleanup(func() { require.NoError(t, s.group.Stop(nil)) })
	s.gate = newGate(t, s.proxy(t))
	return s
}

func (s *realStore) proxy(t *testing.T) string {
	target, err := url.Parse(s.URL)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = quiet
	proxy.ModifyResponse = func(r *http.Response) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.answers[r.StatusCode]++
		return nil
	}
	return serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the sender was cut or killed while it wrote
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r.WithContext(context.WithoutCancel(r.Context())))
	})).URL
}

// survives is the story: steady, kill, outage, SIGTERM in an outage, restart of the store, kill.
func (s *realStore) survives(t *testing.T, protocol string) {
	o := fast.to(s.gate.URL()).wal(t.TempDir()).with(options{"protocol": protocol})
	w := start(t, o)
	l := w.load(10, scaled(200, 50))
	require.NoError(t, l.Run(t.Context(), 5))
	for range scaled(10, 2) {
		w.killDuring(l, 4, o)
	}
	s.gate.Shut()
	require.NoError(t, l.Run(t.Context(), 10))
	w.stop()
	w.run(o)
	require.NoError(t, l.Run(t.Context(), 10))
	s.gate.Open(t)
	require.NoError(t, l.Run(t.Context(), 5))
	require.NoError(t, s.group.StopProcess(s.Process))
	require.NoError(t, l.Run(t.Context(), 5))
	s.Store = s.start()
	w.killDuring(l, 4, o)
	w.drained()

	delivered := 0
	w.wait("the store to show every sample", func() error {
		found, err := s.arrivals(t)
		if err != nil {
			return err
		}
		if delivered, err = l.Delivered(found); err != nil || delivered == l.Samples() {
			return err
		}
		return fmt.Errorf("%d of %d", delivered, l.Samples())
	})
	assert.Empty(t, w.drops())
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Logf("%d samples acknowledged, %d in the store; answers %v", l.Samples(), delivered, s.answers)
	for status, n := range s.answers {
		assert.NotEqual(t, 4, status/100, "%d answers %d", n, status)
	}
}

func (s *realStore) arrivals(t *testing.T) ([]arrival, error) {
	found, err := s.Query(t.Context(), loadName+"[1h]", time.Now().Add(time.Minute))
	if err != nil {
		return nil, err
	}
	var out []arrival
	for _, series := range found {
		for _, p := range series.Samples {
			out = append(out, arrival{series.Labels["instance"], series.Labels["series"], p.Millis, p.Value})
		}
	}
	return out, nil
}

func (s *realStore) families(t *testing.T) map[string]*dto.MetricFamily {
	resp, err := http.Get(s.URL + "/metrics")
	require.NoError(t, err)
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	require.NoError(t, err)
	return families
}
