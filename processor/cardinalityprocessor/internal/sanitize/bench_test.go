package sanitize

import (
	"testing"

	"github.com/cespare/xxhash/v2"
)

func BenchmarkNewValue(b *testing.B) {
	rows := readGold(b, "testdata/labels.csv.gz")
	s := newSanitizer()
	decideAll(rows)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		g := &rows[i%len(rows)]
		decideAnew(s, g.key, g.value)
		i++
	}
}

func BenchmarkNineRegexps(b *testing.B) {
	rows := readGold(b, "testdata/labels.csv.gz")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		replaceByRegexps(rows[i%len(rows)].value)
		i++
	}
}

func BenchmarkRememberedValue(b *testing.B) {
	rows := readGold(b, "testdata/labels.csv.gz")
	s := newSanitizer()
	for range 3 {
		for _, g := range rows {
			s.Decide(g.key, g.value)
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		g := &rows[i%len(rows)]
		s.Decide(g.key, g.value)
		i++
	}
}

func BenchmarkHash(b *testing.B) {
	rows := readGold(b, "testdata/labels.csv.gz")
	i := 0
	for b.Loop() {
		g := &rows[i%len(rows)]
		sink += xxhash.Sum64String(g.key) + xxhash.Sum64String(g.value)
		i++
	}
}

func BenchmarkNewValueNoSQL(b *testing.B) {
	var rows []gold
	for _, g := range readGold(b, "testdata/labels.csv.gz") {
		if len(g.class) < 4 || g.class[:4] != "sql_" {
			rows = append(rows, g)
		}
	}
	s := newSanitizer()
	decideAll(rows)
	i := 0
	for b.Loop() {
		g := &rows[i%len(rows)]
		decideAnew(s, g.key, g.value)
		i++
	}
}
