package main

import (
	"context"
	"fmt"

	"weir.example/internal/flinktest"
)

// What SOURCE=recorded replays: four jobs, one of which fails and comes back, on one JobManager and two TaskManagers.
const (
	recordedVersion  = "1.20.3"
	recordedScenario = "restart"
)

// startRecorded serves the recording from this process until stopSource is called: longer than ctx, since Weir still scrapes while it
// is being ended.
func (d *demo) startRecorded(ctx context.Context, ports []int) error {
	addrs := make([]string, len(ports))
	for i, p := range ports {
		addrs[i] = fmt.Sprintf("127.0.0.1:%d", p)
	}
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ready, ended := make(chan []string, 1), make(chan error, 1)
	go func() {
		ended <- flinktest.ServeScenario(serving, recordedVersion, recordedScenario, func(urls []string) { ready <- urls }, addrs...)
	}()
	select {
	case err := <-ended:
		cancel()
		return err
	case <-ready:
	}
	d.stopSource = func() error {
		cancel()
		return <-ended
	}
	d.progress(fmt.Sprintf("recorded reporters of Flink %s answer on ports %s", recordedVersion, d.reporterPorts))
	return nil
}
