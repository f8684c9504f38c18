package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASectionReplacesItsPredecessorAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(path, []byte("# Page\n"), 0o600))
	for _, s := range []struct {
		round, text string
	}{{"plain", "old\n"}, {"wal", "other\n"}, {"plain", "new\n"}} {
		require.NoError(t, save(path, s.round, 2000, s.text))
	}
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, `# Page

<!-- bench-pipeline plain 2000 -->
new
<!-- /bench-pipeline -->

<!-- bench-pipeline wal 2000 -->
other
<!-- /bench-pipeline -->
`, string(data))
}

func TestRatiosAreFormedWindowByWindow(t *testing.T) {
	runners := []*runner{
		{contender: contender{Name: "weir"}, result: result{cpu: spread{1, 2, 4}}},
		{contender: contender{Name: "vmagent"}, result: result{cpu: spread{4, 8, 10}}},
	}
	compare(runners)
	assert.Equal(t, spread{0.25, 0.25, 0.4}, runners[0].result.times["vmagent"])
	assert.Equal(t, "0.250 [0.250-0.400]", runners[0].result.times["vmagent"].format(3))
	assert.Equal(t, "1,234,567", thousands(1234567))
}

func TestOptions(t *testing.T) {
	parse := func(args ...string) (options, error) {
		return parseOptions(flag.NewFlagSet("bench", flag.ContinueOnError), args)
	}
	o, err := parse("-run", "plain,wal", "-series", "200000,1000000")
	require.NoError(t, err)
	assert.Len(t, o.rounds, 2)
	assert.Equal(t, []int{200_000, 1_000_000}, o.series)
	small, large := o.sized(200_000), o.sized(1_000_000)
	assert.Equal(t, []any{20, 15 * time.Second, 30 * time.Second}, []any{small.targets, small.interval, small.window})
	assert.Equal(t, []any{100, time.Minute, 2 * time.Minute}, []any{large.targets, large.interval, large.window})
	_, err = parse("-run", "plane")
	require.ErrorContains(t, err, `there is no round "plane" (plain, rename,`)
	_, err = parse("-series", "many")
	require.ErrorContains(t, err, `"many" is no number of series`)
	_, err = parse("-interval", "15s", "-window", "20s")
	require.ErrorContains(t, err, "not a whole number of intervals")
}
