package main

import (
	"context"

	"weir.example/test/cluster"
)

const (
	ordersPerSecond   = "400"
	paymentsPerSecond = "200"
	parallelism       = "2"
	// The orders job fails about this often, so that restarts, stale series and counters from zero can be seen.
	secondsBetweenFailures = "90"
)

// startSource brings up three Flink reporters: a cluster with two jobs, or recordings of one.
func (d *demo) startSource(ctx context.Context) error {
	ports, err := d.reporters()
	if err != nil {
		return err
	}
	if d.source == "recorded" {
		return d.startRecorded(ctx, ports)
	}
	jobs, err := cluster.BuildJobs(ctx, d.root, d.flinkVersion, d.progress)
	if err != nil {
		return err
	}
	flink, err := cluster.StartFlink(ctx, d.group, cluster.FlinkOptions{
		Jobs: jobs, RESTPort: d.flinkPort, RPCPort: d.flinkRPCPort, JobManagerMetric: ports[0], TaskManagers: ports[1:], Slots: 4,
	}, d.progress)
	if err != nil {
		return err
	}
	if _, err := flink.Submit(ctx, "example.weir.flink.OrdersJob", ordersPerSecond, parallelism, secondsBetweenFailures); err != nil {
		return err
	}
	if _, err := flink.Submit(ctx, "example.weir.flink.JoinJob", paymentsPerSecond, parallelism, "0"); err != nil {
		return err
	}
	d.progress("two jobs run; the orders job fails about every " + secondsBetweenFailures + " s")
	return nil
}
