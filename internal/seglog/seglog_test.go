package seglog_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"weir.example/internal/seglog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, options seglog.Options) *seglog.Log {
	t.Helper()
	log, err := seglog.Open(options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, log.Close()) })
	return log
}

func add(t testing.TB, log *seglog.Log, payload string) seglog.Position {
	t.Helper()
	end, err := log.Append(seglog.Record{Type: 1, Payload: []byte(payload)})
	require.NoError(t, err)
	return end
}

// read gives all payloads from a position on, and the damage passed over.
func read(t testing.TB, log *seglog.Log, from seglog.Position) (payloads []string, damage []seglog.Damage) {
	t.Helper()
	reader := log.Reader(from, func(d seglog.Damage) { damage = append(damage, d) })
	defer reader.Close()
	for {
		record, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return payloads, damage
		}
		require.NoError(t, err)
		payloads = append(payloads, string(record.Payload))
	}
}

func TestRecordsComeBackInOrderAfterReopening(t *testing.T) {
	for _, policy := range []seglog.Sync{seglog.SyncAlways, seglog.SyncInterval, seglog.SyncNever} {
		options := seglog.Options{Dir: t.TempDir(), SegmentBytes: 200, Sync: policy}
		log := open(t, options)
		var want []string
		for i := range 50 {
			want = append(want, fmt.Sprintf("record %d", i))
			add(t, log, want[i])
		}
		got, damage := read(t, log, seglog.Position{})
		require.Equal(t, want, got)
		require.Empty(t, damage)
		require.NoError(t, log.Close())

		again := open(t, options)
		add(t, again, "after")
		got, damage = read(t, again, seglog.Position{})
		require.Equal(t, append(want, "after"), got)
		require.Empty(t, damage)
	}
}

func TestReaderFollowsWhatIsAppendedLater(t *testing.T) {
	log := open(t, seglog.Options{Dir: t.TempDir(), SegmentBytes: 100})
	reader := log.Reader(seglog.Position{}, nil)
	defer reader.Close()
	for i := range 20 {
		_, err := reader.Next()
		require.ErrorIs(t, err, io.EOF)
		want := fmt.Sprint(i)
		end := add(t, log, want)
		record, err := reader.Next()
		require.NoError(t, err)
		require.Equal(t, want, string(record.Payload))
		require.Equal(t, end, reader.Position())
	}
}

func TestEverySegmentBeginsWithItsHead(t *testing.T) {
	appended := 0
	log := open(t, seglog.Options{Dir: t.TempDir(), SegmentBytes: 150, Head: func(emit func(seglog.Record)) {
		emit(seglog.Record{Type: 9, Payload: fmt.Appendf(nil, "head after %d", appended)})
	}})
	for appended = range 30 {
		add(t, log, fmt.Sprint(appended))
	}
	require.NoError(t, log.Truncate(log.End()))
	got, damage := read(t, log, seglog.Position{})
	require.Empty(t, damage)
	require.Equal(t, "head after "+got[1], got[0], "what is left begins with a head that knows all before it")
}

// A head larger than a segment must not make every record begin a new one.
func TestALargeHeadIsWrittenOnlyOnceForAsMuchData(t *testing.T) {
	heads := 0
	log := open(t, seglog.Options{Dir: t.TempDir(), SegmentBytes: 100, Head: func(emit func(seglog.Record)) {
		heads++
		emit(seglog.Record{Type: 9, Payload: make([]byte, 10_000)})
	}})
	for range 2_000 {
		add(t, log, "twenty-eight bytes") // and 12 of the frame
	}
	require.Equal(t, 6, heads)
}

func TestRollBeginsANewSegmentAndRemoveLeavesGaps(t *testing.T) {
	log := open(t, seglog.Options{Dir: t.TempDir()})
	require.NoError(t, log.Roll(), "nothing to close")
	var ends []seglog.Position
	for i := range 5 {
		ends = append(ends, add(t, log, fmt.Sprint(i)))
		require.NoError(t, log.Roll())
	}
	require.NoError(t, log.Remove(ends[0], ends[2]))
	got, damage := read(t, log, seglog.Position{})
	require.Equal(t, []string{"0", "3", "4"}, got)
	require.Empty(t, damage)
	require.NoError(t, log.Remove(seglog.Position{}, log.End()))
	got, _ = read(t, log, seglog.Position{})
	require.Equal(t, []string{"4"}, got, "the newest stays")
}

// A segment that is cut off or removed behind our back costs its records and no more.
func TestFilesThatOthersTouchDoNotStopAReader(t *testing.T) {
	dir := t.TempDir()
	log := open(t, seglog.Options{Dir: dir})
	for i := range 4 {
		add(t, log, fmt.Sprint(i))
		if i < 3 {
			require.NoError(t, log.Roll())
		}
	}
	require.NoError(t, os.Remove(filepath.Join(dir, "0000000000000002.seg")))
	require.NoError(t, os.Truncate(filepath.Join(dir, "0000000000000003.seg"), 50))
	got, damage := read(t, log, seglog.Position{})
	require.Equal(t, []string{"0", "3"}, got)
	require.Equal(t, []seglog.Damage{{Segment: 2, Offset: 48, Bytes: 13, Torn: true}, {Segment: 3, Offset: 48, Bytes: 13, Torn: true}}, damage)
}

func TestTruncateRemovesOnlyWholeSegmentsBeforeThePosition(t *testing.T) {
	log := open(t, seglog.Options{Dir: t.TempDir(), SegmentBytes: 100})
	var ends []seglog.Position
	for i := range 40 {
		ends = append(ends, add(t, log, fmt.Sprint(i)))
	}
	before := log.Bytes()
	require.NoError(t, log.Truncate(ends[19]))
	require.Less(t, log.Bytes(), before)
	got, _ := read(t, log, ends[19])
	require.Equal(t, "20", got[0])
	require.Len(t, got, 20)
	require.NoError(t, log.Truncate(ends[39]))
	got, _ = read(t, log, ends[39])
	require.Empty(t, got)
	add(t, log, "next")
	got, _ = read(t, log, ends[39])
	require.Equal(t, []string{"next"}, got)
}

func TestASecondProcessIsKeptOut(t *testing.T) {
	dir := t.TempDir()
	open(t, seglog.Options{Dir: dir})
	_, err := seglog.Open(seglog.Options{Dir: dir})
	require.ErrorContains(t, err, "is in use by another process")
}

func TestForeignSegmentsAreSetAsideAndNeverDeleted(t *testing.T) {
	dir := t.TempDir()
	old := open(t, seglog.Options{Dir: dir, Format: 1})
	add(t, old, "of format 1")
	require.NoError(t, old.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "0000000000000009.seg"), bytes.Repeat([]byte("no segment"), 20), 0o600))

	log := open(t, seglog.Options{Dir: dir, Format: 2})
	require.Len(t, log.SetAside(), 2)
	require.Contains(t, log.SetAside()[0], "its records have format 1, this program reads 2")
	require.Contains(t, log.SetAside()[1], "it does not begin with an intact header")
	got, _ := read(t, log, seglog.Position{})
	require.Empty(t, got)
	kept, err := filepath.Glob(filepath.Join(dir, "*.aside"))
	require.NoError(t, err)
	require.Len(t, kept, 2)
}

func TestSegmentsOfAnOlderFormatAreReadWhereTheirOwnerSaysSo(t *testing.T) {
	dir := t.TempDir()
	for format := uint16(1); format <= 4; format++ {
		log := open(t, seglog.Options{Dir: dir, Format: format, Oldest: 1})
		add(t, log, fmt.Sprint("of format ", format))
		require.NoError(t, log.Close())
	}
	log := open(t, seglog.Options{Dir: dir, Format: 3, Oldest: 2})
	require.Len(t, log.SetAside(), 2, "one is too old, one too new")
	got, _ := read(t, log, seglog.Position{})
	require.Equal(t, []string{"of format 2", "of format 3"}, got)
}

// A write that stops after any byte leaves all earlier records and nothing else.
func TestTornAtEveryByteOfTheLastRecord(t *testing.T) {
	dir := t.TempDir()
	log := open(t, seglog.Options{Dir: dir})
	add(t, log, "first")
	second := add(t, log, "second")
	third := add(t, log, "the last record")
	require.NoError(t, log.Close())
	name := filepath.Join(dir, "0000000000000001.seg")
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	for cut := second.Offset; cut < third.Offset; cut++ {
		require.NoError(t, os.WriteFile(name, whole[:cut], 0o600))
		again := open(t, seglog.Options{Dir: dir})
		got, damage := read(t, again, seglog.Position{})
		require.Equal(t, []string{"first", "second"}, got, "cut at byte %d", cut)
		if cut > second.Offset {
			require.Equal(t, []seglog.Damage{{Segment: 1, Offset: second.Offset, Bytes: cut - second.Offset, Torn: true}}, damage)
		} else {
			require.Empty(t, damage)
		}
		require.NoError(t, again.Close())
	}
}

// A flipped bit anywhere costs at most the record it is in.
func TestAFlippedBitCostsOneRecord(t *testing.T) {
	dir := t.TempDir()
	log := open(t, seglog.Options{Dir: dir})
	var want []string
	for i := range 8 {
		want = append(want, fmt.Sprintf("record number %d", i))
		add(t, log, want[i])
	}
	require.NoError(t, log.Close())
	name := filepath.Join(dir, "0000000000000001.seg")
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	for at := range whole {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 1 << rand.IntN(8)
		require.NoError(t, os.WriteFile(name, damaged, 0o600))
		again := open(t, seglog.Options{Dir: dir})
		got, _ := read(t, again, seglog.Position{})
		require.GreaterOrEqual(t, len(got), len(want)-1, "byte %d", at)
		require.Subset(t, want, got, "byte %d", at)
		require.NoError(t, again.Close())
	}
}

// A payload that looks like a frame is not read as one, even behind damage.
func TestAPayloadThatImitatesAFrameIsNotARecord(t *testing.T) {
	dir := t.TempDir()
	log := open(t, seglog.Options{Dir: dir})
	add(t, log, "inner")
	require.NoError(t, log.Close())
	name := filepath.Join(dir, "0000000000000001.seg")
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	frame := string(whole[48:])
	require.NoError(t, os.Remove(name))

	again := open(t, seglog.Options{Dir: dir})
	add(t, again, frame)
	add(t, again, "good")
	require.NoError(t, again.Close())
	whole, err = os.ReadFile(name)
	require.NoError(t, err)
	whole[48] ^= 0xFF // the mark of the outer frame
	require.NoError(t, os.WriteFile(name, whole, 0o600))
	got, damage := read(t, open(t, seglog.Options{Dir: dir}), seglog.Position{})
	require.Equal(t, []string{"good"}, got)
	require.Len(t, damage, 1)
}

func TestConcurrentAppendsAreAllThere(t *testing.T) {
	log := open(t, seglog.Options{Dir: t.TempDir(), Sync: seglog.SyncAlways, SegmentBytes: 1 << 10})
	var group sync.WaitGroup
	for writer := range 8 {
		group.Go(func() {
			for i := range 50 {
				_, err := log.Append(seglog.Record{Payload: fmt.Appendf(nil, "%d/%d", writer, i)})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	got, damage := read(t, log, seglog.Position{})
	require.Len(t, got, 400)
	require.Empty(t, damage)
}

// One sync stands for all who wait, also when it fails.
func TestAFailedSyncHasFailedForAllItStoodFor(t *testing.T) {
	disk := &faultyDisk{budget: -1}
	log := open(t, seglog.Options{Dir: t.TempDir(), Sync: seglog.SyncNever, Disk: disk})
	first, second := add(t, log, "first"), add(t, log, "second")
	disk.syncFails = true
	require.ErrorIs(t, log.Force(second), errFull)
	disk.syncFails = false
	require.ErrorIs(t, log.Force(first), errFull, "the sync that failed was for this one too")
	third := add(t, log, "third")
	require.NoError(t, log.Force(third))
	require.ErrorIs(t, log.Force(second), errFull, "a later sync is of another file")
	got, _ := read(t, log, seglog.Position{})
	require.Equal(t, []string{"first", "second", "third"}, got, "what is written is read")
}

func TestSnapshotsAreWholeOrTheOneBefore(t *testing.T) {
	dir := t.TempDir()
	log := open(t, seglog.Options{Dir: dir})
	load := func() (content string, notes []string) {
		_, notes, err := log.LoadSnapshot(func(r io.Reader) error {
			body, err := io.ReadAll(r)
			content = string(body)
			return err
		})
		require.NoError(t, err)
		return content, notes
	}
	save := func(content string) error {
		return log.SaveSnapshot(func(w io.Writer) error {
			_, err := io.WriteString(w, content)
			return err
		})
	}
	got, _ := load()
	require.Empty(t, got)
	for i := range 4 {
		require.NoError(t, save(fmt.Sprintf("snapshot %d", i)))
	}
	failed := errors.New("owner failed")
	require.ErrorIs(t, log.SaveSnapshot(func(io.Writer) error { return failed }), failed)
	got, _ = load()
	require.Equal(t, "snapshot 3", got)

	names, err := filepath.Glob(filepath.Join(dir, "*.snap"))
	require.NoError(t, err)
	require.Len(t, names, 2)
	body, err := os.ReadFile(names[1])
	require.NoError(t, err)
	body[13] ^= 1
	require.NoError(t, os.WriteFile(names[1], body, 0o600))
	got, notes := load()
	require.Equal(t, "snapshot 2", got)
	require.Len(t, notes, 1)
	require.Contains(t, notes[0], "it is damaged")
}

// The law: after any history of appends, disk faults, truncations, kills and
// reopenings, exactly the records whose Append succeeded come back, in order.
func TestExactlyTheAppendedRecordsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "seglog")
		require.NoError(t, err)
		defer os.RemoveAll(dir)
		disk := &faultyDisk{}
		options := seglog.Options{Dir: dir, SegmentBytes: 300, Disk: disk, Sync: seglog.SyncNever}
		log, err := seglog.Open(options)
		require.NoError(t, err)
		defer func() { _ = log.Close() }()
		var want []string
		kept := seglog.Position{}
		next := 0
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				payload := fmt.Sprintf("%d:%s", next, rapid.StringN(0, 80, 200).Draw(t, "payload"))
				next++
				disk.budget = rapid.SampledFrom([]int{-1, -1, -1, 0, 5, 30}).Draw(t, "bytes before the disk is full")
				disk.truncateFails = rapid.Bool().Draw(t, "truncate fails too")
				_, err := log.Append(seglog.Record{Payload: []byte(payload)})
				disk.budget, disk.truncateFails = -1, false
				if err == nil {
					want = append(want, payload)
				}
			},
			"reopen": func(t *rapid.T) {
				require.NoError(t, log.Close())
				log, err = seglog.Open(options)
				require.NoError(t, err)
			},
			"consume": func(t *rapid.T) {
				reader := log.Reader(kept, nil)
				defer reader.Close()
				for range rapid.IntRange(0, 10).Draw(t, "records") {
					record, err := reader.Next()
					if errors.Is(err, io.EOF) {
						break
					}
					require.NoError(t, err)
					require.Equal(t, want[0], string(record.Payload))
					want = want[1:]
				}
				kept = reader.Position()
				require.NoError(t, log.Truncate(kept))
			},
			"": func(t *rapid.T) {
				var got []string
				reader := log.Reader(kept, nil)
				defer reader.Close()
				for {
					record, err := reader.Next()
					if errors.Is(err, io.EOF) {
						break
					}
					require.NoError(t, err)
					got = append(got, string(record.Payload))
				}
				require.Equal(t, len(want), len(got))
				for i := range want {
					require.Equal(t, want[i], got[i])
				}
			},
		})
	})
}

// faultyDisk is the operating system's with a disk that fills up.
type faultyDisk struct {
	seglog.OS
	budget        int // bytes until full, -1: none
	truncateFails bool
	syncFails     bool
}

func (d *faultyDisk) Create(name string) (seglog.File, error) {
	file, err := d.OS.Create(name)
	if err != nil {
		return nil, err
	}
	return &faultyFile{File: file, disk: d}, nil
}

type faultyFile struct {
	seglog.File
	disk *faultyDisk
}

var errFull = &fs.PathError{Op: "write", Err: errors.New("no space left")}

func (f *faultyFile) Write(p []byte) (int, error) {
	if f.disk.budget < 0 || len(p) <= f.disk.budget {
		return f.File.Write(p)
	}
	n, err := f.File.Write(p[:f.disk.budget])
	return n, errors.Join(errFull, err)
}

func (f *faultyFile) Sync() error {
	if f.disk.syncFails {
		return errFull
	}
	return f.File.Sync()
}

func (f *faultyFile) Truncate(size int64) error {
	if f.disk.truncateFails {
		return errFull
	}
	return f.File.Truncate(size)
}

func FuzzReader(f *testing.F) {
	dir := f.TempDir()
	log := open(f, seglog.Options{Dir: dir})
	add(f, log, "one")
	add(f, log, "two")
	require.NoError(f, log.Close())
	valid, err := os.ReadFile(filepath.Join(dir, "0000000000000001.seg"))
	require.NoError(f, err)
	f.Add(valid)
	f.Add(valid[:60])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "0000000000000001.seg"), content, 0o600))
		log, err := seglog.Open(seglog.Options{Dir: dir})
		require.NoError(t, err)
		defer log.Close()
		payloads, damage := read(t, log, seglog.Position{})
		bytes := int64(0)
		for _, payload := range payloads {
			bytes += int64(len(payload)) + 12
		}
		for _, d := range damage {
			bytes += d.Bytes
		}
		if len(log.SetAside()) == 0 && len(content) > 48 {
			require.Equal(t, int64(len(content))-48, bytes, "every byte is in a record or reported as damage")
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	log := open(b, seglog.Options{Dir: b.TempDir(), SegmentBytes: 64 << 20, Sync: seglog.SyncNever})
	payload := make([]byte, 30_000) // about one request of 2,000 samples
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := log.Append(seglog.Record{Payload: payload}); err != nil {
			b.Fatal(err)
		}
		if err := log.Truncate(log.End()); err != nil {
			b.Fatal(err)
		}
	}
}
