//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/test/cluster"
)

// TestDemoRecorded runs what `make demo SOURCE=recorded` runs, on other ports, looks at every chart and interrupts it.
func TestDemoRecorded(t *testing.T) {
	ports, err := cluster.FreePorts(3)
	require.NoError(t, err)
	reporters := threeFreePorts(t)
	demo := startDemo(t,
		fmt.Sprintf("VM_PORT=%d", ports[0]), fmt.Sprintf("WEIR_HEALTH_PORT=%d", ports[1]), fmt.Sprintf("WEIR_METRICS_PORT=%d", ports[2]),
		fmt.Sprintf("REPORTER_PORTS=%d-%d", reporters, reporters+2))
	demo.waitFor(t, "] ready")

	store := &cluster.Store{URL: fmt.Sprintf("http://localhost:%d", ports[0])}
	t.Run("every chart has data", func(t *testing.T) { everyChartHasData(t, store) })
	t.Run("a busy port is named before anything starts", func(t *testing.T) {
		out, err := exec.CommandContext(t.Context(), demo.binary, "-source", "recorded", "-vm-port", fmt.Sprint(ports[0])).CombinedOutput()
		require.Error(t, err)
		assert.Contains(t, string(out), fmt.Sprintf("port %d (VictoriaMetrics) is in use", ports[0]))
		assert.Contains(t, string(out), "VM_PORT=")
	})

	children := childrenOf(t, demo.cmd.Process.Pid)
	assert.Len(t, children, 2, "VictoriaMetrics and Weir")
	require.NoError(t, demo.cmd.Process.Signal(os.Interrupt))
	require.NoError(t, <-demo.ended, demo.out.String())
	assert.Contains(t, demo.out.String(), "all processes have ended")
	for _, pid := range children {
		assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "process %d still runs", pid)
	}
	for _, p := range append(ports, reporters, reporters+1, reporters+2) {
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", p))
		if assert.NoError(t, err) {
			l.Close()
		}
	}
}

func everyChartHasData(t *testing.T, store *cluster.Store) {
	for _, expr := range chartExpressions(t) {
		var last error
		ok := assert.Eventually(t, func() bool {
			series, err := store.QueryRange(t.Context(), expr, time.Now().Add(-5*time.Minute), time.Now(), 5*time.Second)
			last = err
			return err == nil && len(series) > 0
		}, time.Minute, 200*time.Millisecond, expr)
		if !ok {
			t.Log(last)
		}
	}
}

// chartExpressions are all queries of dashboards/vmui.
func chartExpressions(t *testing.T) []string {
	root, err := cluster.Root()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(root, "dashboards", "vmui", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var exprs []string
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		var dashboard struct {
			Rows []struct {
				Panels []struct {
					Expr, Alias []string
				}
			}
		}
		require.NoError(t, json.Unmarshal(data, &dashboard), f)
		for _, row := range dashboard.Rows {
			for _, panel := range row.Panels {
				assert.Len(t, panel.Alias, len(panel.Expr), f)
				exprs = append(exprs, panel.Expr...)
			}
		}
	}
	require.NotEmpty(t, exprs)
	return exprs
}

// runningDemo is the demo as a process of its own, built from this tree.
type runningDemo struct {
	binary string
	cmd    *exec.Cmd
	out    *output
	ended  chan error // what Wait returned
}

func startDemo(t *testing.T, env ...string) *runningDemo {
	d := &runningDemo{binary: filepath.Join(t.TempDir(), "weir-demo"), out: &output{}, ended: make(chan error, 1)}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", d.binary, "weir.example/test/demo")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	d.cmd = exec.Command(d.binary, "-source", "recorded")
	d.cmd.Env = append(os.Environ(), env...)
	d.cmd.Stdout, d.cmd.Stderr = d.out, d.out
	require.NoError(t, d.cmd.Start())
	go func() { d.ended <- d.cmd.Wait(); close(d.ended) }()
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill() // if the test failed on the way; the kernel ends the children
		<-d.ended
	})
	return d
}

func (d *runningDemo) waitFor(t *testing.T, line string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for !strings.Contains(d.out.String(), line) {
		select {
		case <-ctx.Done():
			t.Fatalf("the demo did not print %q:\n%s", line, d.out)
		case err := <-d.ended:
			t.Fatalf("the demo ended: %v\n%s", err, d.out)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// output collects what a process prints.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// childrenOf lists the processes that a process has started.
func childrenOf(t *testing.T, parent int) []int {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	var children []int
	for _, file := range stats {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		var pid, ppid int
		var state string
		fmt.Sscanf(string(data), "%d", &pid)
		_, after, _ := strings.Cut(string(data), ") ")
		fmt.Sscanf(after, "%s %d", &state, &ppid)
		if ppid == parent {
			children = append(children, pid)
		}
	}
	return children
}

// threeFreePorts returns the first of three neighbours.
func threeFreePorts(t *testing.T) int {
	for range 50 {
		p, err := cluster.FreePorts(1)
		require.NoError(t, err)
		if cluster.CheckPorts(cluster.Port{Number: p[0]}, cluster.Port{Number: p[0] + 1}, cluster.Port{Number: p[0] + 2}) == nil {
			return p[0]
		}
	}
	t.Fatal("no three free ports in a row")
	return 0
}
