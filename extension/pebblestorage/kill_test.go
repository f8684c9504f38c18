package pebblestorage

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

var nopSugar = zap.NewNop().Sugar()

// childEnv makes the test binary the process that gets killed.
const childEnv = "PEBBLESTORAGE_CHILD"

func init() {
	if directory := os.Getenv(childEnv); directory != "" {
		writeUntilKilled(directory, os.Getenv(childEnv+"_FSYNC"))
	}
}

// fatal is the testing.T of the child.
type fatal struct{}

func (fatal) Errorf(format string, args ...any) { fmt.Printf(format, args...) }
func (fatal) FailNow()                          { os.Exit(3) }
func (fatal) Helper()                           {}

// writeUntilKilled writes pairs of keys and says so when they are acknowledged.
func writeUntilKilled(directory, fsync string) {
	r := newRig(fatal{}, directory, func(c *Config) { c.Fsync = fsync })
	require.NoError(fatal{}, r.Start(ctx, r.host))
	c := r.client(fatal{}, "")
	first := len(entries(fatal{}, c)) / 2
	padding := make([]byte, 3000)
	for i := first; ; i++ {
		require.NoError(fatal{}, c.Batch(ctx,
			storage.SetOperation(fmt.Sprint("a", i), padding), storage.SetOperation(fmt.Sprint("b", i), padding)))
		fmt.Println(i)
	}
}

// TestKillLosesNothingThatWasAcknowledged: kill -9, whatever fsync says, and a batch is there whole or not at all.
func TestKillLosesNothingThatWasAcknowledged(t *testing.T) {
	for _, fsync := range []string{"always", "interval", "never"} {
		t.Run(fsync, func(t *testing.T) {
			directory := t.TempDir()
			acknowledged := -1
			for life := range 3 {
				acknowledged = killAfter(t, directory, fsync, acknowledged+300+500*life)
				r := newRig(t, directory, nil)
				require.NoError(t, r.Start(ctx, r.host))
				require.Zero(t, r.logs.Len())
				there := entries(t, r.client(t, ""))
				require.NoError(t, r.Shutdown(ctx))
				for i := range acknowledged + 1 {
					require.Contains(t, there, fmt.Sprint("a", i))
				}
				assert.Zero(t, len(there)%2)
				for i := range len(there) / 2 {
					require.Contains(t, there, fmt.Sprint("b", i))
				}
			}
		})
	}
}

// killAfter runs a child until it has acknowledged number n, kills it, and returns the last number that it gave.
func killAfter(t *testing.T, directory, fsync string, n int) int {
	child := exec.CommandContext(context.Background(), os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+directory, childEnv+"_FSYNC="+fsync)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	last := -1
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		last, err = strconv.Atoi(lines.Text())
		require.NoError(t, err, lines.Text())
		if last == n {
			require.NoError(t, child.Process.Kill())
		}
	}
	require.Error(t, child.Wait())
	require.GreaterOrEqual(t, last, n)
	return last
}
