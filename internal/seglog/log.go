package seglog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"
)

// Sync says when written records are forced to the disk. A record that Append
// returned for survives the death of the process in any case, since the
// operating system has it; Sync is about losing power.
type Sync string

// The three policies.
const (
	// SyncAlways forces before Append returns; concurrent appends share one sync.
	SyncAlways Sync = "always"
	// SyncInterval forces at most Options.SyncInterval after Append returned.
	SyncInterval Sync = "interval"
	// SyncNever leaves it to the operating system.
	SyncNever Sync = "never"
)

// ErrNotForced wraps the error of a sync that failed under SyncAlways. The records
// are in the log and will be read; only losing power may still cost them.
var ErrNotForced = errors.New("written, but not forced to the disk")

// ErrClosed is returned by Append and Truncate after Close.
var ErrClosed = errors.New("log is closed")

// Options configures a log. Dir is required; zero values take the defaults named.
type Options struct {
	Dir string
	// Format is the version of the owner's records. Segments of another are set aside.
	Format uint16
	// Oldest is the first version that is read as well; Format if zero.
	Oldest uint16
	// SegmentBytes is how much is appended behind the head of a segment before it is
	// closed; 16 MiB if zero. With a head larger than that it is as much as the head, so
	// that heads never make up more than half of what is written.
	SegmentBytes int64
	// Sync is SyncInterval if empty.
	Sync Sync
	// SyncInterval is one second if zero.
	SyncInterval time.Duration
	// Disk is the operating system's if nil.
	Disk Disk
	// Head, if not nil, gives the records that every new segment begins with, so that
	// a segment can be read without those before it. It is called with the log locked
	// and must not call the log; payloads are not kept.
	Head func(emit func(Record))
}

// Position is a place between two records. The zero Position is before all records.
type Position struct {
	Segment uint64
	Offset  int64 // bytes from the start of the segment
}

// Before tells whether p comes before q.
func (p Position) Before(q Position) bool {
	return p.Segment < q.Segment || p.Segment == q.Segment && p.Offset < q.Offset
}

// Log is an open log. It is safe for concurrent use.
type Log struct {
	options Options
	unlock  io.Closer
	aside   []string // what Open set aside, and why

	// forcing is held while a sync runs and is taken before mu, so that appends go on meanwhile.
	forcing sync.Mutex

	mu       sync.Mutex // covers all below
	segments []segment  // oldest first; the last one is written while active is not nil
	active   File
	head     int64 // where the head of active ends
	seed     uint32
	buffer   []byte
	dirty    bool
	due      *time.Timer // forces what is dirty; nil: not set
	forced   Position
	failed   failure // the last sync that failed
	closed   bool
}

// segment is a file of the log. size is what may be read of it, in bytes.
type segment struct {
	number uint64
	size   int64
}

// Open opens or creates the log in options.Dir. Nothing that is there is written
// to again: the first Append begins a new segment.
func Open(options Options) (*Log, error) {
	if options.SegmentBytes == 0 {
		options.SegmentBytes = 16 << 20
	}
	if options.SyncInterval == 0 {
		options.SyncInterval = time.Second
	}
	if options.Sync == "" {
		options.Sync = SyncInterval
	}
	if options.Oldest == 0 {
		options.Oldest = options.Format
	}
	if options.Disk == nil {
		options.Disk = OS{}
	}
	if err := options.Disk.MkdirAll(options.Dir); err != nil {
		return nil, err
	}
	unlock, err := lock(filepath.Join(options.Dir, "LOCK"))
	if err != nil {
		return nil, err
	}
	log := &Log{options: options, unlock: unlock}
	if err := log.scan(); err != nil {
		return nil, errors.Join(err, unlock.Close())
	}
	return log, nil
}

// SetAside lists the files that Open renamed because they are not ours to read, and why.
func (l *Log) SetAside() []string { return l.aside }

// Append writes one record and returns the position behind it. The payload is not
// kept. When it fails with the disk's error the record will not be read (except with
// ErrNotForced), so a full disk can be waited for.
func (l *Log) Append(record Record) (Position, error) {
	if len(record.Payload) > MaxPayload {
		return Position{}, fmt.Errorf("record of %d bytes is larger than the %d allowed", len(record.Payload), MaxPayload)
	}
	end, err := l.write(record)
	if err != nil || l.options.Sync != SyncAlways {
		return end, err
	}
	if err := l.Force(end); err != nil {
		return end, fmt.Errorf("%w: %w", ErrNotForced, err)
	}
	return end, nil
}

func (l *Log) write(record Record) (Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return Position{}, ErrClosed
	}
	if err := l.ensureActive(); err != nil {
		return Position{}, err
	}
	l.buffer = appendFrame(l.buffer[:0], l.seed, record)
	defer l.trim()
	last := &l.segments[len(l.segments)-1]
	if _, err := l.active.Write(l.buffer); err != nil {
		return Position{}, errors.Join(err, l.abandon(last.size))
	}
	last.size += int64(len(l.buffer))
	l.soil()
	return Position{last.number, last.size}, nil
}

// maxBufferKept bounds the memory kept from one record to the next, in bytes.
const maxBufferKept = 128 << 10

func (l *Log) trim() {
	if cap(l.buffer) > maxBufferKept {
		l.buffer = nil
	}
}

// ensureActive closes a full segment and begins a new one when none is being written.
func (l *Log) ensureActive() error {
	if l.active != nil && l.segments[len(l.segments)-1].size-l.head >= max(l.options.SegmentBytes, l.head) {
		if err := l.finish(); err != nil {
			return err
		}
	}
	if l.active != nil {
		return nil
	}
	number := uint64(1)
	if n := len(l.segments); n > 0 {
		number = l.segments[n-1].number + 1
	}
	name := l.name(number)
	file, err := l.options.Disk.Create(name)
	if err != nil {
		return err
	}
	salt := rand.Uint64()
	seed := seedOf(salt)
	l.buffer = appendHeader(l.buffer[:0], l.options.Format, salt)
	if l.options.Head != nil {
		l.options.Head(func(record Record) { l.buffer = appendFrame(l.buffer, seed, record) })
	}
	if _, err := file.Write(l.buffer); err != nil {
		return errors.Join(err, file.Close(), l.options.Disk.Remove(name))
	}
	l.active, l.seed, l.head = file, seed, int64(len(l.buffer))
	l.segments = append(l.segments, segment{number, l.head})
	l.trim()
	if l.options.Sync == SyncNever {
		return nil
	}
	return l.options.Disk.SyncDir(l.options.Dir)
}

// finish forces and closes the active segment.
func (l *Log) finish() error {
	file := l.active
	l.active = nil
	if l.options.Sync == SyncNever {
		return file.Close()
	}
	err := errors.Join(file.Sync(), file.Close())
	if err != nil {
		l.failed = failure{from: l.forced, to: l.end(), err: err}
		return err
	}
	l.dirty = false
	l.forced = l.end()
	return nil
}

// abandon takes back a write that failed part way. If even that fails, the segment
// ends here: its size hides the torn frame now, and its checksum does after a restart.
func (l *Log) abandon(size int64) error {
	if l.active.Truncate(size) == nil {
		return nil
	}
	return l.finish()
}

// End is the position behind the last record.
func (l *Log) End() Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end()
}

func (l *Log) end() Position {
	if len(l.segments) == 0 {
		return Position{}
	}
	last := l.segments[len(l.segments)-1]
	return Position{last.number, last.size}
}

// Bytes is the size of all segments on disk.
func (l *Log) Bytes() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	var sum int64
	for _, segment := range l.segments {
		sum += segment.size
	}
	return sum
}

// Roll closes the segment being written, so that Remove may remove it once the
// next Append began another one.
func (l *Log) Roll() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	if l.active == nil {
		return nil
	}
	return l.finish()
}

// Truncate removes the segments that hold nothing at or behind keep, as Remove does.
func (l *Log) Truncate(keep Position) error { return l.Remove(Position{}, keep) }

// Remove removes the segments that hold nothing but what lies between two positions.
// The newest stays, so that its number is never given to another segment and
// positions never repeat.
func (l *Log) Remove(from, to Position) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	var fault error
	last := len(l.segments) - 1
	kept := l.segments[:0]
	for i, segment := range l.segments {
		inside := !(Position{segment.number, headerBytes}).Before(from) && !to.Before(Position{segment.number, segment.size})
		if i == last || !inside || fault != nil {
			kept = append(kept, segment)
			continue
		}
		if err := l.options.Disk.Remove(l.name(segment.number)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			fault = err
			kept = append(kept, segment)
		}
	}
	l.segments = kept
	return fault
}

// Close forces what was written and releases the directory. It is safe to call twice.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	if l.due != nil {
		l.due.Stop()
	}
	var err error
	if l.active != nil {
		err = l.finish()
	}
	l.mu.Unlock()
	l.forcing.Lock() // a sync that runs ends first
	defer l.forcing.Unlock()
	return errors.Join(err, l.unlock.Close())
}

func (l *Log) name(number uint64) string {
	return filepath.Join(l.options.Dir, fmt.Sprintf("%016d%s", number, segmentSuffix))
}
