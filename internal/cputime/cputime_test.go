package cputime_test

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"weir.example/internal/cputime"
)

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.benchtime", "50ms")
	os.Exit(m.Run())
}

// spin works for about a millisecond of processor time.
func spin() {
	for until := cputime.Spent() + time.Millisecond; cputime.Spent() < until; {
		continue
	}
}

func TestWhatWaitsCostsNothing(t *testing.T) {
	result := testing.Benchmark(func(b *testing.B) {
		cputime.Loop(b, 10, func() { time.Sleep(20 * time.Millisecond) })
	})
	assert.Less(t, result.Extra[cputime.Unit], 1e5, "of 2e6 ns a sample by the clock")
}

func TestWhatWorksCostsItsTimeAndPreparationsNothing(t *testing.T) {
	for name, measure := range map[string]func(*testing.B){
		"loop":       func(b *testing.B) { cputime.Loop(b, 10, spin) },
		"loop after": func(b *testing.B) { cputime.LoopAfter(b, 10, func() { spin(); spin() }, spin) },
	} {
		result := testing.Benchmark(measure)
		assert.InDelta(t, 1e5, result.Extra[cputime.Unit], 5e4, name)
	}
}
