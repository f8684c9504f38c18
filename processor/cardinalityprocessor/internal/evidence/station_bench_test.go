package evidence

import (
	"testing"

	"github.com/cespare/xxhash/v2"

	"weir.example/internal/cputime"
)

// The benchmarks of this file are a station and its yardstick of `make ratios`.

// sightedHour is an hour of the stream, with hashes.
func sightedHour() (all []sighted, hashes []uint64) {
	stream(1, 50, func(s sighted) { all, hashes = append(all, s), append(hashes, xxhash.Sum64String(s.value)) })
	return all, hashes
}

// BenchmarkObserveHour observes values that were seen an hour before.
func BenchmarkObserveHour(b *testing.B) {
	all, hashes := sightedHour()
	e := New(Config{MaxLabels: 100, MaxRemembered: 1 << 20})
	n := 0
	cputime.Loop(b, len(all), func() {
		for i := range all {
			n++
			observe(e, "http_requests_total", all[i].label, hashes[i], all[i].value, start+int64(n/1000))
		}
	})
}

// BenchmarkCount is the yardstick: a map that counts each value, which is evidence without bounds of memory and time.
func BenchmarkCount(b *testing.B) {
	all, _ := sightedHour()
	counts := map[string]map[string]int{}
	for _, s := range all {
		counts[s.label] = map[string]int{}
	}
	cputime.Loop(b, len(all), func() {
		for i := range all {
			counts[all[i].label][all[i].value]++
		}
	})
}
