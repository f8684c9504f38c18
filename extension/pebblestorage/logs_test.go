package pebblestorage

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"pgregory.net/rapid"
)

func TestALogDirectoryBelongsToItsAskerAlone(t *testing.T) {
	r := newRig(t, t.TempDir(), nil)
	_, err := r.LogDirectory(component.KindProcessor, component.MustNewID("cardinality"), "state")
	require.ErrorIs(t, err, errNotOpen)
	require.NoError(t, r.Start(ctx, r.host))

	directory, err := r.LogDirectory(component.KindProcessor, component.MustNewID("cardinality"), "state")
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(r.cfg.Directory, "logs", "processor_cardinality__state"), directory)
	info, err := os.Stat(directory)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	_, err = r.LogDirectory(component.KindProcessor, component.MustNewID("cardinality"), "state")
	require.EqualError(t, err, `log directory "processor_cardinality__state" is given to another component already`)

	other, err := r.LogDirectory(component.KindProcessor, component.MustNewIDWithName("cardinality", "../../x y"), "state")
	require.NoError(t, err)
	assert.Equal(t, "processor_cardinality_%2E%2E%2F%2E%2E%2Fx%20y_state", filepath.Base(other))
	require.NoError(t, r.Shutdown(ctx))

	require.NoError(t, r.Start(ctx, r.host))
	again, err := r.LogDirectory(component.KindProcessor, component.MustNewID("cardinality"), "state")
	require.NoError(t, err)
	assert.Equal(t, directory, again)
	require.NoError(t, r.Shutdown(ctx))
}

func TestALogDirectoryThatCannotBeMade(t *testing.T) {
	r := newRig(t, t.TempDir(), nil)
	require.NoError(t, os.WriteFile(filepath.Join(r.cfg.Directory, "logs"), nil, 0o600))
	require.NoError(t, r.Start(ctx, r.host))
	_, err := r.LogDirectory(component.KindProcessor, receiver, "state")
	require.ErrorContains(t, err, "directory: cannot create a log directory: ")
	require.NoError(t, r.Shutdown(ctx))
}

func TestNoTwoLogsShareADirectory(t *testing.T) {
	part := rapid.StringMatching(`[ab_%./ ]{0,4}`)
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) (component.ID, string) {
			kind := rapid.SampledFrom([]string{"a", "a_b", "a_b_c"}).Draw(t, label+" type")
			return component.MustNewIDWithName(kind, part.Filter(func(s string) bool { return s != "" }).Draw(t, label+" name")),
				part.Draw(t, label+" log")
		}
		id1, log1 := draw("first")
		id2, log2 := draw("second")
		name1, name2 := logName(component.KindProcessor, id1, log1), logName(component.KindProcessor, id2, log2)
		require.Equal(t, id1 == id2 && log1 == log2, name1 == name2, "%s %s", name1, name2)
	})
}
