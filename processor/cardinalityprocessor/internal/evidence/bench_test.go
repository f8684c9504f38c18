package evidence

import (
	"fmt"
	"testing"

	"github.com/cespare/xxhash/v2"
)

// BenchmarkObserve is the steady state: values of an hour of the stream, over and
// over, a thousand observations a second.
func BenchmarkObserve(b *testing.B) {
	type one struct {
		label, value string
		hash         uint64
	}
	by := map[string][]one{}
	stream(1, 500, func(s sighted) {
		o := one{s.label, s.value, xxhash.Sum64String(s.value)}
		by[s.label] = append(by[s.label], o)
		by["every label"] = append(by["every label"], o)
	})
	for _, name := range []string{"status", "tenant", "user_id", "request_id", "every label"} {
		b.Run(name, func(b *testing.B) {
			e := New(Config{MaxLabels: 100, MaxRemembered: 1 << 20})
			seen := by[name]
			next := func(i int) {
				o := &seen[i%len(seen)]
				observe(e, "http_requests_total", o.label, o.hash, o.value, start+int64(i/1000))
			}
			n := 0
			for range 2 * len(seen) {
				next(n)
				n++
			}
			b.ReportAllocs()
			for b.Loop() {
				next(n)
				n++
			}
		})
	}
}

// BenchmarkObserveSlowly is one observation a second, when closing panes costs most
// for each.
func BenchmarkObserveSlowly(b *testing.B) {
	e := small()
	values := make([]string, 1000)
	for i := range values {
		values[i] = fmt.Sprint(i)
		see(e, "m", "l", values[i], start)
	}
	sec := start
	b.ReportAllocs()
	for b.Loop() {
		sec++
		see(e, "m", "l", values[sec%1000], sec)
	}
}

func BenchmarkReport(b *testing.B) {
	e := small()
	for i := range 100_000 {
		see(e, "m", "l", fmt.Sprint(i), start+int64(i/100))
	}
	b.ReportAllocs()
	for b.Loop() {
		labels(e, start+1000)
	}
}

// BenchmarkSave is a snapshot of 1000 labels, of which a tenth have many values.
func BenchmarkSave(b *testing.B) {
	e := New(Config{MaxLabels: 1000, MaxRemembered: 1_000_000})
	for i := range 1000 {
		for n := range 20 + i%10/9*2000 {
			see(e, fmt.Sprint("m", i/10), fmt.Sprint("l", i%10), fmt.Sprint(n), start)
		}
	}
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		size = len(e.Save())
	}
	b.ReportMetric(float64(size), "bytes")
}
