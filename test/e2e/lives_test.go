//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"weir.example/test/cluster"
)

// lives is a Weir that a test kills and starts again, and asks for its own metrics.
type lives struct {
	*cluster.Service

	t       *testing.T
	metrics int // port
}

// newLives makes a Weir that is ready when port takes connections; env should name that and the metrics port to the configuration.
func newLives(t *testing.T, g *cluster.Group, name string, port, metrics int, configs []string, env ...string) *lives {
	service, err := cluster.WeirService(g, name, port, configs, env...)
	require.NoError(t, err)
	return &lives{Service: service, t: t, metrics: metrics}
}

func (l *lives) run(env ...string) {
	l.t.Helper()
	require.NoError(l.t, l.Run(l.t.Context(), env...))
}

func (l *lives) kill() {
	l.t.Helper()
	require.NoError(l.t, l.Kill())
}

// stop ends it with SIGTERM; it must end well.
func (l *lives) stop() {
	l.t.Helper()
	require.NoError(l.t, l.Stop(), l.Process.LogTail())
	require.ErrorContains(l.t, l.Process.Failure(), "exit code 0")
}

// own returns the values of those of Weir's own metrics whose names begin like this, summed by one of their labels.
func (l *lives) own(prefix, label string) map[string]float64 {
	l.t.Helper()
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", l.metrics))
	require.NoError(l.t, err)
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	require.NoError(l.t, err)
	out := map[string]float64{}
	for name, family := range families {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		for _, m := range family.GetMetric() {
			out[labelOf(m, label)] += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return out
}

func labelOf(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}
