package sanitize

import (
	"testing"

	"github.com/cespare/xxhash/v2"

	"weir.example/internal/cputime"
)

// The benchmarks of this file are stations and yardsticks of `make ratios`, over the values of a corpus.

func overCorpus(b *testing.B, each func(g *gold)) {
	rows := readGold(b, "testdata/labels.csv.gz")
	cputime.Loop(b, len(rows), func() {
		for i := range rows {
			each(&rows[i])
		}
	})
}

// BenchmarkDecideNew decides about values that are not remembered.
func BenchmarkDecideNew(b *testing.B) {
	s := newSanitizer()
	overCorpus(b, func(g *gold) { sink += uint64(len(decideAnew(s, g.key, g.value).Value)) })
}

// BenchmarkReplaceAll is the yardstick of BenchmarkDecideNew: the list of regular expressions that people begin with.
func BenchmarkReplaceAll(b *testing.B) {
	overCorpus(b, func(g *gold) { sink += uint64(len(replaceByRegexps(g.value))) })
}

// BenchmarkDecideKnown decides about values that are remembered.
func BenchmarkDecideKnown(b *testing.B) {
	s := newSanitizer()
	for range 2 {
		for _, g := range readGold(b, "testdata/labels.csv.gz") {
			s.Decide(g.key, g.value)
		}
	}
	overCorpus(b, func(g *gold) { sink += uint64(len(s.Decide(g.key, g.value).Value)) })
}

// BenchmarkHashBoth is the yardstick of BenchmarkDecideKnown.
func BenchmarkHashBoth(b *testing.B) {
	overCorpus(b, func(g *gold) { sink += xxhash.Sum64String(g.key) + xxhash.Sum64String(g.value) })
}
