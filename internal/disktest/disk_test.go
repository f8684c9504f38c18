package disktest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/disktest"
)

func TestADiskDiesInTheMiddleOfAWrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	d := disktest.NewWith(disktest.Faults{Left: 2, Torn: 3})
	f, err := d.Create(name)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.Write([]byte("whole "))
	require.NoError(t, err)
	n, err := f.Write([]byte("torn"))
	require.ErrorIs(t, err, disktest.Err)
	assert.Equal(t, 3, n)
	assert.True(t, d.Dead())
	require.ErrorIs(t, f.Sync(), disktest.Err)
	require.ErrorIs(t, d.Remove(name), disktest.Err)
	assert.Equal(t, "whole tor", read(t, name))
}

func TestALossOfPowerTakesWhatWasNotForced(t *testing.T) {
	dir := t.TempDir()
	d := disktest.New()
	f, err := d.Create(filepath.Join(dir, "new"))
	require.NoError(t, err)
	defer f.Close()
	_, err = f.Write([]byte("kept"))
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	require.NoError(t, d.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "log")))
	_, err = f.Write([]byte(" lost"))
	require.NoError(t, err)
	require.NoError(t, d.LosePower())
	assert.Equal(t, "kept", read(t, filepath.Join(dir, "log")))
}

func TestASmallDiskTakesWhatFits(t *testing.T) {
	dir := t.TempDir()
	d := disktest.New()
	f, err := d.Create(filepath.Join(dir, "log"))
	require.NoError(t, err)
	defer f.Close()
	_, err = f.Write([]byte("1234"))
	require.NoError(t, err)
	d.Limit(dir, 2)
	n, err := f.Write([]byte("5678"))
	require.ErrorIs(t, err, disktest.Err)
	assert.Equal(t, 2, n)
	require.NoError(t, f.Truncate(1))
	_, err = f.Write([]byte("23456"))
	require.NoError(t, err)
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}
