package seglog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	segmentSuffix = ".seg"
	asideSuffix   = ".aside"
)

// scan finds the segments of an earlier life and sets aside what is not ours.
func (l *Log) scan() error {
	entries, err := l.options.Disk.ReadDir(l.options.Dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		number, ok := segmentNumber(entry.Name())
		if !ok {
			continue
		}
		if err := l.adopt(number, entry); err != nil {
			return err
		}
	}
	slices.SortFunc(l.segments, func(a, b segment) int {
		return strings.Compare(l.name(a.number), l.name(b.number))
	})
	l.forced = l.end()
	return nil
}

// adopt takes a segment into the list, or renames it when it cannot be read.
func (l *Log) adopt(number uint64, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	name := filepath.Join(l.options.Dir, entry.Name())
	if info.Size() <= headerBytes {
		// Begun, but nothing was ever logged in it. Its number stays taken.
		l.segments = append(l.segments, segment{number, info.Size()})
		return nil
	}
	_, foreign, err := l.inspect(name)
	if err != nil {
		return err
	}
	if foreign == "" {
		l.segments = append(l.segments, segment{number, info.Size()})
		return nil
	}
	l.aside = append(l.aside, fmt.Sprintf("%s: %s; kept as %s", entry.Name(), foreign, entry.Name()+asideSuffix))
	return l.options.Disk.Rename(name, name+asideSuffix)
}

// inspect reads the header of a segment.
func (l *Log) inspect(name string) (seed uint32, foreign string, err error) {
	file, err := l.options.Disk.Open(name)
	if err != nil {
		return 0, "", err
	}
	defer file.Close()
	header := make([]byte, headerBytes)
	n, err := file.ReadAt(header, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, "", err
	}
	seed, foreign = parseHeader(header[:n], l.options.Oldest, l.options.Format)
	return seed, foreign, nil
}

func segmentNumber(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 16 {
		return 0, false
	}
	number, err := strconv.ParseUint(digits, 10, 64)
	return number, err == nil
}
