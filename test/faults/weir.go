//go:build faults

package faults

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/test/cluster"
)

const patience = 60 * time.Second

// options are keys of the exporter with their values as YAML.
type options map[string]string

// fast are clocks and sizes that make a fault show within seconds.
var fast = options{
	"shards":           "4",
	"target_info":      "false",
	"batch":            "{max_size: 500, flush_timeout: 100ms}",
	"retry_on_failure": "{initial_interval: 10ms, max_interval: 200ms}",
}

func (o options) with(more options) options {
	all := maps.Clone(o)
	maps.Copy(all, more)
	return all
}

func (o options) to(url string) options {
	return o.with(options{"http": fmt.Sprintf("{endpoint: %q, timeout: 20s}", url)})
}

func (o options) wal(dir string) options {
	return o.with(options{"wal": fmt.Sprintf("{directory: %q}", dir)})
}

func (o options) yaml() string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(o)) {
		fmt.Fprintf(&b, "    %s: %s\n", key, o[key])
	}
	return b.String()
}

// weir is one configuration of the binary, run as often as a test kills it.
type weir struct {
	t       *testing.T
	group   *cluster.Group
	binary  string
	process *cluster.Process
	runs    int

	otlp, health, metrics int
	metadata              bool   // the receiver passes the client's headers on
	extra                 string // extensions, as YAML
	pipeline              string // their names
	env                   []string
}

// start starts Weir with these exporter options and returns when its receiver takes calls.
func start(t *testing.T, o options) *weir {
	w := prepare(t)
	w.run(o)
	return w
}

func prepare(t *testing.T) *weir {
	root, err := cluster.Root()
	require.NoError(t, err)
	binary, err := cluster.WeirBinary.Path(root)
	require.NoError(t, err)
	w := &weir{t: t, binary: binary, group: cluster.NewGroup(t.TempDir()), otlp: freePort(t), health: freePort(t), metrics: freePort(t)}
	t.Cleanup(func() {
		if t.Failed() && w.process != nil {
			t.Log(w.process.LogTail())
		}
		require.NoError(t, w.group.Stop(nil))
	})
	return w
}

// load is a source that pushes to this Weir: samples of the last ten minutes, one second apart.
func (w *weir) load(instances, series int) *Load {
	return &Load{
		URL:       fmt.Sprintf("http://127.0.0.1:%d/v1/metrics", w.otlp),
		Instances: instances,
		Series:    series,
		Start:     time.Now().Add(-10 * time.Minute).Truncate(time.Second),
		Interval:  time.Second,
		Workers:   4,
		acked:     make([]int, instances),
	}
}

// run starts the binary once more; the one before must have ended.
func (w *weir) run(o options) {
	w.t.Helper()
	w.runs++
	name := fmt.Sprintf("weir-%d", w.runs)
	config := filepath.Join(w.group.Dir, name+".yaml")
	require.NoError(w.t, os.WriteFile(config, []byte(w.config(o)), 0o644))
	p, err := w.group.Start(cluster.Command{Name: name, Path: w.binary, Args: []string{"--config", config, cluster.ComponentStatus}, Env: w.env})
	require.NoError(w.t, err)
	w.process = p
	require.NoError(w.t, w.group.Wait(w.t.Context(), "Weir to take calls", patience, func(ctx context.Context) error {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", w.otlp))
		if err != nil {
			return err
		}
		return c.Close()
	}))
}

func (w *weir) config(o options) string {
	return fmt.Sprintf(`
extensions:
  health_check:
    http: {endpoint: "127.0.0.1:%d", status: {enabled: true, path: /}}
    component_health: {include_permanent_errors: true, include_recoverable_errors: true, recovery_duration: 100ms}
%s
receivers:
  otlp: {protocols: {http: {endpoint: "127.0.0.1:%d", include_metadata: %t}}}
exporters:
  orderedremotewrite:
%s
service:
  extensions: [health_check%s]
  telemetry:
    metrics: {level: detailed, readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d}}}}]}
  pipelines:
    metrics: {receivers: [otlp], exporters: [orderedremotewrite]}
`, w.health, w.extra, w.otlp, w.metadata, o.yaml(), w.pipeline, w.metrics)
}

// kill ends Weir with SIGKILL.
func (w *weir) kill() {
	w.t.Helper()
	require.NoError(w.t, w.group.KillProcess(w.process))
}

// stop ends Weir with SIGTERM; it must end well, and soon: the exporter takes five seconds at most, a busy machine more.
func (w *weir) stop() {
	w.t.Helper()
	began := time.Now()
	require.NoError(w.t, w.group.StopProcess(w.process), w.process.LogTail())
	require.Less(w.t, time.Since(began), 30*time.Second, "SIGTERM to end")
	require.ErrorContains(w.t, w.process.Failure(), "exit code 0")
}

// healthy is what health_check answers.
func (w *weir) healthy() bool {
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", w.health))
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// mayEnd says that the process may end by itself.
func (w *weir) mayEnd() { w.group.Expect(w.process) }

// memory is the process's resident set and its highest so far, in MiB.
func (w *weir) memory() (now, peak int) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.process.PID()))
	require.NoError(w.t, err)
	for line := range strings.Lines(string(data)) {
		_, _ = fmt.Sscanf(line, "VmRSS: %d kB", &now)
		_, _ = fmt.Sscanf(line, "VmHWM: %d kB", &peak)
	}
	return now >> 10, peak >> 10
}

// signal sends a signal without waiting.
func (w *weir) signal(s syscall.Signal) {
	w.t.Helper()
	require.NoError(w.t, syscall.Kill(w.process.PID(), s))
}

// wait polls until check returns nil.
func (w *weir) wait(what string, check func() error) {
	w.t.Helper()
	require.NoError(w.t, w.group.Wait(w.t.Context(), what, patience, func(context.Context) error { return check() }))
}

var errNotYet = errors.New("not yet")

// until is wait for a condition that explains itself.
func (w *weir) until(what string, cond func() bool) {
	w.t.Helper()
	w.wait(what, func() error {
		if cond() {
			return nil
		}
		return errNotYet
	})
}

// fails starts Weir where it must end by itself, and returns how.
func (w *weir) fails(o options) error {
	w.t.Helper()
	config := filepath.Join(w.group.Dir, "weir.yaml")
	require.NoError(w.t, os.WriteFile(config, []byte(w.config(o)), 0o644))
	p, err := w.group.Start(cluster.Command{Name: "weir", Path: w.binary, Args: []string{"--config", config, cluster.ComponentStatus}})
	require.NoError(w.t, err)
	w.group.Expect(p)
	select {
	case <-p.Done():
	case <-time.After(patience):
		w.t.Fatal("it runs")
	}
	return p.Failure()
}

// push sends one call and returns the answer's status.
func (w *weir) push(metrics pmetric.Metrics) int {
	w.t.Helper()
	body, err := marshaler.MarshalMetrics(metrics)
	require.NoError(w.t, err)
	status, answer, err := w.load(1, 1).post(w.t.Context(), body)
	require.NoError(w.t, err)
	if status != http.StatusOK {
		w.t.Log(answer)
	}
	return status
}
