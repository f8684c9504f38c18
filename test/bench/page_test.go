package main

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// series maps the keys of a page to their values as text.
func seriesOf(t *testing.T, body string) map[string]string {
	series := map[string]string{}
	for line := range strings.Lines(body) {
		if line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "} ")
		require.True(t, ok, line)
		_, twice := series[key]
		require.False(t, twice, "%s appears twice", key)
		_, err := strconv.ParseFloat(value, 64)
		require.NoError(t, err)
		series[key] = value
	}
	return series
}

func TestPagesHaveTheSizeThatIsAskedFor(t *testing.T) {
	lines, err := layout()
	require.NoError(t, err)
	require.Len(t, lines, 4140)
	for _, n := range []int{500, 4140, 10_000, 20_000} {
		p := newPage(lines, 3, n)
		assert.InDelta(t, n, p.len(), 30, "to the size of an entity")
		assert.Len(t, seriesOf(t, string(p.render(nil, 7))), p.len())
	}
}

func TestPagesOfTwoTaskManagersShareNoSeries(t *testing.T) {
	lines, err := layout()
	require.NoError(t, err)
	first, second := seriesOf(t, string(newPage(lines, 0, 5000).render(nil, 7))), seriesOf(t, string(newPage(lines, 1, 5000).render(nil, 7)))
	assert.Len(t, second, len(first))
	for key := range first {
		_, shared := second[key]
		require.False(t, shared, key)
	}
}

func TestEveryValueChangesEachSecond(t *testing.T) {
	lines, err := layout()
	require.NoError(t, err)
	p := newPage(lines, 0, 4140)
	before, after := seriesOf(t, string(p.render(nil, 41_000))), seriesOf(t, string(p.render(nil, 41_001)))
	for key, value := range after {
		require.False(t, before[key] == value, key)
	}
}

func TestNumbersAreWrittenAsJavaDoes(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.0", 12: "12.0", -3.5: "-3.5", 9_999_999: "9999999.0", 1e7: "1.0E7", 40_857_056: "4.0857056E7",
		0.001: "0.001", 0.00001: "1.0E-5", 15.799999999999983: "15.799999999999983", 1.795300099255e12: "1.795300099255E12",
	} {
		assert.Equal(t, want, string(appendJava(nil, v)))
	}
}
