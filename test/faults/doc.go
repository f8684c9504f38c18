// Package faults breaks everything around the built binary and then asks one question: is every sample that Weir
// acknowledged either in the store, once and in order, or counted as dropped?
//
// A Load pushes samples of known content over OTLP and remembers which pushes were acknowledged. Weir delivers them through a
// Gate, which can be shut, to a strict receiver (internal/promtest) or to a real store. The tests need the build tag faults;
// `make faults` runs them in full and writes docs/results, `go test -short` runs a subset with smaller numbers.
package faults
