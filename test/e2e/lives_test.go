//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"weir.example/test/cluster"
)

// lives is one Weir, run as often as a test kills it: the same configuration, ports and directories each time.
type lives struct {
	group   *cluster.Group
	name    string
	configs []string // later ones are laid over earlier ones
	ready   int      // a port that listens when Weir has started
	metrics int      // of Weir's own metrics
	env     []string

	process *cluster.Process
	count   int
}

// run starts the next life; the one before must have ended.
func (l *lives) run(t *testing.T, env ...string) {
	t.Helper()
	root, err := cluster.Root()
	require.NoError(t, err)
	binary, err := cluster.WeirBinary.Path(root)
	require.NoError(t, err)
	l.count++
	args := []string{cluster.ComponentStatus}
	for _, c := range l.configs {
		args = append(args, "--config", c)
	}
	l.process, err = l.group.Start(cluster.Command{
		Name: fmt.Sprintf("%s-%d", l.name, l.count), Path: binary, Args: args, Env: append(l.env, env...),
	})
	require.NoError(t, err)
	require.NoError(t, l.group.Wait(t.Context(), l.name, time.Minute, func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", l.ready))
		if err != nil {
			return err
		}
		return conn.Close()
	}))
}

// kill ends the present life with SIGKILL.
func (l *lives) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, l.group.KillProcess(l.process))
}

// stop ends the present life with SIGTERM; it must end well.
func (l *lives) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, l.group.StopProcess(l.process), l.process.LogTail())
	require.ErrorContains(t, l.process.Failure(), "exit code 0")
}

// own returns the values of one of Weir's own metrics by one of its labels. Units and _total need not be part of the name.
func (l *lives) own(t *testing.T, name, label string) map[string]float64 {
	t.Helper()
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", l.metrics))
	require.NoError(t, err)
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	require.NoError(t, err)
	out := map[string]float64{}
	for full, family := range families {
		if !strings.HasPrefix(full, name) {
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
