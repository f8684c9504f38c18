package main

import (
	"weir.example/test/cluster"
)

// program is an executable that takes part.
type program string

const (
	weir       program = "weir"
	vmagent    program = "vmagent"
	prometheus program = "prometheus"
	otelcol    program = "otelcol"
	slim       program = "slim"    // Weir without the components it does not need
	sidecar    program = "sidecar" // the same binary with its own configuration
)

var slimBinary = cluster.Binary{Default: "bin/weir-sidecar", Variable: "WEIR_SIDECAR_BIN", Make: "make sidecar"}

var binaries = map[program]cluster.Binary{
	weir:       cluster.WeirBinary,
	vmagent:    {Default: ".tools/vmagent", Variable: "VMAGENT_BIN", Make: "make bench-pipeline"},
	prometheus: cluster.PrometheusBinary,
	otelcol:    {Default: ".tools/otelcol", Variable: "OTELCOL_BIN", Make: "make bench-pipeline"},
	slim:       slimBinary,
	sidecar:    slimBinary,
}

// contender is one program with one configuration.
type contender struct {
	Name     string // unique in its round; its path at source and sink
	Program  program
	Steps    steps
	Protocol string // of remote write
	WAL      bool   // Weir's; a Prometheus agent always has one
	Storage  bool   // of what Weir's receiver and processor know
}

// steps is what is done to the data on its way.
type steps string

const (
	plain  steps = "plain"  // nothing
	rename steps = "rename" // Flink's documented names; the two labels of a task's attempt go
	merged steps = "merged" // rename, and the subtasks of a task are aggregated
)

// round is a set of contenders that run at the same time.
type round struct {
	name       string
	about      string
	contenders []contender
	apart      bool // not one of "all"
}

var rounds = []round{
	{"plain", "every series as Flink names it", []contender{
		{"weir", weir, plain, "2.0", false, false},
		{"vmagent", vmagent, plain, "1.0", false, false},
		{"prometheus", prometheus, plain, "2.0", false, false},
		{"otelcol", otelcol, plain, "2.0", false, false},
	}, false},
	{"rename", "documented names; the labels of task attempts are superseded (Weir) or dropped (the others)", []contender{
		{"weir", weir, rename, "2.0", false, false},
		{"weir-slim", slim, rename, "2.0", false, false},
		{"vmagent", vmagent, rename, "1.0", false, false},
		{"prometheus", prometheus, rename, "2.0", false, false},
		{"otelcol", otelcol, rename, "2.0", false, false},
	}, false},
	{"rw1", "as rename, with Remote Write 1.0", []contender{
		{"weir", weir, rename, "1.0", false, false},
		{"vmagent", vmagent, rename, "1.0", false, false},
		{"prometheus", prometheus, rename, "1.0", false, false},
		{"otelcol", otelcol, rename, "1.0", false, false},
	}, false},
	{"wal", "as rename, without and with Weir's log (fsync: interval), and with storage of what receiver and processor know", []contender{
		{"weir", weir, rename, "2.0", false, false},
		{"weir-wal", weir, rename, "2.0", true, false},
		{"weir-wal-storage", weir, rename, "2.0", true, true},
		{"vmagent", vmagent, rename, "1.0", false, false},
	}, false},
	{"merged", "as rename, and subtask_index is aggregated away", []contender{
		{"weir", weir, merged, "2.0", false, false},
		{"weir-wal-storage", weir, merged, "2.0", true, true},
		{"vmagent-aggregation", vmagent, merged, "1.0", false, false},
		{"vmagent", vmagent, rename, "1.0", false, false},
	}, false},
	{"sidecar", "the slim build of examples/sidecar beside one Flink process: one slot, plain text, a log, storage", []contender{
		{"sidecar", sidecar, rename, "2.0", true, true},
	}, true},
}
