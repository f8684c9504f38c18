//go:generate mdatagen metadata.yaml

// Package orderedremotewriteexporter delivers metrics to a Prometheus
// remote-write store, every series in order.
//
// A sample's way, station by station: ConsumeMetrics (exporter.go) reserves
// room (room.go), walks the data (walk.go), finds the entity (entity.go), name
// (names.go) and extras (extras.go) of each point and with them its series,
// checks its order (admit.go) and appends it to the queue (queue.go) of a slot
// (slot.go). The slot cuts a request, encodes it (encoder.go, rw1.go), sends it
// (client.go) and obeys the answer (delivery.go, backoff.go).
//
// Lock order: exporter.mu, then slot.mu; room.mu is taken alone.
package orderedremotewriteexporter
