// Package victoriametrics holds yardsticks of `make ratios` that are VictoriaMetrics's own code.
package victoriametrics

import (
	"compress/gzip"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/protoparser/prometheus"
)

const captures = "../../internal/flinktest/testdata/1.20.3/parallelism/"

// samples is the number of sample lines in each of the pages.
const samples = 4140

func page(b *testing.B, name string) string {
	f, err := os.Open(captures + name)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	return string(body)
}

// BenchmarkParse parses two scrapes of a TaskManager by turns, as vmagent does: into the rows of the scrape before. Like
// weir.example/internal/cputime, which this module does not have, it reports processor time.
func BenchmarkParse(b *testing.B) {
	pages := [2]string{page(b, "taskmanager-1-p08+p32-a.txt.gz"), page(b, "taskmanager-1-p08+p32-b.txt.gz")}
	var rows prometheus.Rows
	n := 0
	parse := func() {
		rows.UnmarshalWithErrLogger(pages[n%2], func(line string) { b.Fatal(line) })
		if len(rows.Rows) != samples {
			b.Fatalf("%d samples", len(rows.Rows))
		}
		n++
	}
	parse()
	b.ReportAllocs()
	began := spent()
	for b.Loop() {
		parse()
	}
	b.ReportMetric(float64((spent()-began).Nanoseconds())/float64(b.N*samples), "cpu-ns/sample")
}

func spent() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
