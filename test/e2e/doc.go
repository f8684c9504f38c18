// Package e2e tests the built binary against real Flink, a real Kafka, real stores and the real demo: `make e2e`. The tests have the
// build tag e2e, need Java 17, Maven, bin/weir and .tools/{victoria-metrics,prometheus}, and take a few minutes.
//
// What a test expects is computed from what Flink really said: proxies between Weir and the reporters keep every body, and
// the reference reads them with Prometheus's own parser and the documented rules, sharing no code with Weir's receiver. The same
// bodies tell what totals must be: the oracle of totals_oracle_test.go adds them up, whatever was killed meanwhile. What comes by
// push, over HTTP or through Kafka, is remembered by its source, with what was acknowledged.
package e2e
