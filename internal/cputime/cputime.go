// Package cputime measures operations in processor time, for benchmarks that are compared with each other. Other processes
// make the clock of a benchmark run on, but not its processor time, which has the collector's work for it, too.
package cputime

import (
	"syscall"
	"testing"
	"time"
)

// Unit is what the loops report, beside what benchmarks tell anyway.
const Unit = "cpu-ns/sample"

// Loop is b.Loop for an operation on a number of samples. It does it once before, so that what is made once is there.
func Loop(b *testing.B, samples int, operation func()) {
	operation()
	b.ReportAllocs()
	began := Spent()
	for b.Loop() {
		operation()
	}
	report(b, samples, Spent()-began)
}

// LoopAfter is Loop with a preparation of each operation that does not count. The operation should take 100 µs or more.
func LoopAfter(b *testing.B, samples int, prepare, operation func()) {
	prepare()
	operation()
	b.ReportAllocs()
	spent := time.Duration(0)
	for b.Loop() {
		b.StopTimer()
		prepare()
		b.StartTimer()
		began := Spent()
		operation()
		spent += Spent() - began
	}
	report(b, samples, spent)
}

func report(b *testing.B, samples int, spent time.Duration) {
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N)/float64(samples), Unit)
}

// Spent is the processor time of this process so far, in microseconds.
func Spent() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // only for bad arguments
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
