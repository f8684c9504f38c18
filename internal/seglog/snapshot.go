package seglog

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	snapshotSuffix = ".snap"
	// keptSnapshots is how many are kept: the newest, and one in case it is damaged.
	keptSnapshots = 2
)

var snapshotMagic = [8]byte{'w', 'e', 'i', 'r', 's', 'n', 'a', 'p'}

// SaveSnapshot stores what write writes as the newest snapshot. It is whole and on
// the disk when SaveSnapshot returns nil; on an error the earlier ones stand.
//
// A snapshot file is the magic, version and format (u16 each), the content, and the
// crc32c of all that.
func (l *Log) SaveSnapshot(write func(io.Writer) error) error {
	disk := l.options.Disk
	names, err := l.snapshots()
	if err != nil {
		return err
	}
	number := uint64(1)
	if len(names) > 0 {
		number = snapshotNumber(names[0]) + 1
	}
	name := filepath.Join(l.options.Dir, fmt.Sprintf("%016d%s", number, snapshotSuffix))
	temporary := name + ".tmp"
	if err := disk.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := l.writeSnapshot(temporary, write); err != nil {
		_ = disk.Remove(temporary) // best effort: the next snapshot removes it too
		return err
	}
	if err := disk.Rename(temporary, name); err != nil {
		return err
	}
	if err := disk.SyncDir(l.options.Dir); err != nil {
		return err
	}
	for i, old := range names {
		if i+1 >= keptSnapshots {
			if err := disk.Remove(filepath.Join(l.options.Dir, old)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Log) writeSnapshot(name string, write func(io.Writer) error) error {
	file, err := l.options.Disk.Create(name)
	if err != nil {
		return err
	}
	sum := crc32.New(castagnoli)
	buffered := bufio.NewWriterSize(file, 256<<10)
	err = func() error {
		out := io.MultiWriter(buffered, sum)
		header := append([]byte{}, snapshotMagic[:]...)
		header = binary.LittleEndian.AppendUint16(header, version)
		header = binary.LittleEndian.AppendUint16(header, l.options.Format)
		if _, err := out.Write(header); err != nil {
			return err
		}
		if err := write(out); err != nil {
			return err
		}
		if _, err := buffered.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32())); err != nil {
			return err
		}
		if err := buffered.Flush(); err != nil {
			return err
		}
		return file.Sync()
	}()
	return errors.Join(err, file.Close())
}

// LoadSnapshot hands the content of the newest intact snapshot to read; found is
// false when there is none. Damaged ones, and those of another version or format,
// are set aside and described in notes.
func (l *Log) LoadSnapshot(read func(io.Reader) error) (found bool, notes []string, err error) {
	names, err := l.snapshots()
	if err != nil {
		return false, nil, err
	}
	for _, base := range names {
		name := filepath.Join(l.options.Dir, base)
		fault, err := l.readSnapshot(name, read)
		if err != nil {
			return false, notes, err
		}
		if fault == "" {
			return true, notes, nil
		}
		notes = append(notes, fmt.Sprintf("%s: %s; kept as %s", base, fault, base+asideSuffix))
		if err := l.options.Disk.Rename(name, name+asideSuffix); err != nil {
			return false, notes, err
		}
	}
	return false, notes, nil
}

// readSnapshot checks the whole file before it hands out the first byte.
func (l *Log) readSnapshot(name string, read func(io.Reader) error) (fault string, err error) {
	file, err := l.options.Disk.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	const headerSize, sumSize = 12, 4
	size, stored, sum, err := checksumFile(file, sumSize)
	if err != nil {
		return "", err
	}
	header := make([]byte, headerSize)
	if size < headerSize {
		return "it is incomplete", nil
	}
	if _, err := file.ReadAt(header, 0); err != nil {
		return "", err
	}
	if [8]byte(header[:8]) != snapshotMagic || sum.Sum32() != stored {
		return "it is damaged", nil
	}
	gotVersion, gotFormat := binary.LittleEndian.Uint16(header[8:]), binary.LittleEndian.Uint16(header[10:])
	if gotVersion != version || gotFormat != l.options.Format {
		return fmt.Sprintf("it has version %d, format %d; this program reads version %d, format %d",
			gotVersion, gotFormat, version, l.options.Format), nil
	}
	return "", read(bufio.NewReaderSize(io.NewSectionReader(file, headerSize, size-headerSize), 256<<10))
}

// checksumFile sums all but the last sumSize bytes of a file, and gives those as stored.
func checksumFile(file File, sumSize int64) (size int64, stored uint32, sum hash.Hash32, err error) {
	sum = crc32.New(castagnoli)
	all := io.NewSectionReader(file, 0, 1<<62)
	total, err := io.Copy(io.Discard, all)
	if err != nil || total < sumSize {
		return 0, 0, sum, err
	}
	size = total - sumSize
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, size)); err != nil {
		return 0, 0, sum, err
	}
	tail := make([]byte, sumSize)
	if _, err := file.ReadAt(tail, size); err != nil && !errors.Is(err, io.EOF) {
		return 0, 0, sum, err
	}
	return size, binary.LittleEndian.Uint32(tail), sum, nil
}

// snapshots lists the snapshot files, newest first.
func (l *Log) snapshots() ([]string, error) {
	entries, err := l.options.Disk.ReadDir(l.options.Dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if snapshotNumber(entry.Name()) > 0 {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	slices.Reverse(names)
	return names, nil
}

// snapshotNumber is 0 for a name that is no snapshot's.
func snapshotNumber(name string) uint64 {
	digits, ok := strings.CutSuffix(name, snapshotSuffix)
	if !ok || len(digits) != 16 {
		return 0
	}
	number, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0
	}
	return number
}
