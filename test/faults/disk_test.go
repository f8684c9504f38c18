//go:build faults

package faults

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// backlog is a log directory with unsent samples of a load, left by a killed Weir whose store is still away.
func backlog(t *testing.T, steps int) (*strict, *gate, *weir, *Load, options, string) {
	store := newStrict(t, true)
	gate := newGate(t, store.URL())
	dir := t.TempDir()
	o := fast.to(gate.URL()).wal(dir)
	w := start(t, o)
	l := w.load(8, 50)
	gate.Shut()
	require.NoError(t, l.Run(t.Context(), steps))
	w.kill()
	return store, gate, w, l, o, dir
}

// segments are the files of all logs below a directory, the largest last.
func segments(t *testing.T, dir string) []string {
	var all []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".seg" {
			all = append(all, path)
		}
		return err
	}))
	slices.SortFunc(all, func(a, b string) int { return int(size(t, a) - size(t, b)) })
	return all
}

func size(t *testing.T, file string) int64 {
	info, err := os.Stat(file)
	require.NoError(t, err)
	return info.Size()
}

// A record whose end is missing. Within one boot of the machine it cannot have been acknowledged, so Weir counts no damage; what
// it makes of one after a power loss, and of every offset, is in the exporter's own tests.
func TestALogWithATornEndLosesTheTornRecordAlone(t *testing.T) {
	for _, missing := range []int64{1, 7, 100} {
		t.Run(fmt.Sprintf("%d bytes", missing), func(t *testing.T) {
			t.Parallel()
			store, gate, w, l, o, dir := backlog(t, 10)
			log := segments(t, dir)
			last := log[len(log)-1]
			require.NoError(t, os.Truncate(last, size(t, last)-missing))
			w.run(o)
			gate.Open(t)
			w.drained()
			store.inOrder(t)
			delivered, err := l.Delivered(store.arrivals())
			require.NoError(t, err)
			assert.LessOrEqual(t, l.Samples()-delivered, 50, "more than one call is missing")
			require.NoError(t, l.Run(t.Context(), 5))
			w.drained()
			store.inOrder(t)
		})
	}
}

func TestADamagedMiddleOfALogIsSkippedAndCounted(t *testing.T) {
	for name, spoil := range map[string]func([]byte){
		"one bit": func(b []byte) { b[0] ^= 1 },
		"zeros":   func(b []byte) { clear(b[:min(len(b), 512)]) },
		"a 4 KiB page of noise": func(b []byte) {
			for i := range min(len(b), 4096) {
				b[i] = byte(i * 7)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, gate, w, l, o, dir := backlog(t, 20)
			log := segments(t, dir)
			largest := log[len(log)-1]
			data, err := os.ReadFile(largest)
			require.NoError(t, err)
			spoil(data[len(data)/2:])
			require.NoError(t, os.WriteFile(largest, data, 0o600))
			w.run(o)
			gate.Open(t)
			w.drained()
			store.inOrder(t)
			drops := w.drops()
			t.Logf("%d samples dropped, %v damaged bytes", drops["wal_damaged"], w.damage())
			assert.Positive(t, w.damage(), "damage is counted")
			assert.Less(t, drops["wal_damaged"], l.Samples()/4, "what is intact arrives")
			store.holds(w, l, map[string]int{"wal_damaged": drops["wal_damaged"]})
			require.NoError(t, l.Run(t.Context(), 5))
			w.drained()
			store.inOrder(t)
		})
	}
}

func TestALogOfAnotherVersionIsSetAsideWithAMessage(t *testing.T) {
	t.Parallel()
	store, gate, w, l, o, dir := backlog(t, 5)
	log := segments(t, dir)
	largest := log[len(log)-1]
	data, err := os.ReadFile(largest)
	require.NoError(t, err)
	for _, header := range [][]byte{data[:24], data[24:48]} { // magic, version, format, salt, checksum; written twice
		binary.LittleEndian.PutUint16(header[8:], 99)
		binary.LittleEndian.PutUint32(header[20:], crc32.Checksum(header[:20], crc32.MakeTable(crc32.Castagnoli)))
	}
	require.NoError(t, os.WriteFile(largest, data, 0o600))
	w.run(o)
	gate.Open(t)
	require.NoError(t, l.Run(t.Context(), 5))
	w.drained()
	store.inOrder(t)
	said, err := os.ReadFile(w.process.LogPath)
	require.NoError(t, err)
	for _, words := range []string{"not ours to read", filepath.Base(largest), "version 99"} {
		assert.True(t, strings.Contains(string(said), words), "the log does not say %q", words)
	}
}

func TestALogWhoseFirstBytesAreLostIsReadNevertheless(t *testing.T) {
	t.Parallel()
	store, gate, w, l, o, dir := backlog(t, 5)
	log := segments(t, dir)
	largest := log[len(log)-1]
	data, err := os.ReadFile(largest)
	require.NoError(t, err)
	copy(data, "someone else's file")
	require.NoError(t, os.WriteFile(largest, data, 0o600))
	w.run(o)
	gate.Open(t)
	store.complete(w, l)
}

func TestAFullDiskLosesNothingAndEndsWhenThereIsSpace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("mounting a small tmpfs is not allowed here (%v); the exporter's own tests inject disk faults", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	store := newStrict(t, true)
	gate := newGate(t, store.URL())
	w := start(t, fast.to(gate.URL()).wal(filepath.Join(dir, "wal")))
	l := w.load(8, 250)
	gate.Shut()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx, 400) }()
	before := -1
	w.until("the disk to be full", func() bool {
		now := l.Samples()
		same := now > 0 && now == before
		before = now
		return same
	})
	assert.True(t, w.process.Alive())
	t.Logf("no more calls after %d samples", before)
	gate.Open(t)
	require.NoError(t, <-done)
	store.complete(w, l)
}

func TestALogDirectoryThatCannotBeWrittenIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	err := prepare(t).fails(fast.to("http://127.0.0.1:1/api/v1/write").wal(filepath.Join(file, "wal")))
	assert.ErrorContains(t, err, "orderedremotewrite")
	assert.ErrorContains(t, err, "wal.directory")
}
