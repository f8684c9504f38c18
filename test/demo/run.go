package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"weir.example/test/cluster"
)

// demo is one run: what it was asked for, what it started, and where.
type demo struct {
	options
	root     string
	group    *cluster.Group
	progress func(string)

	stopSource func() error // ends what is not a process of the group
}

// run does everything from the check of ports to the end of the last process.
func run(ctx context.Context, o options, progress func(string)) error {
	root, err := cluster.Root()
	if err != nil {
		return err
	}
	if err := cluster.CheckPorts(o.ports()...); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "weir-demo-")
	if err != nil {
		return err
	}
	d := &demo{options: o, root: root, group: cluster.NewGroup(dir), progress: progress, stopSource: func() error { return nil }}
	err = d.live(ctx)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		err = nil // interrupted on the way: that is how a demo ends
	}
	err = errors.Join(err, d.end())
	if err != nil {
		return fmt.Errorf("%w\n(logs are kept in %s)", err, dir)
	}
	return os.RemoveAll(dir)
}

// live starts everything in the order in which data needs it, and returns when the demo is over or something has failed.
func (d *demo) live(ctx context.Context) error {
	weir, err := cluster.WeirBinary.Path(d.root)
	if err != nil {
		return err
	}
	victoria, err := cluster.VictoriaMetricsBinary.Path(d.root)
	if err != nil {
		return err
	}
	store, err := cluster.StartVictoriaMetrics(ctx, d.group, victoria, d.vmPort, filepath.Join(d.root, "dashboards", "vmui"))
	if err != nil {
		return err
	}
	d.progress("VictoriaMetrics is up (" + store.URL + ")")
	if err := d.startSource(ctx); err != nil {
		return err
	}
	config := filepath.Join(d.root, "examples", "demo", "config.yaml")
	if _, err := cluster.StartWeir(ctx, d.group, weir, config, d.weirHealthPort, d.environment()...); err != nil {
		return err
	}
	d.progress(fmt.Sprintf("Weir is up (http://localhost:%d)", d.weirHealthPort))
	if err := d.waitForData(ctx, store); err != nil {
		return err
	}
	d.printPlaces(store)
	return d.stayUp(ctx)
}

// environment carries the ports into the configuration's ${env:...}.
func (d *demo) environment() []string {
	return []string{
		"REPORTER_PORTS=" + d.reporterPorts,
		"VM_PORT=" + strconv.Itoa(d.vmPort),
		"WEIR_HEALTH_PORT=" + strconv.Itoa(d.weirHealthPort),
		"WEIR_METRICS_PORT=" + strconv.Itoa(d.weirMetricsPort),
	}
}

func (d *demo) stayUp(ctx context.Context) error {
	var over <-chan time.Time
	if d.stay > 0 {
		over = time.After(d.stay)
	}
	select {
	case <-ctx.Done():
		return nil
	case <-over:
		return nil
	case <-d.group.Died():
		return fmt.Errorf("something ended by itself: %w", d.group.Failure())
	}
}

// end stops Weir first, which delivers what it holds, then Flink, then the store.
func (d *demo) end() error {
	d.progress("ending")
	err := d.group.Stop(func(name string) { d.progress("  " + name) })
	err = errors.Join(err, d.stopSource())
	if err == nil {
		d.progress("all processes have ended")
	}
	return err
}
