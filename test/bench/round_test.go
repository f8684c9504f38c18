package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const testSeries = 1000

// newBench measures peers of peer_test.go in short windows.
func newBench(t *testing.T) *bench {
	source, err := newSource(2, testSeries)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, source.close()) })
	sink, err := newSink()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, sink.close()) })
	return &bench{
		options: options{
			interval: 200 * time.Millisecond, windows: 2, window: time.Second, warmup: 200 * time.Millisecond,
			drainLimit: 30 * time.Second, gogc: "100",
		},
		source: source, sink: sink, command: peerCommand, dir: t.TempDir(), progress: t.Logf,
	}
}

func roundOf(names ...string) round {
	r := round{name: "test", about: "peers of the test"}
	for _, name := range names {
		r.contenders = append(r.contenders, contender{Name: name, Program: "test", Steps: plain, Protocol: "1.0"})
	}
	return r
}

func TestARoundTellsHonestPeersFromOthers(t *testing.T) {
	b := newBench(t)
	results, err := b.run(t.Context(), roundOf(honest, lossy, disordered, repeating, inventive))
	require.NoError(t, err)
	rows := map[string]result{}
	for _, r := range results {
		rows[r.Name] = r
		assert.Len(t, r.cpu, 2, r.Name)
		assert.Positive(t, r.cpu.median(), r.Name)
		assert.Positive(t, r.anon, r.Name)
		assert.Greater(t, r.rss, r.anon, r.Name)
		assert.Positive(t, r.wire, r.Name)
		assert.GreaterOrEqual(t, r.served, int64(b.source.series), r.Name)
	}
	for name, r := range rows {
		assert.Equal(t, name == disordered, r.disordered > 0, "out of order: %+v", r)
		assert.Equal(t, name == repeating, r.duplicates > 0, "duplicates: %+v", r)
	}
	assert.Zero(t, rows[honest].lost)
	assert.Zero(t, rows[honest].extra)
	assert.InDelta(t, 0.0081, float64(rows[lossy].lost)/float64(rows[lossy].served), 0.001, "4 of 494")
	assert.EqualValues(t, -8, rows[lossy].extra)
	assert.EqualValues(t, 2, rows[inventive].extra)
	assert.EqualValues(t, -rows[repeating].served, rows[repeating].lost, "all arrived twice")
	text := b.report(roundOf(honest), results, "peers of the test")
	assert.Contains(t, text, "| honest | 1.0 |")
}

func TestARoundEndsWithItsContenders(t *testing.T) {
	b := newBench(t)
	b.window = time.Minute
	_, err := b.run(t.Context(), roundOf(honest, dying))
	require.ErrorContains(t, err, "dying ended: exit status 3")
	require.ErrorContains(t, err, "no wish to go on", "the log of the dead is shown")
}

func TestACancelledRoundLeavesNoProcess(t *testing.T) {
	b := newBench(t)
	b.window = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for b.source.stats(honest).scrapes == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	_, err := b.run(ctx, roundOf(honest))
	require.Error(t, err)
	scrapes := b.source.stats(honest).scrapes
	assert.Never(t, func() bool { return b.source.stats(honest).scrapes > scrapes }, time.Second, 100*time.Millisecond)
}
