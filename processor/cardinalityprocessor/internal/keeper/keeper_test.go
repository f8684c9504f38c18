package keeper

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"weir.example/internal/disktest"
	"weir.example/internal/seglog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// chain is a machine whose state tells exactly which records it was given, and in which order.
type chain struct {
	sum   [sha256.Size]byte
	count uint64
}

func (c *chain) Apply(record []byte) error {
	if string(record) == "refused" {
		return errors.New("a record that cannot be read")
	}
	c.sum = sha256.Sum256(append(c.sum[:], record...))
	c.count++
	return nil
}

func (c *chain) Save(w io.Writer) error {
	_, err := w.Write(binary.LittleEndian.AppendUint64(bytes.Clone(c.sum[:]), c.count))
	return err
}

func (c *chain) Load(r io.Reader) error {
	state := make([]byte, sha256.Size+8)
	if _, err := io.ReadFull(r, state); err != nil {
		return err
	}
	copy(c.sum[:], state)
	c.count = binary.LittleEndian.Uint64(state[sha256.Size:])
	return nil
}

// life is a keeper with two chains.
type life struct {
	*Keeper
	Recovery
	lock     sync.Mutex
	chains   [2]*chain
	toldLost bool
}

func open(t require.TestingT, dir string, disk seglog.Disk, change ...func(*Options)) *life {
	l, err := tryOpen(dir, disk, change...)
	require.NoError(t, err)
	return l
}

func tryOpen(dir string, disk seglog.Disk, change ...func(*Options)) (*life, error) {
	l := &life{}
	options := Options{Dir: dir, Lock: &l.lock, Disk: disk, SnapshotBytes: 8 << 10, Sync: seglog.SyncNever}
	for _, c := range change {
		c(&options)
	}
	var err error
	l.Keeper, l.Recovery, err = Open(options, func(lost bool) map[uint8]Machine {
		l.toldLost = lost
		l.chains = [2]*chain{{}, {}}
		return map[uint8]Machine{1: l.chains[0], 2: l.chains[1]}
	})
	if err == nil {
		err = l.check()
	}
	return l, err
}

func (l *life) check() error {
	if l.toldLost != l.Lost {
		return errors.New("the machines were not told whether the state was lost")
	}
	return nil
}

// give appends a record and applies it.
func (l *life) give(record string) error {
	l.lock.Lock()
	defer l.lock.Unlock()
	kind := uint8(len(record)%2 + 1)
	if _, err := l.Append(kind, []byte(record)); err != nil {
		return err
	}
	return l.chains[kind-1].Apply([]byte(record))
}

func (l *life) mustGive(t require.TestingT, records ...string) {
	for _, record := range records {
		require.NoError(t, l.give(record))
	}
}

func (l *life) state() [2]chain { return [2]chain{*l.chains[0], *l.chains[1]} }

// stateAfter is what the chains hold after those records.
func stateAfter(records []string) [2]chain {
	l := &life{chains: [2]*chain{{}, {}}}
	for _, record := range records {
		_ = l.chains[len(record)%2].Apply([]byte(record))
	}
	return l.state()
}

func numbered(from, to int) (records []string) {
	for i := from; i < to; i++ {
		records = append(records, fmt.Sprintf("record %d %s", i, bytes.Repeat([]byte{'x'}, i%7)))
	}
	return records
}

// copyOf is what a killed process leaves, with its lock given up.
func copyOf(t require.TestingT, from, to string) string {
	require.NoError(t, os.CopyFS(to, os.DirFS(from)))
	return to
}

func files(t require.TestingT, dir, pattern string) []string {
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	require.NoError(t, err)
	return names
}

func damage(t require.TestingT, name string, at int64) {
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	if at < 0 {
		at += int64(len(content))
	}
	content[at] ^= 0xff
	require.NoError(t, os.WriteFile(name, content, 0o600))
}

func TestAnEmptyDirectoryIsFresh(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	l := open(t, dir, nil)
	assert.True(t, l.Fresh)
	assert.False(t, l.Lost)
	require.NoError(t, l.Close())

	l = open(t, dir, nil)
	assert.True(t, l.Fresh, "nothing was appended")
	l.mustGive(t, "a")
	require.NoError(t, l.Close())

	l = open(t, dir, nil)
	defer l.Close()
	assert.False(t, l.Fresh)
	assert.Equal(t, 1, l.Records)
}

func TestASecondKeeperIsKeptOut(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, nil)
	defer l.Close()
	_, err := tryOpen(dir, nil)
	require.ErrorContains(t, err, "in use by another process")
}

func TestAKillAtEveryByteOfTheLastRecordsLosesWhatWasNotAppended(t *testing.T) {
	root := t.TempDir()
	l := open(t, filepath.Join(root, "state"), nil)
	records := numbered(0, 12)
	ends := []int64{0}
	for _, record := range records {
		l.mustGive(t, record)
		ends = append(ends, l.end.Offset)
	}
	defer l.Close()
	for size := ends[8]; size <= ends[12]; size++ {
		dir := copyOf(t, l.options.Dir, filepath.Join(root, fmt.Sprint(size)))
		require.NoError(t, os.Truncate(files(t, dir, "*.seg")[0], size))
		whole := len(ends) - 1
		for ends[whole] > size {
			whole--
		}
		next := open(t, dir, nil)
		require.False(t, next.Lost || next.Fresh)
		require.Equal(t, stateAfter(records[:whole]), next.state())
		require.Equal(t, size-ends[whole], next.Torn)

		next.mustGive(t, "more", "and more")
		require.NoError(t, next.Close())
		again := open(t, dir, nil)
		require.False(t, again.Lost)
		require.Equal(t, stateAfter(append(slices.Clone(records[:whole]), "more", "and more")), again.state())
		require.NoError(t, again.Close())
	}
}

func TestDamageInTheMiddleSetsTheStateAsideUntilSomethingIsAppended(t *testing.T) {
	root := t.TempDir()
	l := open(t, filepath.Join(root, "state"), nil)
	var ends []int64
	for _, record := range numbered(0, 6) {
		l.mustGive(t, record)
		ends = append(ends, l.end.Offset)
	}
	defer l.Close()
	for at := ends[2]; at < ends[3]; at++ {
		dir := copyOf(t, l.options.Dir, filepath.Join(root, fmt.Sprint(at)))
		damage(t, files(t, dir, "*.seg")[0], at)
		for range 2 {
			next := open(t, dir, nil)
			require.True(t, next.Lost)
			require.False(t, next.Fresh)
			require.Equal(t, stateAfter(nil), next.state())
			require.NoError(t, next.Close())
		}
		require.Len(t, files(t, dir, "lost-1/*.seg"), 1)
		next := open(t, dir, nil)
		next.mustGive(t, "anew")
		require.NoError(t, next.Close())
		next = open(t, dir, nil)
		require.False(t, next.Lost)
		require.Equal(t, stateAfter([]string{"anew"}), next.state())
		require.NoError(t, next.Close())
	}
}

func TestStatesThatCannotBeUsed(t *testing.T) {
	tests := map[string]struct {
		spoil func(t *testing.T, dir string)
		note  string
	}{
		"a segment of another format": {
			func(t *testing.T, dir string) {
				other, err := seglog.Open(seglog.Options{Dir: dir, Format: format + 1})
				require.NoError(t, err)
				_, err = other.Append(seglog.Record{Payload: []byte("of the future")})
				require.NoError(t, err)
				require.NoError(t, other.Close())
				for _, name := range files(t, dir, "*.aside") {
					require.NoError(t, os.Rename(name, name[:len(name)-len(".aside")]))
				}
			}, "its records have format 2, this program reads 1",
		},
		"a segment that is missing": {
			func(t *testing.T, dir string) {
				segments := files(t, dir, "*.seg")
				require.NoError(t, os.Remove(segments[len(segments)-2]))
			},
			"stands where",
		},
		"a log that does not reach back to the older snapshot": {
			func(t *testing.T, dir string) {
				damage(t, files(t, dir, "*.snap")[1], 30)
				for _, name := range files(t, dir, "*.seg")[:len(files(t, dir, "*.seg"))-1] {
					require.NoError(t, os.Remove(name))
				}
			}, "it is damaged",
		},
		"a record that the machine refuses": {
			func(t *testing.T, dir string) {
				l := open(t, dir, nil)
				_, err := l.Append(1, []byte("refused"))
				require.NoError(t, err)
				require.NoError(t, l.Close())
			}, "a record that cannot be read",
		},
		"a record of an unknown machine": {
			func(t *testing.T, dir string) {
				l := open(t, dir, nil)
				_, err := l.Append(9, []byte("x"))
				require.NoError(t, err)
				require.NoError(t, l.Close())
			}, "its kind 9 is unknown",
		},
		"no snapshot and no log but what was set aside": {
			func(t *testing.T, dir string) {
				for _, name := range append(files(t, dir, "*.seg"), files(t, dir, "*.snap")[0]) {
					require.NoError(t, os.Remove(name))
				}
				damage(t, files(t, dir, "*.snap")[0], 3)
			}, "it is damaged",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			grow(t, dir)
			test.spoil(t, dir)
			l := open(t, dir, nil)
			defer l.Close()
			require.True(t, l.Lost)
			require.Equal(t, stateAfter(nil), l.state())
			require.ErrorContains(t, errors.New(fmt.Sprint(l.Notes)), test.note)
			require.Empty(t, files(t, dir, "*.snap"))
		})
	}
}

// grow makes a directory with two snapshots and a log that reaches back to the older one; it returns its records.
func grow(t require.TestingT, dir string) (records []string) {
	l := open(t, dir, nil)
	for i := range 3 {
		for j := range 60 {
			record := fmt.Sprintf("record %d.%d %s", i, j, bytes.Repeat([]byte{'x'}, 200+j))
			l.mustGive(t, record)
			records = append(records, record)
		}
		require.NoError(t, l.Snapshot())
	}
	for _, record := range numbered(0, 400) {
		l.mustGive(t, record)
		records = append(records, record)
	}
	require.Len(t, files(t, dir, "*.snap"), 2)
	require.Less(t, l.Bytes(), int64(48<<10), "the log was shortened")
	require.NoError(t, l.Close())
	return records
}

func TestADamagedSnapshotFallsBackToTheOneBeforeAndALongerLog(t *testing.T) {
	dir := t.TempDir()
	records := grow(t, dir)
	l := open(t, dir, nil)
	short := l.Records
	require.Equal(t, stateAfter(records), l.state())
	require.NoError(t, l.Close())

	damage(t, files(t, dir, "*.snap")[1], 40)
	l = open(t, dir, nil)
	require.False(t, l.Lost)
	require.Len(t, l.Notes, 1)
	require.Equal(t, stateAfter(records), l.state())
	require.Greater(t, l.Records, short)
	for i := range 100 {
		record := fmt.Sprintf("later %d %0200d", i, i)
		l.mustGive(t, record)
		records = append(records, record)
	}
	require.NoError(t, l.Snapshot())
	require.NoError(t, l.Close())

	damage(t, files(t, dir, "*.snap")[1], 40)
	l = open(t, dir, nil)
	defer l.Close()
	require.False(t, l.Lost, "what the older snapshot needs was kept")
	require.Equal(t, stateAfter(records), l.state())
}

func TestAFullDiskLosesNothing(t *testing.T) {
	for _, torn := range []int{0, 5, 13, 1 << 20} {
		dir, disk := t.TempDir(), disktest.New()
		l := open(t, dir, disk)
		records := numbered(0, 100)
		l.mustGive(t, records...)
		disk.Set(func(f *disktest.Faults) { f.Full, f.Torn = true, torn })
		require.ErrorIs(t, l.give("no room"), disktest.Err)
		require.ErrorIs(t, l.give("no room"), disktest.Err)
		l.unforced.Store(true)
		require.ErrorIs(t, l.Snapshot(), disktest.Err)
		disk.Set(func(f *disktest.Faults) { f.Full = false })
		l.mustGive(t, "room again")
		require.NoError(t, l.Snapshot())
		l.mustGive(t, "and again")
		require.NoError(t, l.Close())

		l = open(t, dir, nil)
		require.False(t, l.Lost)
		require.Equal(t, stateAfter(append(records, "room again", "and again")), l.state())
		require.NoError(t, l.Close())
	}
}

func TestAFailedForceIsMadeGoodByASnapshot(t *testing.T) {
	disk := disktest.New()
	l := open(t, t.TempDir(), disk, func(o *Options) { o.Sync = seglog.SyncAlways })
	defer l.Close()
	l.mustGive(t, "a")
	require.NoError(t, l.Force(l.end))
	l.mustGive(t, "b")
	disk.Set(func(f *disktest.Faults) { f.Unforced = true })
	require.ErrorIs(t, l.Force(l.end), disktest.Err)
	require.ErrorIs(t, l.Snapshot(), disktest.Err)
	disk.Set(func(f *disktest.Faults) { f.Unforced = false })
	require.NoError(t, l.Snapshot())
	last, ok := l.LastSnapshot()
	require.True(t, ok)
	require.Positive(t, last.Bytes)
}

// TestSettingAsideMayBeInterruptedAtAnyStep: a start that was killed while it gave a state up does not make a later
// one believe a part of it.
func TestSettingAsideMayBeInterruptedAtAnyStep(t *testing.T) {
	root := t.TempDir()
	grow(t, filepath.Join(root, "state"))
	segments := files(t, filepath.Join(root, "state"), "*.seg")
	damage(t, segments[len(segments)-1], 600)
	for step := 0; ; step++ {
		dir := copyOf(t, filepath.Join(root, "state"), filepath.Join(root, fmt.Sprint(step)))
		disk := disktest.NewWith(disktest.Faults{Left: step})
		l, err := tryOpen(dir, disk)
		if err == nil {
			require.NoError(t, l.Close())
		}
		next := open(t, dir, nil)
		require.True(t, next.Lost, "step %d", step)
		require.Equal(t, stateAfter(nil), next.state())
		require.NoError(t, next.Close())
		if !disk.Dead() {
			require.Greater(t, step, 5)
			return
		}
	}
}

// TestNoLifeForgetsWhatAnEarlierOneAppended: lives of appends, snapshots, full disks and kills before or within any
// operation of the disk.
func TestNoLifeForgetsWhatAnEarlierOneAppended(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "keeper")
		require.NoError(t, err)
		defer os.RemoveAll(dir)
		var appended []string
		var pending string // given when the disk died: it may be there or not
		for i := range rapid.IntRange(1, 5).Draw(t, "lives") {
			disk := disktest.NewWith(disktest.Faults{
				Left: rapid.IntRange(-1, 60).Draw(t, "operations"),
				Torn: rapid.SampledFrom([]int{0, 7, 30, 1 << 20}).Draw(t, "torn"),
			})
			l, err := tryOpen(dir, disk)
			if err != nil {
				require.True(t, disk.Dead())
				continue
			}
			require.False(t, l.Lost, l.Notes)
			if pending != "" && stateAfter(append(slices.Clone(appended), pending)) == l.state() {
				appended = append(appended, pending)
			}
			pending = ""
			require.Equal(t, stateAfter(appended), l.state())
			for j := range rapid.IntRange(0, 60).Draw(t, "records") {
				full := rapid.IntRange(0, 9).Draw(t, "full") == 0
				disk.Set(func(f *disktest.Faults) { f.Full = full })
				record := fmt.Sprintf("%d.%d %s", i, j, bytes.Repeat([]byte{'y'}, rapid.IntRange(0, 700).Draw(t, "bytes")))
				if err := l.give(record); err == nil {
					appended = append(appended, record)
				} else if disk.Dead() {
					pending = record
					break
				}
				if rapid.IntRange(0, 5).Draw(t, "snapshot") == 0 {
					l.unforced.Store(rapid.Bool().Draw(t, "at once"))
					if l.Snapshot() != nil && disk.Dead() {
						break
					}
				}
			}
			_ = l.Close()
		}
		l := open(t, dir, nil)
		defer l.Close()
		require.False(t, l.Lost, l.Notes)
		if pending != "" && stateAfter(append(slices.Clone(appended), pending)) == l.state() {
			return
		}
		require.Equal(t, stateAfter(appended), l.state())
	})
}

func TestClosingEndsASnapshot(t *testing.T) {
	l := open(t, t.TempDir(), nil)
	l.mustGive(t, "a")
	l.closing.Store(true)
	require.ErrorIs(t, l.save(), seglog.ErrClosed)
	require.NoError(t, l.Close())
	require.ErrorIs(t, l.Snapshot(), seglog.ErrClosed)
	require.ErrorIs(t, l.give("b"), seglog.ErrClosed)
	require.NoError(t, l.Close())
	require.Empty(t, files(t, l.options.Dir, "*.tmp"))
}
