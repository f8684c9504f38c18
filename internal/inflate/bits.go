package inflate

import (
	"encoding/binary"
	"errors"
	"io"
)

const (
	inputSize = 16 << 10 // what is read at once, in bytes
	wordSize  = 8        // what is taken of it at once
)

// maxEmptyReads is how often a source may return nothing before it counts as broken.
const maxEmptyReads = 100

// bitReader reads the source least significant bit first.
type bitReader struct {
	src io.Reader
	err error // why the source gives no more

	in       [inputSize + wordSize]byte
	pos, end int // in[pos:end] is not in hold yet

	hold  uint64 // the next count bits; above them is zero, or already what in[pos:] begins with
	count uint
}

func (b *bitReader) reset(src io.Reader) {
	b.src, b.err = src, nil
	b.pos, b.end, b.hold, b.count = 0, 0, 0, 0
}

// more reads from the source. It returns whether there is input.
func (b *bitReader) more() bool {
	for range maxEmptyReads {
		if b.err != nil {
			return false
		}
		b.pos = 0
		b.end, b.err = b.src.Read(b.in[:inputSize])
		if b.end > 0 {
			return true
		}
	}
	b.err = io.ErrNoProgress
	return false
}

// fill takes bits until there are 56 or the input has ended.
func (b *bitReader) fill() {
	if b.end-b.pos >= wordSize {
		b.pos, b.hold, b.count = b.refill(b.pos, b.hold, b.count)
		return
	}
	for b.count < 56 {
		if b.pos == b.end && !b.more() {
			return
		}
		b.hold |= uint64(b.in[b.pos]) << b.count
		b.pos++
		b.count += 8
	}
}

// need makes n bits, at most 56, available.
func (b *bitReader) need(n uint) error {
	if b.count < n {
		if b.fill(); b.count < n {
			return b.lack()
		}
	}
	return nil
}

// take returns the next n bits, at most 32.
func (b *bitReader) take(n uint) (uint32, error) {
	if err := b.need(n); err != nil {
		return 0, err
	}
	v := uint32(b.hold & (1<<n - 1))
	b.drop(n)
	return v, nil
}

// drop removes n bits that are available.
func (b *bitReader) drop(n uint) {
	b.hold >>= n
	b.count -= n
}

// align drops what is left of a byte.
func (b *bitReader) align() { b.drop(b.count % 8) }

// ended returns whether the source has nothing left at the beginning of a byte.
func (b *bitReader) ended() bool {
	b.fill()
	return b.count == 0 && errors.Is(b.err, io.EOF)
}

// lack is the error of input that ends where more is needed.
func (b *bitReader) lack() error {
	if errors.Is(b.err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return b.err
}

// read copies whole bytes to p as far as they are at hand, at least one.
func (b *bitReader) read(p []byte) (int, error) {
	n := 0
	for ; b.count > 0 && n < len(p); n++ {
		p[n] = byte(b.hold)
		b.drop(8)
	}
	if n > 0 {
		return n, nil
	}
	if b.pos == b.end && !b.more() {
		return 0, b.lack()
	}
	b.hold = 0 // what it has of in is not in it any more
	n = copy(p, b.in[b.pos:b.end])
	b.pos += n
	return n, nil
}

// refill adds the bits of a word to hold, of which count are valid, and steps over the whole bytes of it that are valid
// then: 56 bits or more. Of count, only the lowest six bits are read. There must be a word at pos.
func (b *bitReader) refill(pos int, hold uint64, count uint) (int, uint64, uint) {
	at := pos & (inputSize - 1) // no more than pos, and known to the compiler as within in
	hold |= binary.LittleEndian.Uint64(b.in[at:at+wordSize]) << (count & 63)
	return pos + 7 - int(count>>3&7), hold, count | 56
}
