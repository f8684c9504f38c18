package pebblestorage

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// operation is what a component asked for.
type operation int

const (
	opGet operation = iota
	opSet
	opDelete
	opBatch
	opWalk
	operations
)

var operationNames = [operations]string{"get", "set", "delete", "batch", "walk"}

// counts are the operations so far, [0] done and [1] failed. They are atomics, and read when telemetry asks, because a
// get can take less time than a counter of OpenTelemetry.
type counts [operations][2]atomic.Int64

func (c *counts) add(op operation, err error) {
	if err != nil {
		c[op][1].Add(1)
		return
	}
	c[op][0].Add(1)
}

func (c *counts) observe(_ context.Context, o metric.Int64Observer) error {
	for op, name := range operationNames {
		for failed, outcome := range []string{"success", "failure"} {
			o.Observe(c[op][failed].Load(), metric.WithAttributeSet(attribute.NewSet(
				attribute.String("operation", name), attribute.String("outcome", outcome))))
		}
	}
	return nil
}
