package inflate

import "hash/crc32"

// Flags of a member's header.
const (
	headerChecksum = 1 << 1
	headerExtra    = 1 << 2
	headerName     = 1 << 3
	headerComment  = 1 << 4
)

// maxText bounds a name or comment in a header, in bytes with its end.
const maxText = 512

// header reads the header of a member. What it says of a file is of no use here.
func (z *Reader) header() error {
	z.checksum = 0
	head := z.scratch[:10]
	if err := z.readHeader(head); err != nil {
		return err
	}
	if head[0] != 0x1f || head[1] != 0x8b || head[2] != 8 {
		return errHeader
	}
	flags := head[3]
	if flags&headerExtra != 0 {
		if err := z.skipExtra(); err != nil {
			return err
		}
	}
	for _, flag := range []byte{headerName, headerComment} {
		if flags&flag != 0 {
			if err := z.skipText(); err != nil {
				return err
			}
		}
	}
	if flags&headerChecksum != 0 {
		want := uint32(uint16(z.checksum))
		if got, err := z.bits.take(16); err != nil {
			return err
		} else if got != want {
			return errHeader
		}
	}
	z.checksum, z.size = 0, 0
	z.window.first, z.summed = z.window.end, z.window.end
	z.stage = atBlock
	return nil
}

// readHeader reads bytes that the header's checksum covers.
func (z *Reader) readHeader(p []byte) error {
	for i := range p {
		v, err := z.bits.take(8)
		if err != nil {
			return err
		}
		p[i] = byte(v)
	}
	z.checksum = crc32.Update(z.checksum, crc32.IEEETable, p)
	return nil
}

func (z *Reader) skipExtra() error {
	size := z.scratch[:2]
	if err := z.readHeader(size); err != nil {
		return err
	}
	for range int(size[0]) | int(size[1])<<8 {
		if err := z.readHeader(z.scratch[2:3]); err != nil {
			return err
		}
	}
	return nil
}

// skipText reads a text that ends with a zero.
func (z *Reader) skipText() error {
	c := z.scratch[:1]
	for range maxText {
		if err := z.readHeader(c); err != nil {
			return err
		}
		if c[0] == 0 {
			return nil
		}
	}
	return errHeader
}

// sum adds what is new in the window to the checksum of the member.
func (z *Reader) sum() {
	fresh := z.window.buf[z.summed:z.window.end]
	z.checksum = crc32.Update(z.checksum, crc32.IEEETable, fresh)
	z.size += uint32(len(fresh))
	z.summed = z.window.end
}

// trailer compares checksum and size of the member with what it says itself.
func (z *Reader) trailer() error {
	z.sum()
	z.bits.align()
	checksum, err := z.bits.take(32)
	if err != nil {
		return err
	}
	size, err := z.bits.take(32)
	if err != nil {
		return err
	}
	if checksum != z.checksum || size != z.size {
		return errChecksum
	}
	z.stage = atMember
	return nil
}
