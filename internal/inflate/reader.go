package inflate

import "io"

// FormatError says how the input breaks the format.
type FormatError string

func (e FormatError) Error() string { return "gzip: " + string(e) }

const (
	errHeader   FormatError = "invalid header"
	errCorrupt  FormatError = "invalid block"
	errChecksum FormatError = "checksum or size is not that of the data"
)

// stage is what the input goes on with.
type stage uint8

const (
	atFirst   stage = iota // the first member
	atMember               // another member, or the end
	atBlock                // the header of a block
	inStored               // bytes of a block that is not compressed
	inSymbols              // codes of a block
	atTrailer              // checksum and size of the member
)

// Reader decompresses gzip streams, of any number of members, one after the other. It has about 180 KiB of
// memory, which Reset keeps. The zero value must be Reset before use. It is for one goroutine at a time.
type Reader struct {
	bits   bitReader
	window window
	code   codebook

	stage stage
	last  bool // the block is the member's last
	left  int  // bytes of a stored block
	err   error

	checksum uint32 // CRC-32 of the member up to summed in the window
	size     uint32 // bytes of the same, modulo 2^32
	summed   int

	lengths [symbolCount + distanceCount]uint8
	scratch [10]byte
}

// Reset begins a new stream. The pieces of the old one become invalid. A nil source only lets go of the old one.
func (z *Reader) Reset(src io.Reader) {
	z.bits.reset(src)
	z.window.reset()
	z.stage, z.err = atFirst, nil
	z.checksum, z.size, z.summed = 0, 0, 0
}

// Next decompresses about 64 KiB more, or less at the end, and returns it behind the last keep bytes of the piece
// before, which are those that the caller has not read. The piece is valid until the next call, which moves it.
//
// The error is io.EOF at the end of a stream, io.ErrUnexpectedEOF if the source ends before that, a FormatError, or
// that of the source. There may be a piece with it: what came before the error, unchecked as it is.
func (z *Reader) Next(keep int) ([]byte, error) {
	w := &z.window
	keep = w.open(keep)
	begin := w.end
	z.summed = begin
	for z.err == nil && !w.full() {
		z.err = z.step()
	}
	z.sum()
	return w.buf[begin-keep : w.end], z.err
}

// step reads what the stage says, symbols until the piece is full.
func (z *Reader) step() error {
	switch z.stage {
	case atFirst:
		return z.header()
	case atMember:
		if z.bits.ended() {
			return io.EOF
		}
		return z.header()
	case atBlock:
		return z.block()
	case inStored:
		return z.copyStored()
	case inSymbols:
		return z.decode()
	default:
		return z.trailer()
	}
}
