// Package anchors plays the same troubled history of counters to Weir and to two other ways of removing a label, and compares what
// each reports with the true increase: VictoriaMetrics' vmagent with stream aggregation (output total), and the metricstransform
// processor of the collector's contrib repository.
//
// A history has still phases, in which no counter grows, before and after its trouble. What an output says in them is read as a
// Prometheus-style store would show it: samples that are not newer than the newest of their series are refused, and a lower value
// is a restart. `make anchors` plays all histories and writes docs/results.
package anchors
