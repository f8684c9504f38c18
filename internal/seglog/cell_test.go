package seglog_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"weir.example/internal/seglog"
)

func numbered(n uint64) (value [seglog.CellBytes]byte) {
	binary.LittleEndian.PutUint64(value[:], n)
	binary.LittleEndian.PutUint64(value[seglog.CellBytes-8:], n)
	return value
}

func openCell(t testing.TB, name string) (*seglog.Cell, [seglog.CellBytes]byte, bool) {
	t.Helper()
	cell, value, ok, err := seglog.OpenCell(nil, name)
	require.NoError(t, err)
	t.Cleanup(func() { _ = cell.Close() })
	return cell, value, ok
}

func TestACellKeepsTheLastValue(t *testing.T) {
	name := filepath.Join(t.TempDir(), "cell")
	_, _, ok := openCell(t, name)
	require.False(t, ok, "a new cell has no value")
	for i := range uint64(5) {
		cell, value, ok := openCell(t, name)
		if i > 0 {
			require.True(t, ok)
			require.Equal(t, numbered(10*i), value)
		}
		for j := range uint64(3) {
			require.NoError(t, cell.Save(numbered(10*i+j)))
		}
		require.NoError(t, cell.Save(numbered(10*(i+1))))
		require.NoError(t, cell.Sync())
	}
}

// A write that stops after any byte leaves the value before.
func TestACellTornAtEveryByteIsTheOneBefore(t *testing.T) {
	name := filepath.Join(t.TempDir(), "cell")
	cell, _, _ := openCell(t, name)
	require.NoError(t, cell.Save(numbered(0)))
	require.NoError(t, cell.Save(numbered(1)))
	for i := uint64(1); i < 5; i++ {
		before, err := os.ReadFile(name)
		require.NoError(t, err)
		require.NoError(t, cell.Save(numbered(i+1)))
		after, err := os.ReadFile(name)
		require.NoError(t, err)
		torn := append([]byte{}, before...)
		for at := range after {
			if torn[at] == after[at] {
				continue
			}
			require.NoError(t, os.WriteFile(name, torn, 0o600))
			_, value, ok := openCell(t, name)
			require.True(t, ok)
			require.Equal(t, numbered(i), value, "byte %d", at)
			torn[at] = after[at]
		}
		require.NoError(t, os.WriteFile(name, after, 0o600))
	}
}

func FuzzCell(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 8192))
	f.Fuzz(func(t *testing.T, content []byte) {
		name := filepath.Join(t.TempDir(), "cell")
		require.NoError(t, os.WriteFile(name, content, 0o600))
		cell, _, _ := openCell(t, name)
		require.NoError(t, cell.Save(numbered(7)))
		_, value, ok := openCell(t, name)
		require.True(t, ok)
		require.Equal(t, numbered(7), value)
	})
}
