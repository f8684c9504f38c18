package orderedremotewriteexporter

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"weir.example/internal/disktest"
	"weir.example/internal/promtest"
)

// singleLog is a log with one slot, so that a test knows where everything is.
func singleLog(dir string, more func(*Config, *WALConfig)) func(*Config) {
	return withWAL(dir, func(c *Config, wal *WALConfig) {
		c.Shards = 1
		if more != nil {
			more(c, wal)
		}
	})
}

// down is a store that takes nothing now.
func down(promtest.Request) promtest.Answer { return promtest.Answer{Status: 503} }

func newStore(t *testing.T, opts ...promtest.Option) *promtest.Receiver {
	store := promtest.New(append(opts, promtest.AllowRepeat())...)
	t.Cleanup(store.Close)
	return store
}

func start(t *testing.T, store *promtest.Receiver, disk *mortal, change func(*Config)) *rig {
	t.Helper()
	r, err := live(t, store, disk, "1", nil, change)
	require.NoError(t, err)
	return r
}

// rounds sends n calls of m samples each, from a time on.
func (r *rig) rounds(from, n, m int) {
	for i := from; i < from+n; i++ {
		r.send(round(i, m).md)
	}
}

func round(i, m int) *batch {
	b := newBatch().resource(flink...)
	for k := range m {
		b.gauge(fmt.Sprint("m", k), int64(i+1)*1000, float64(i)/3)
	}
	return b
}

// segments lists the files of the log's only slot.
func segments(t *testing.T, dir string) []string {
	names, err := filepath.Glob(filepath.Join(dir, "*", "slot-000", "*.seg"))
	require.NoError(t, err)
	return names
}

func TestTheBacklogComesBackWithItsCountsAndItsTimes(t *testing.T) {
	dir := t.TempDir()
	store := newStore(t, promtest.WithScript(down))
	r := start(t, store, immortal(), singleLog(dir, nil))
	r.rounds(0, 20, 5)
	assert.EqualValues(t, 100, r.metric("samples_pending"))
	assert.Positive(t, r.metric("wal_bytes_pending"))
	assert.EqualValues(t, 1<<20, r.metric("wal_bytes_pending")+r.metric("wal_bytes_free"))
	require.NoError(t, r.Shutdown(canceled()))

	time.Sleep(20 * time.Millisecond) // the age of what is restored
	r = start(t, store, immortal(), singleLog(dir, nil))
	assert.EqualValues(t, 100, r.metric("num_samples_restored"))
	assert.EqualValues(t, 100, r.metric("samples_pending"))
	assert.GreaterOrEqual(t, r.metric("oldest_unsent_age"), 0.02)
	assert.EqualValues(t, 5, r.metric("series_active"))
	r.rounds(10, 15, 5) // ten of them again
	assert.Equal(t, []int{5, 45}, []int{r.droppedFor(duplicate), r.droppedFor(outOfOrder)}, "newest samples are known")
	store.SetScript(nil)
	r.settle()
	r.requireAddsUp()
	assert.Zero(t, r.metric("wal_bytes_pending"))
	assert.Zero(t, r.metric("oldest_unsent_age"))
	r.end()
	assert.Empty(t, store.Violations())
	assert.Equal(t, 125, store.Counts().Samples)
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// What only a removed era's logs knew is in the logs of the one that goes on.
func TestNewestSamplesOutliveAnEra(t *testing.T) {
	dir := t.TempDir()
	store := newStore(t)
	for i, shards := range []int{1, 2, 3, 3, 5} {
		disk := immortal()
		r := start(t, store, disk, withWAL(dir, func(c *Config, _ *WALConfig) { c.Shards = shards }))
		if i == 0 {
			r.rounds(0, 3, 4)
		}
		require.Eventually(t, func() bool {
			eras, err := filepath.Glob(filepath.Join(dir, "0*"))
			return err == nil && len(eras) == 1
		}, patience, time.Millisecond, "the era before is sent and removed")
		r.rounds(2, 1, 4)
		require.Equal(t, 4, r.droppedFor(duplicate), "life %d", i)
		r.settle()
		r.kill(disk)
	}
	require.Equal(t, 12, store.Counts().Samples)
	require.Empty(t, store.Violations())
}

// The last record is cut off after every byte of it: nothing else is lost, and a
// record that was never acknowledged is not counted.
func TestTheLogCutOffAtEveryByteOfItsLastRecord(t *testing.T) {
	dir := t.TempDir()
	store := newStore(t, promtest.WithScript(down))
	disk := immortal()
	r := start(t, store, disk, singleLog(dir, func(c *Config, _ *WALConfig) { c.Batch.FlushTimeout = time.Hour }))
	r.segment = 1 << 20
	r.rounds(0, 5, 4)
	name := segments(t, dir)[0]
	before, err := os.ReadFile(name)
	require.NoError(t, err)
	r.rounds(5, 1, 4)
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	r.kill(disk)
	require.Greater(t, len(whole), len(before))
	for cut := len(before); cut <= len(whole); cut++ {
		want := 20
		if cut == len(whole) {
			want = 24
		}
		again := t.TempDir()
		require.NoError(t, os.CopyFS(again, os.DirFS(dir)))
		require.NoError(t, os.WriteFile(segments(t, again)[0], whole[:cut], 0o600))
		store := newStore(t)
		r := start(t, store, immortal(), singleLog(again, nil))
		r.settle()
		require.EqualValues(t, want, r.metric("num_samples_restored"), "cut at %d of %d", cut, len(whole))
		require.Zero(t, r.metric("num_samples_dropped"))
		require.Zero(t, r.metric("wal_damaged_bytes"))
		r.rounds(5, 2, 4) // the caller's retry, and on
		r.settle()
		r.end()
		require.Empty(t, store.Violations())
		require.Equal(t, 28, store.Counts().Samples)
		require.Zero(t, store.Counts().Repeats)
	}
}

// A flipped byte anywhere costs no more than the samples it hits, and those are counted.
func TestDamageIsPassedOverAndCounted(t *testing.T) {
	dir := t.TempDir()
	disk := immortal()
	r := start(t, newStore(t, promtest.WithScript(down)), disk, singleLog(dir, func(c *Config, _ *WALConfig) { c.Batch.FlushTimeout = time.Hour }))
	r.rounds(0, 30, 4)
	r.kill(disk)
	names := segments(t, dir)
	require.Greater(t, len(names), 2)
	for _, name := range names[:3] {
		whole, err := os.ReadFile(name)
		require.NoError(t, err)
		for at := 48; at < len(whole); at += 5 {
			again := t.TempDir()
			require.NoError(t, os.CopyFS(again, os.DirFS(dir)))
			damaged := append([]byte{}, whole...)
			damaged[at] ^= 0x10
			relative, err := filepath.Rel(dir, name)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(again, relative), damaged, 0o600))
			requireCounted(t, again, 120)
		}
	}
}

// requireCounted checks that what does not arrive of a log is counted.
func requireCounted(t *testing.T, dir string, logged int) {
	t.Helper()
	store := newStore(t)
	r := start(t, store, immortal(), singleLog(dir, nil))
	r.settle()
	lost := r.droppedFor(walDamaged)
	require.Equal(t, logged, store.Counts().Samples+lost)
	require.Equal(t, float64(lost), r.metric("num_samples_dropped"))
	require.Positive(t, r.metric("wal_damaged_bytes"))
	require.Positive(t, r.logs.FilterMessageSnippet("cannot be read").Len())
	r.requireAddsUp()
	require.Zero(t, r.metric("wal_bytes_pending"))
	r.rounds(1000, 1, 4)
	r.settle()
	require.Empty(t, store.Violations())
	r.end()
}

// Files that vanish while the process runs do not stop it either.
func TestFilesRemovedBehindOurBack(t *testing.T) {
	dir := t.TempDir()
	store := newStore(t, promtest.WithScript(down))
	r := start(t, store, immortal(), singleLog(dir, nil))
	r.rounds(0, 40, 4)
	require.True(t, store.Wait(patience, func() bool { return store.Counts().Requests > 0 }))
	names := segments(t, dir)
	for _, name := range names[1 : len(names)-1] {
		require.NoError(t, os.Remove(name))
	}
	store.SetScript(nil)
	r.settle()
	assert.Equal(t, 160, store.Counts().Samples+r.droppedFor(walDamaged))
	assert.Positive(t, r.droppedFor(walDamaged))
	r.requireAddsUp()
	assert.Zero(t, r.metric("wal_bytes_pending"))
	r.end()
	assert.Empty(t, store.Violations())
}

func TestALostCursorSendsEverythingAgainAsRepeated(t *testing.T) {
	dir := t.TempDir()
	store := newStore(t)
	disk := immortal()
	r := start(t, store, disk, singleLog(dir, nil))
	r.segment = 1 << 20
	r.rounds(0, 3, 4)
	r.settle()
	r.kill(disk)
	cursors, err := filepath.Glob(filepath.Join(dir, "*", "slot-000", cursorName))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(cursors[0], make([]byte, 8192), 0o600))

	// A store that already has it, and refuses what is older than its newest.
	store.SetScript(func(q promtest.Request) promtest.Answer {
		for _, s := range q.Series {
			if s.Samples[0].T < 3000 {
				return promtest.Answer{Status: 400}
			}
		}
		return promtest.Answer{}
	})
	r = start(t, store, immortal(), singleLog(dir, func(c *Config, _ *WALConfig) { c.Protocol = protocol1 }))
	r.rounds(3, 1, 4)
	r.settle()
	assert.Equal(t, 8, r.droppedFor(repeated))
	assert.Equal(t, 1, r.logs.FilterMessageSnippet("cursor of the log cannot be read").Len())
	r.requireAddsUp()
	r.end()
	assert.Equal(t, 16, store.Counts().Samples)
	assert.Empty(t, store.Violations())
}

func TestForeignFormatsAreSetAsideWithOneWarning(t *testing.T) {
	dir := t.TempDir()
	slotDir := filepath.Join(dir, "000001-1-instance", "slot-000")
	require.NoError(t, os.MkdirAll(slotDir, 0o700))
	foreign := filepath.Join(slotDir, "0000000000000007.seg")
	require.NoError(t, os.WriteFile(foreign, []byte(strings.Repeat("another program's", 10)), 0o600))
	store := newStore(t)
	r := start(t, store, immortal(), singleLog(dir, nil))
	r.rounds(0, 3, 4)
	r.settle()
	r.end()
	assert.Equal(t, 12, store.Counts().Samples)
	assert.Equal(t, 1, r.logs.FilterMessageSnippet("not ours to read").Len())
	assert.FileExists(t, foreign+".aside")
}

func TestAFullDiskRefusesCallsUntilThereIsSpace(t *testing.T) {
	for _, torn := range []int{0, 10} {
		disk := immortal()
		disk.Set(func(f *disktest.Faults) { f.Torn = torn })
		store := newStore(t)
		r := start(t, store, disk, withWAL(t.TempDir(), func(c *Config, _ *WALConfig) { c.SlotBy = slotBySeries }))
		r.rounds(0, 3, 10)
		disk.Set(func(f *disktest.Faults) { f.Full = true })
		for range 3 {
			err := r.ConsumeMetrics(context.Background(), round(3, 10).md)
			require.ErrorIs(t, err, disktest.Err)
			require.False(t, consumererror.IsPermanent(err))
		}
		require.Equal(t, componentstatus.StatusRecoverableError, <-r.statuses)
		disk.Set(func(f *disktest.Faults) { f.Full = false })
		r.rounds(3, 2, 10)
		require.Equal(t, componentstatus.StatusOK, <-r.statuses)
		require.Empty(t, r.statuses, "each told once")
		r.settle()
		require.EqualValues(t, 3, r.metric("wal_disk_errors"))
		require.Zero(t, r.metric("num_samples_dropped"))
		require.EqualValues(t, 50, r.metric("num_samples_in"))
		r.requireAddsUp()
		r.end()
		require.Equal(t, 50, store.Counts().Samples)
		require.Empty(t, store.Violations())
	}
}

// When some slots took their part of a call, the caller's retry finds it there.
func TestAPartlyLoggedCallIsRecognisedWhenItComesAgain(t *testing.T) {
	disk := immortal()
	store := newStore(t)
	r := start(t, store, disk, withWAL(t.TempDir(), func(c *Config, _ *WALConfig) { c.SlotBy = slotBySeries }))
	r.rounds(0, 1, 20)
	disk.Set(func(f *disktest.Faults) { f.Left, f.Torn = 3, 4 }) // three slots, then half a record
	require.ErrorIs(t, r.ConsumeMetrics(context.Background(), round(1, 20).md), disktest.Err)
	disk.Set(func(f *disktest.Faults) { f.Left, f.Dead = -1, false })
	r.rounds(1, 1, 20)
	r.settle()
	assert.Equal(t, 40, store.Counts().Samples)
	assert.EqualValues(t, 40+r.droppedFor(duplicate), r.metric("num_samples_in"))
	assert.Equal(t, float64(r.droppedFor(duplicate)), r.metric("num_samples_dropped"))
	r.requireAddsUp()
	r.end()
	assert.Empty(t, store.Violations())
}

func TestWhatStartSaysOfADirectoryItCannotUse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := live(t, newStore(t), immortal(), "1", nil, singleLog(file, nil))
	require.ErrorContains(t, err, `wal.directory: "`+file+`" cannot be used: `)

	disk := immortal()
	disk.Set(func(f *disktest.Faults) { f.Full = true })
	_, err = live(t, newStore(t), disk, "1", nil, singleLog(t.TempDir(), nil))
	require.ErrorIs(t, err, disktest.Err)

	dir := t.TempDir()
	r := start(t, newStore(t), immortal(), singleLog(dir, nil))
	_, err = live(t, newStore(t), immortal(), "1", nil, singleLog(dir, nil))
	require.ErrorContains(t, err, "is in use by another process")
	r.end()
}

// Metadata, exemplars and histograms survive with their samples.
func TestEverythingASampleCarriesComesBack(t *testing.T) {
	dir := t.TempDir()
	store := newStore(t, promtest.WithScript(down))
	r := start(t, store, immortal(), singleLog(dir, nil))
	b := newBatch().resource(flink...)
	m := b.metric("requests")
	m.SetDescription("how many")
	sum := m.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(2)
	p := sum.DataPoints().AppendEmpty()
	p.SetTimestamp(stamp(5000))
	p.SetStartTimestamp(stamp(1000))
	p.SetIntValue(7)
	e := p.Exemplars().AppendEmpty()
	e.SetDoubleValue(1.5)
	e.SetTimestamp(stamp(4000))
	e.FilteredAttributes().PutStr("who", "me")
	r.send(b.md)
	require.NoError(t, r.Shutdown(canceled()))

	var got promtest.Request
	store.SetScript(func(q promtest.Request) promtest.Answer { got = q; return promtest.Answer{} })
	r = start(t, store, immortal(), singleLog(dir, nil))
	r.settle()
	assert.EqualValues(t, 1, r.metric("num_exemplars_out"))
	r.end()
	require.Len(t, got.Series, 1)
	s := got.Series[0]
	assert.Equal(t, promtest.Metadata{Type: int(typeCounter), Help: "how many"}, s.Metadata)
	assert.Equal(t, []promtest.Sample{{T: 5000, V: 7, Start: 1000}}, s.Samples)
	assert.Equal(t, []promtest.Exemplar{{Labels: []promtest.Label{{Name: "who", Value: "me"}}, T: 4000, V: 1.5}}, s.Exemplars)
}
