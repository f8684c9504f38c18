package seglog

import (
	"errors"
	"io"
	"io/fs"
	"slices"
)

// readBytes is how much is read at once, unless a record is larger.
const readBytes = 64 << 10

// Damage is a stretch of a segment that held no intact record.
type Damage struct {
	Segment uint64
	Offset  int64
	Bytes   int64
	// Torn is set when the stretch reaches the end of its segment: a write that was cut short.
	Torn bool
}

// Reader reads records in the order they were appended. It may follow a log that
// is being written. It is not safe for concurrent use.
type Reader struct {
	log      *Log
	position Position
	onDamage func(Damage)

	file   File
	opened uint64 // segment of file
	seed   uint32
	window []byte // bytes of the segment from windowAt on
	at     int64
}

// Reader begins at a position that Append, a Reader or the zero value gave; a place
// in a segment that was truncated away means the oldest record there is.
// onDamage may be nil.
func (l *Log) Reader(from Position, onDamage func(Damage)) *Reader {
	if onDamage == nil {
		onDamage = func(Damage) {}
	}
	return &Reader{log: l, position: from, onDamage: onDamage}
}

// Position is the place behind the record that Next returned last.
func (r *Reader) Position() Position { return r.position }

// Next gives the next intact record; its payload is valid until the next call.
// io.EOF means there is none yet.
func (r *Reader) Next() (Record, error) {
	for {
		size, err := r.settle()
		if err != nil {
			return Record{}, err
		}
		record, ok, err := r.frame(size)
		if ok || err != nil {
			return record, err
		}
	}
}

// Close releases the file being read.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	file := r.file
	r.file = nil
	return file.Close()
}

// settle moves to the segment that holds the next unread byte and opens it. It
// returns how much of that segment may be read.
func (r *Reader) settle() (int64, error) {
	for {
		current, found := r.log.segmentFrom(r.position)
		if !found {
			return 0, io.EOF
		}
		if current.number != r.position.Segment {
			r.position = Position{current.number, headerBytes}
		}
		r.position.Offset = max(r.position.Offset, headerBytes)
		if r.file != nil && r.opened == current.number {
			return current.size, nil
		}
		switch err := r.open(current.number); {
		case errors.Is(err, fs.ErrNotExist) && r.log.lists(current.number):
			// Somebody else removed the file.
			r.onDamage(Damage{Segment: current.number, Offset: r.position.Offset, Bytes: current.size - r.position.Offset, Torn: true})
			r.position.Offset = current.size
		case errors.Is(err, fs.ErrNotExist): // truncated away just now: look again
		case err != nil:
			return 0, err
		default:
			return current.size, nil
		}
	}
}

func (r *Reader) open(number uint64) error {
	if err := r.Close(); err != nil {
		return err
	}
	seed, _, err := r.log.inspect(r.log.name(number))
	if err != nil {
		return err
	}
	file, err := r.log.options.Disk.Open(r.log.name(number))
	if err != nil {
		return err
	}
	r.file, r.opened, r.seed, r.window, r.at = file, number, seed, r.window[:0], 0
	return nil
}

// frame reads the frame at the position. When there is no intact one it passes over
// bytes up to the next and returns ok false.
func (r *Reader) frame(size int64) (Record, bool, error) {
	offset := r.position.Offset
	bytes, err := r.intact(offset, size)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		// Somebody else cut the file off.
		r.position.Offset = size
		r.onDamage(Damage{Segment: r.position.Segment, Offset: offset, Bytes: size - offset, Torn: true})
		return Record{}, false, nil
	}
	if err != nil {
		return Record{}, false, err
	}
	if bytes != nil {
		r.position.Offset += int64(len(bytes))
		return Record{Type: bytes[2], Payload: bytes[frameBytes:]}, true, nil
	}
	next := offset + 1
	for ; next < size; next++ {
		found, err := r.intact(next, size)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return Record{}, false, err
		}
		if found != nil {
			break
		}
	}
	r.position.Offset = next
	r.onDamage(Damage{Segment: r.position.Segment, Offset: offset, Bytes: next - offset, Torn: next >= size})
	return Record{}, false, nil
}

// intact gives the frame at offset, or nil when there is none whose checksum is right.
func (r *Reader) intact(offset, size int64) ([]byte, error) {
	if size-offset < frameBytes {
		return nil, nil
	}
	header, err := r.bytes(offset, frameBytes, size)
	if err != nil {
		return nil, err
	}
	length, ok := frameLength(header)
	if !ok || int64(length) > size-offset-frameBytes {
		return nil, nil
	}
	frame, err := r.bytes(offset, frameBytes+length, size)
	if err != nil || !frameValid(r.seed, frame) {
		return nil, err
	}
	return frame, nil
}

// bytes gives n bytes of the segment from offset on, from the window if they are there.
func (r *Reader) bytes(offset int64, n int, size int64) ([]byte, error) {
	if offset < r.at || offset+int64(n) > r.at+int64(len(r.window)) {
		want := min(int64(max(n, readBytes)), size-offset)
		if large := cap(r.window) > maxBufferKept; int64(cap(r.window)) < want || large && want <= readBytes {
			r.window = make([]byte, want)
		}
		got, err := r.file.ReadAt(r.window[:want], offset)
		if err != nil && !errors.Is(err, io.EOF) {
			r.window = r.window[:0]
			return nil, err
		}
		r.window, r.at = r.window[:got], offset
		if got < n {
			return nil, io.ErrUnexpectedEOF
		}
	}
	return r.window[offset-r.at:][:n], nil
}

func (l *Log) lists(number uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.segments, func(s segment) bool { return s.number == number })
}

// segmentFrom finds the segment that holds the first byte at or behind a position.
func (l *Log) segmentFrom(position Position) (segment, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, segment := range l.segments {
		if segment.size > headerBytes && position.Before(Position{segment.number, segment.size}) {
			return segment, true
		}
	}
	return segment{}, false
}
