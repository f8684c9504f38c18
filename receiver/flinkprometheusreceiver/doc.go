//go:generate mdatagen metadata.yaml

// Package flinkprometheusreceiver scrapes the Prometheus reporters of Apache Flink's JobManagers and TaskManagers. A
// scrape passes through these files in order:
//
//	wave.go      when each target is scraped         loop.go      one clock per target
//	scraper.go   one scrape, from request to commit
//	fetch.go     GET, decompression    chunk.go    pieces of whole lines, as the body arrives
//	reading.go   lines -> points       text.go     one line of the text format      number.go    its value
//	                                   catalog.go  what lines mean: entities, metrics, series
//	                                   naming.go   kind, unit and description of a metric
//	history.go   start times and stale markers
//	memory.go    what the next life of Weir must know      record.go   how it is written     archive.go   where
//	turn.go      how many at a time
//	build.go     points -> pdata
//	reclaim.go   what is left when targets have been learned
//
// All state of a target belongs to the goroutine of its loop; nothing is shared between targets but the HTTP client,
// the buffers, the turns and the telemetry.
package flinkprometheusreceiver
