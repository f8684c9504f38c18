//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
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
	demo := startDemo(t)
	demo.waitFor(t, "] ready")

	store := &cluster.Store{URL: fmt.Sprintf("http://localhost:%d", demo.ports[0])}
	t.Run("every chart has data", func(t *testing.T) { everyChartHasData(t, store) })
	t.Run("a busy port is named before anything starts", func(t *testing.T) {
		busy := fmt.Sprint(demo.ports[0])
		out, err := exec.CommandContext(t.Context(), demo.binary, "-source", "recorded", "-vm-port", busy).CombinedOutput()
		require.Error(t, err)
		assert.Contains(t, string(out), "port "+busy+" (VictoriaMetrics) is in use")
		assert.Contains(t, string(out), "VM_PORT=")
	})

	children := childrenOf(t, demo.cmd.Process.Pid)
	assert.Len(t, children, 2, "VictoriaMetrics and Weir")
	require.NoError(t, demo.cmd.Process.Signal(os.Interrupt))
	require.NoError(t, <-demo.ended, demo.out.String())
	assert.Contains(t, demo.out.String(), "all processes have ended")
	demo.requireNothingLeft(t, children)
}

func TestTheDemoTellsWhichProcessDied(t *testing.T) {
	demo := startDemo(t)
	demo.waitFor(t, "] Weir is up")
	children := childrenOf(t, demo.cmd.Process.Pid)
	require.NoError(t, syscall.Kill(children["weir"], syscall.SIGKILL))

	require.Error(t, <-demo.ended)
	assert.Contains(t, demo.out.String(), "weir ended: signal: killed")
	assert.Contains(t, demo.out.String(), "weir.log")
	demo.requireNothingLeft(t, children)
}

func TestNothingOutlivesAKilledDemo(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("only Linux can tie a child to its parent")
		return
	}
	demo := startDemo(t)
	demo.waitFor(t, "] Weir is up")
	children := childrenOf(t, demo.cmd.Process.Pid)
	require.Len(t, children, 2)

	require.NoError(t, demo.cmd.Process.Kill())
	require.Error(t, <-demo.ended)
	demo.requireNothingLeft(t, children)
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
	ports  []int // VictoriaMetrics, Weir's health and metrics, three reporters
	cmd    *exec.Cmd
	out    *output
	ended  chan error // what Wait returned
}

func startDemo(t *testing.T) *runningDemo {
	d := &runningDemo{binary: filepath.Join(t.TempDir(), "weir-demo"), out: &output{}, ended: make(chan error, 1)}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", d.binary, "weir.example/test/demo")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	d.cmd = exec.Command(d.binary, "-source", "recorded")
	d.cmd.Env = append(os.Environ(), d.choosePorts(t)...)
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

// choosePorts returns the environment that moves the demo to free ports.
func (d *runningDemo) choosePorts(t *testing.T) []string {
	free, err := cluster.FreePorts(3)
	require.NoError(t, err)
	first := threeFreePorts(t)
	d.ports = append(free, first, first+1, first+2)
	return []string{
		"TMPDIR=" + t.TempDir(), // a killed demo cannot remove its directory
		fmt.Sprintf("VM_PORT=%d", free[0]),
		fmt.Sprintf("WEIR_HEALTH_PORT=%d", free[1]),
		fmt.Sprintf("WEIR_METRICS_PORT=%d", free[2]),
		fmt.Sprintf("REPORTER_PORTS=%d-%d", first, first+2),
	}
}

// requireNothingLeft waits until none of the processes runs and all ports can be listened on.
func (d *runningDemo) requireNothingLeft(t *testing.T, children map[string]int) {
	t.Helper()
	for name, pid := range children {
		require.Eventually(t, func() bool {
			return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
		}, 30*time.Second, 20*time.Millisecond, "%s (%d) still runs", name, pid)
	}
	for _, p := range d.ports {
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", p))
		require.NoError(t, err)
		require.NoError(t, l.Close())
	}
}

// childrenOf returns the processes that a process has started, by name.
func childrenOf(t *testing.T, parent int) map[string]int {
	out, err := exec.CommandContext(t.Context(), "ps", "-A", "-o", "pid=,ppid=,comm=").Output()
	require.NoError(t, err)
	children := map[string]int{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pid, err := strconv.Atoi(fields[0])
		require.NoError(t, err)
		if fields[1] == strconv.Itoa(parent) {
			children[filepath.Base(fields[2])] = pid
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
