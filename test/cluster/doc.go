// Package cluster starts and ends real processes on this machine, for end-to-end tests and the demo: an Apache Flink
// session cluster and an Apache Kafka broker from Maven Central's jars, VictoriaMetrics, Prometheus and Weir.
//
// Every process belongs to a Group, which ends them in reverse order of their start. A process has its own process group,
// so that the terminal's ^C reaches only the parent, and dies with the parent even when that is killed with SIGKILL
// (on Linux). What a process prints goes to a log file whose tail is part of every error about it.
package cluster
