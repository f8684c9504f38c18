package inflate

// codebook is the code of one block.
type codebook struct {
	symbols   [symbolSize]entry
	distances [distanceSize]entry
	endBits   uint // of the code that ends the block: while it lasts, no less is left of the input
	fixed     bool // it is the code that the format itself knows
}

// load builds the tables. It returns false if the lengths make no code.
func (c *codebook) load(symbolLengths, distanceLengths []uint8) bool {
	c.fixed = false
	if !build(c.symbols[:], symbolRoot, symbols[:], symbolLengths) ||
		!build(c.distances[:], distanceRoot, distances[:], distanceLengths) {
		return false
	}
	c.endBits = uint(symbolLengths[256])
	return true
}

// decode appends to the window until it is full or the block ends.
func (z *Reader) decode() error {
	for !z.window.full() {
		decode := z.decodeOne
		if z.bits.end-z.bits.pos >= fastInput {
			decode = z.decodeFast
		}
		done, err := decode()
		if err != nil {
			return err
		}
		if done {
			z.blockDone()
			return nil
		}
	}
	return nil
}

// decodeOne decodes one symbol, which may be the last of the input.
func (z *Reader) decodeOne() (done bool, err error) {
	b := &z.bits
	b.fill()
	if b.count < z.code.endBits {
		return false, b.lack()
	}
	e := z.code.symbols[b.hold&(1<<symbolRoot-1)]
	if e&linkFlag != 0 {
		e = z.code.symbols[e.sub(b.hold>>symbolRoot)&(symbolSize-1)]
	}
	switch n := e.codeBits(); {
	case b.count < n:
		return false, b.lack()
	case e&literalFlag != 0:
		z.window.buf[z.window.end] = byte(e >> valueShift)
		z.window.end++
		b.drop(n)
		return false, nil
	case e.ends():
		b.drop(n)
		return true, nil
	case e&otherFlag != 0:
		return false, errCorrupt
	case b.count < uint(e&dropMask):
		return false, b.lack()
	}
	length := e.value(b.hold)
	b.drop(uint(e & dropMask))
	return false, z.repeatOne(length)
}

// repeatOne decodes a distance and appends the match.
func (z *Reader) repeatOne(length int) error {
	b := &z.bits
	b.fill()
	e := z.code.distances[b.hold&(1<<distanceRoot-1)]
	if e&linkFlag != 0 {
		e = z.code.distances[e.sub(b.hold>>distanceRoot)&(distanceSize-1)]
	}
	switch {
	case b.count < e.codeBits():
		return b.lack()
	case e&otherFlag != 0:
		return errCorrupt
	case b.count < uint(e&dropMask):
		return b.lack()
	}
	distance := e.value(b.hold)
	b.drop(uint(e & dropMask))
	if !z.window.repeat(distance, length) {
		return errCorrupt
	}
	return nil
}

func (e entry) codeBits() uint { return uint(e>>codeShift) & codeMask }

// value is a length or a distance, of which hold has the extra bits behind the code.
func (e entry) value(hold uint64) int {
	return int(e>>valueShift) + int(hold&(1<<(e&dropMask)-1)>>(e>>codeShift&codeMask))
}

// sub is the index in the sub-table that the bits behind the root have.
func (e entry) sub(hold uint64) uint64 {
	return uint64(e>>valueShift) + hold&(1<<(e&dropMask)-1)
}

// ends returns whether e is the end of a block.
func (e entry) ends() bool { return e&^(dropMask|codeMask<<codeShift) == endOfBlock }
