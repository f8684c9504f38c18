// Package conformance runs the built binary, as a scraper that writes to a store, against what the Prometheus project asks of
// every sender: the suite it publishes and runs itself, and our own writing of the cases of its older suite for Remote Write
// 1.0. The tests need the build tag conformance: `make conformance`.
package conformance
