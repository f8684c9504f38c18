// Command weir-rules tries the rules of a cardinality processor on recorded metrics or label values and tells what would
// happen to them and why. It runs the processor itself, without pipeline, storage or network.
//
//	main.go    arguments and exit codes
//	config.go  the processor's configuration out of the collector's, or a file of rules
//	input.go   inputs: files, gzip, standard input
//	page.go    a page in the Prometheus text format becomes metrics
//	values.go  lines of key and value become metrics
//	report.go  what is told, with everything sensitive masked (mask.go)
//	table.go   the report for people; JSON is for programs
package main
