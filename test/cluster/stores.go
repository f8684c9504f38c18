package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const storeLimit = time.Minute

// StartVictoriaMetrics starts a single-node store and returns it when it answers. Dashboards is a directory of custom vmui
// dashboards, or empty.
func StartVictoriaMetrics(ctx context.Context, g *Group, binary string, port int, dashboards string) (*Store, error) {
	args := []string{
		"-storageDataPath=" + filepath.Join(g.Dir, "victoria-metrics-data"),
		fmt.Sprintf("-httpListenAddr=127.0.0.1:%d", port),
		"-retentionPeriod=7d",
		"-search.latencyOffset=0s", // show a sample as soon as it is there
		"-loggerLevel=WARN",
	}
	if dashboards != "" {
		args = append(args, "-vmui.customDashboardsPath="+dashboards)
	}
	p, err := g.Start(Command{Name: "victoria-metrics", Path: binary, Args: args})
	if err != nil {
		return nil, err
	}
	s := &Store{URL: fmt.Sprintf("http://localhost:%d", port), Process: p}
	return s, g.Wait(ctx, "VictoriaMetrics at "+s.URL, storeLimit, func(ctx context.Context) error {
		return answers(ctx, s.URL+"/health")
	})
}

// ShowAll makes everything that a VictoriaMetrics took visible to queries, which it otherwise does some seconds later.
func (s *Store) ShowAll(ctx context.Context) error {
	return answers(ctx, s.URL+"/internal/force_flush")
}

// prometheusConfig leaves no room for samples out of order: they are refused.
const prometheusConfig = "storage:\n  tsdb:\n    out_of_order_time_window: 0s\n"

// StartPrometheus starts a Prometheus that scrapes nothing, takes remote write, and refuses samples out of order.
func StartPrometheus(ctx context.Context, g *Group, binary string, port int) (*Store, error) {
	config := filepath.Join(g.Dir, "prometheus.yml")
	if err := os.WriteFile(config, []byte(prometheusConfig), 0o644); err != nil {
		return nil, err
	}
	p, err := g.Start(Command{Name: "prometheus", Path: binary, Args: []string{
		"--config.file=" + config,
		"--storage.tsdb.path=" + filepath.Join(g.Dir, "prometheus-data"),
		fmt.Sprintf("--web.listen-address=127.0.0.1:%d", port),
		"--web.enable-remote-write-receiver",
	}})
	if err != nil {
		return nil, err
	}
	s := &Store{URL: fmt.Sprintf("http://localhost:%d", port), Process: p}
	return s, g.Wait(ctx, "Prometheus at "+s.URL, storeLimit, func(ctx context.Context) error {
		return answers(ctx, s.URL+"/-/ready")
	})
}
