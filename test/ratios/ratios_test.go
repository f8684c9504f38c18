package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/cputime"
	"weir.example/test/cluster"
)

// This test binary is the one that is measured, too. It has a station, a yardstick of the same cost, and stations that
// became worse.

var spun uint64

func spin(rounds int) {
	for i := range uint64(10_000 * rounds) {
		spun = spun*31 + i
	}
}

func BenchmarkSpin(b *testing.B)   { cputime.Loop(b, 1, func() { spin(1) }) }
func BenchmarkThrice(b *testing.B) { cputime.Loop(b, 1, func() { spin(3) }) }

func BenchmarkAllocating(b *testing.B) {
	var kept []byte
	cputime.Loop(b, 1, func() {
		kept = make([]byte, 100)
		spin(1)
	})
	spun += uint64(len(kept))
}

func stationOf(name string) station {
	return station{name: name, of: benchmark{".", name}, yardstick: benchmark{".", "Spin"}, than: "a spin"}
}

func meterOfThis(t *testing.T) *meter {
	binary, err := os.Executable()
	require.NoError(t, err)
	return newMeter(binaries{".", map[string]string{".": binary}, "5ms"}.measure)
}

func TestStationsThatBecameWorseFail(t *testing.T) {
	all := []station{stationOf("Spin"), stationOf("Thrice"), stationOf("Allocating")}
	on := record{"Spin": {ratio: 1}, "Thrice": {ratio: 1}, "Allocating": {ratio: 1}}
	m := meterOfThis(t)
	err := m.judge(t.Context(), all, on)
	require.ErrorContains(t, err, "Thrice: ")
	require.ErrorContains(t, err, "times its yardstick (a spin), 1 on record, at most 2")
	require.ErrorContains(t, err, "Allocating: 1 allocations per operation, 0 on record")
	assert.NotContains(t, err.Error(), "Spin:")
	assert.InDelta(t, 3, m.results["Thrice"].ratio(), 0.7)
	text := table(all, m.results, on)
	assert.Contains(t, text, "| a spin | ")
	assert.Equal(t, 4, strings.Count(text, "**"), "two are marked")
	err = m.judge(t.Context(), all, record{"Spin": {ratio: 1}})
	require.EqualError(t, err, "Thrice is not on record: make ratios RECORD=1")
}

func TestAPromiseHoldsWhateverTheRecordSays(t *testing.T) {
	s := stationOf("Thrice")
	s.promise = 2
	err := meterOfThis(t).renew(t.Context(), []station{s}, record{})
	require.ErrorContains(t, err, "on record, at most 2")
}

// machine is one on which every benchmark takes 100 ns, but for disturbances.
type machine struct {
	n       int // measurements so far
	disturb func(n int, of benchmark) (times float64)
}

func (m *machine) measure(_ context.Context, of benchmark) (figure, error) {
	m.n++
	return figure{nanos: 100 * m.disturb(m.n, of)}, nil
}

func judgeOn(t *testing.T, m *machine, names ...string) error {
	var all []station
	on := record{}
	for _, name := range names {
		all, on[name] = append(all, stationOf(name)), entry{ratio: 1}
	}
	return newMeter(m.measure).judge(t.Context(), all, on)
}

func TestDisturbancesDoNotFail(t *testing.T) {
	const last = 2 * (rounds + again)
	for name, disturbed := range map[string]func(int, benchmark) bool{
		"of all rounds but one in ten":       func(n int, _ benchmark) bool { return n/2%10 != 0 },
		"of the station until the last one":  func(n int, of benchmark) bool { return of.name == "Thrice" && n < last-1 },
		"of the yardstick, all of the time":  func(_ int, of benchmark) bool { return of.name == "Spin" },
		"of everything, all of the time":     func(int, benchmark) bool { return true },
		"of the station in the first rounds": func(n int, of benchmark) bool { return of.name == "Thrice" && n <= 2*rounds },
	} {
		t.Run(name, func(t *testing.T) {
			m := &machine{disturb: func(n int, of benchmark) float64 {
				if disturbed(n, of) {
					return 10
				}
				return 1
			}}
			assert.NoError(t, judgeOn(t, m, "Thrice"))
		})
	}
}

func TestAStationThatIsTooSlowIsMeasuredAgainBeforeItFails(t *testing.T) {
	m := &machine{disturb: func(_ int, of benchmark) float64 {
		if of.name == "Thrice" {
			return 2.1
		}
		return 1
	}}
	require.EqualError(t, judgeOn(t, m, "Spin", "Thrice"), "Thrice: 2.1 times its yardstick (a spin), 1 on record, at most 2")
	assert.Equal(t, 4*rounds+2*again, m.n, "only the one that failed")
}

func TestALineOfABenchmarkIsRead(t *testing.T) {
	out := "goos: linux\nBenchmarkPack/2.0 \t 313\t 183913 ns/op\t 91.96 cpu-ns/sample\t 2852 B/op\t 7 allocs/op\nPASS\n"
	f, err := parseFigure(out, benchmark{"x", "Pack/2.0"})
	require.NoError(t, err)
	assert.Equal(t, figure{91.96, 7}, f)
	_, err = parseFigure(out, benchmark{"x", "Pack"})
	require.EqualError(t, err, `x has no benchmark "Pack"`)
	assert.Equal(t, `^BenchmarkPack$/^2\.0$`, pattern("Pack/2.0"))
}

func TestTheRecordKeepsWhatItIsGiven(t *testing.T) {
	file := filepath.Join(t.TempDir(), "record.csv")
	on := record{"parse": {0.291, 0}, "new label value": {0.137, 1}}
	require.NoError(t, on.write(file))
	read, err := readRecord(file)
	require.NoError(t, err)
	assert.Equal(t, on, read)
}

func TestEveryStationHasBenchmarksAndARecord(t *testing.T) {
	root, err := cluster.Root()
	require.NoError(t, err)
	on, err := readRecord("record.csv")
	require.NoError(t, err)
	assert.Len(t, on, len(stations))
	for _, s := range stations {
		assert.Contains(t, on, s.name)
		for _, b := range []benchmark{s.of, s.yardstick} {
			files, err := filepath.Glob(filepath.Join(root, b.folder, "*_test.go"))
			require.NoError(t, err)
			name, _, _ := strings.Cut(b.name, "/")
			found := false
			for _, file := range files {
				text, err := os.ReadFile(file)
				require.NoError(t, err)
				found = found || strings.Contains(string(text), "\nfunc Benchmark"+name+"(b *testing.B)")
			}
			assert.True(t, found, "%s: no Benchmark%s in %s", s.name, name, b.folder)
		}
	}
	_, err = choose("parse,nonsense")
	require.EqualError(t, err, `-only: there is no station "nonsense"`)
}
