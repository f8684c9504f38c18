// Package flinktest stands in for JobManagers and TaskManagers. It replays expositions that real Flink 1.18.1 and
// 1.20.3 clusters have produced (testdata/<version>/<scenario>/<process>-<step>.txt.gz) and generated ones over HTTP,
// with the behaviour of Flink's own reporter, and misbehaves on demand.
//
//	capture.go     recorded scenarios
//	exposition.go  generated expositions
//	script.go      what an endpoint answers at each step; loops whose counters go on
//	endpoint.go    one HTTP endpoint          fault.go  how it misbehaves
//	serve.go       a whole scenario as a small cluster
package flinktest
