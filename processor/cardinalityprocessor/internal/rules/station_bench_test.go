package rules

import (
	"testing"

	"weir.example/internal/cputime"
)

// The benchmarks of this file are stations and yardsticks of `make ratios`, over the values of a corpus.

func overCorpus(b *testing.B, rows []gold, each func(g *gold)) {
	cputime.Loop(b, len(rows), func() {
		for i := range rows {
			each(&rows[i])
		}
	})
}

// BenchmarkDecideNew decides about values that are not remembered.
func BenchmarkDecideNew(b *testing.B) {
	overCorpus(b, readGold(b, "testdata/labels.csv.gz"), judgeAnew(preset(b)))
}

// BenchmarkReplaceAll is the yardstick of BenchmarkDecideNew: the list of regular expressions that people begin with.
func BenchmarkReplaceAll(b *testing.B) {
	overCorpus(b, readGold(b, "testdata/labels.csv.gz"), replaceByRegexps)
}

// BenchmarkDecideKnown looks at values that are remembered.
func BenchmarkDecideKnown(b *testing.B) {
	rows := readGold(b, "testdata/labels.csv.gz")
	overCorpus(b, rows, lookAgain(settled(b, rows)))
}

// BenchmarkHashBoth is the yardstick of BenchmarkDecideKnown.
func BenchmarkHashBoth(b *testing.B) {
	overCorpus(b, readGold(b, "testdata/labels.csv.gz"), hashBoth)
}
