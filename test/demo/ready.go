package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"weir.example/internal/flinkname"
	"weir.example/test/cluster"
)

const dataLimit = 2 * time.Minute

// waitForData waits until the charts have something to show: a rate needs two scrapes.
func (d *demo) waitForData(ctx context.Context, store *cluster.Store) error {
	err := d.group.Wait(ctx, "documented metrics in VictoriaMetrics", dataLimit, func(ctx context.Context) error {
		series, err := store.Query(ctx, `sum(rate(flink_task_numRecordsOut[1m])) > 0`, time.Now())
		if err == nil && len(series) == 0 {
			err = errors.New("no rate of flink_task_numRecordsOut yet")
		}
		return err
	})
	if err != nil {
		return err
	}
	found, all, err := documented(ctx, store)
	if err != nil {
		return err
	}
	d.progress(fmt.Sprintf("%d of Flink's %d documented metrics can be queried (the rest belong to Kafka, old APIs or older versions)", found, all))
	return nil
}

// documented counts the names of the documentation that the store knows, and all of them.
func documented(ctx context.Context, store *cluster.Store) (found, all int, err error) {
	series, err := store.Query(ctx, `count({job="flink"}) by (__name__)`, time.Now())
	if err != nil {
		return 0, 0, err
	}
	stored := map[string]bool{}
	for _, s := range series {
		stored[s.Labels["__name__"]] = true
	}
	names := flinkname.Flink().Documented()
	for _, name := range names {
		if stored[strings.ReplaceAll(name, ".", "_")] {
			found++
		}
	}
	return found, len(names), nil
}

func (d *demo) printPlaces(store *cluster.Store) {
	d.progress("ready")
	fmt.Printf("\n  charts            %s/vmui/#/dashboards?g0.range_input=10m\n", store.URL)
	fmt.Printf("  any query         %s/vmui/#/?g0.range_input=10m&g0.expr=flink_task_numRecordsOut\n", store.URL)
	if d.source == "flink" {
		fmt.Printf("  Flink             http://localhost:%d\n", d.flinkPort)
	}
	fmt.Printf("  Weir's health     http://localhost:%d\n", d.weirHealthPort)
	fmt.Printf("  Weir's metrics    http://localhost:%d/metrics\n", d.weirMetricsPort)
	fmt.Printf("  logs              %s\n\n", d.group.Dir)
	if d.stay == 0 {
		fmt.Println("  Ctrl-C ends it all.")
	}
}
