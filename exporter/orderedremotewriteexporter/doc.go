//go:generate mdatagen metadata.yaml

// Package orderedremotewriteexporter delivers metrics to a Prometheus
// remote-write store, every series in order.
//
// A sample's way, station by station: ConsumeMetrics (call.go) walks the data
// (walk.go), finds the entity (entity.go), name (names.go) and extras
// (translator.go) of each point and with them its series, checks its order
// (admit.go), takes room (room.go) and hands it to the backlog of a slot: a queue in
// memory (queue.go) or a log (journal.go, record.go). The slot (slot.go) fills a
// request from there (tail.go), notes its end (cursor.go), keeps pace with the other
// slots (pace.go), encodes it (encoder.go, rw1.go, rw2.go), sends it (client.go) and
// obeys the answer (delivery.go, backoff.go). After a start, recovery.go restores
// what the logs hold, and era.go what logs there are.
//
// Lock order: exporter.mu, then journal.mu or queue.mu, then room.mu. pace.mu is taken
// alone.
package orderedremotewriteexporter
