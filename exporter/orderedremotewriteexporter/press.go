package orderedremotewriteexporter

import "encoding/binary"

// press writes messages that repeat themselves, compressed as they are written: whoever
// writes knows what stood where, so nothing is searched. What it makes are elements of
// snappy's block format (google/snappy, format_description.txt). Those of one message
// may follow those of another, as offsets count backwards.
type press struct {
	out   []byte
	at    int  // position of the next byte in the message, which begins at origin
	plain bool // out is the message itself

	room int // bytes that the literal at the end of out may still grow by
	tag  int // where that literal begins in out
	back int // how far behind the open copy is
	open int // its length, 0: none
}

const (
	reach      = 1<<16 - 1 // how far behind a copy may be
	origin     = 1 << 16   // so that a position 0 is out of reach
	copySize   = 64        // what one element copies at most
	literalMax = 60        // what a literal with a tag of one byte holds
)

func (p *press) begin(plain bool) {
	*p = press{out: p.out[:0], at: origin, plain: plain}
}

// size is how many bytes were written, uncompressed.
func (p *press) size() int { return p.at - origin }

func (p *press) reaches(at int) bool { return p.at-at <= reach }

// again writes n bytes that stand at a position that it reaches.
func (p *press) again(at, n int) {
	if p.at-at != p.back {
		if p.open > 0 {
			p.close()
		}
		p.back = p.at - at
	}
	p.open += n
	p.at += n
}

// close writes the open copy. It may be longer than it is far, and then repeats itself.
func (p *press) close() {
	n := p.open
	if n == 0 {
		return
	}
	p.open, p.room = 0, 0
	if p.plain {
		for ; n > 0; n -= min(n, p.back) {
			p.out = append(p.out, p.out[len(p.out)-p.back:][:min(n, p.back)]...)
		}
		return
	}
	out, element := p.out, uint32(p.back)<<8|2
	for ; n > copySize; n -= copySize {
		out = binary.LittleEndian.AppendUint32(out, element|(copySize-1)<<2)[:len(out)+3]
	}
	if n >= 4 && n < 12 && p.back < 1<<11 { // two bytes are enough
		p.out = append(out, byte(p.back>>8<<5|(n-4)<<2|1), byte(p.back))
		return
	}
	p.out = binary.LittleEndian.AppendUint32(out, element|uint32(n-1)<<2)[:len(out)+3]
}

// put writes bytes that are new.
func (p *press) put(b []byte) {
	p.close()
	for len(b) > 0 {
		n := p.literal(len(b))
		p.out = append(p.out, b[:n]...)
		b = b[n:]
	}
}

// putBits writes the lowest n bytes of v, which are new.
func (p *press) putBits(v uint64, n int) {
	if n == 0 {
		return
	}
	p.close()
	if p.room < n {
		p.room = 0
	}
	p.literal(n)
	p.out = binary.LittleEndian.AppendUint64(p.out, v)[:len(p.out)+n]
}

// literal says how many of n bytes are to be written now.
func (p *press) literal(n int) int {
	if !p.plain {
		if p.room == 0 {
			p.room, p.tag = literalMax, len(p.out)
			p.out = append(p.out, 0xfc) // what a literal of 0 bytes would have
		}
		n = min(n, p.room)
		p.room -= n
		p.out[p.tag] += byte(n << 2)
	}
	p.at += n
	return n
}
