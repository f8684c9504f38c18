package inflate

// order is that in which the lengths of the codes for code lengths are written.
var order = [codeCount]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// fixedLengths are the codes that blocks without codes of their own use: first of symbols, then of distances.
var fixedLengths = func() (lengths [symbolCount + distanceCount]uint8) {
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		case i < symbolCount:
			lengths[i] = 8
		default:
			lengths[i] = 5
		}
	}
	return lengths
}()

// block reads the header of a block.
func (z *Reader) block() error {
	header, err := z.bits.take(3)
	if err != nil {
		return err
	}
	z.last = header&1 != 0
	switch header >> 1 {
	case 0:
		return z.stored()
	case 1:
		z.fixed()
	case 2:
		if err := z.dynamic(); err != nil {
			return err
		}
	default:
		return errCorrupt
	}
	z.stage = inSymbols
	return nil
}

// blockDone is what follows a block.
func (z *Reader) blockDone() {
	z.stage = atBlock
	if z.last {
		z.stage = atTrailer
	}
}

// stored reads how long a block is that is not compressed.
func (z *Reader) stored() error {
	z.bits.align()
	lengths, err := z.bits.take(32)
	if err != nil {
		return err
	}
	if uint16(lengths) != ^uint16(lengths>>16) {
		return errCorrupt
	}
	z.left, z.stage = int(uint16(lengths)), inStored
	return nil
}

// copyStored appends what is left of a stored block, as far as there is room.
func (z *Reader) copyStored() error {
	w := &z.window
	for z.left > 0 && !w.full() {
		n, err := z.bits.read(w.buf[w.end:min(w.limit, w.end+z.left)])
		if err != nil {
			return err
		}
		w.end += n
		z.left -= n
	}
	if z.left == 0 {
		z.blockDone()
	}
	return nil
}

func (z *Reader) fixed() {
	if z.code.fixed {
		return
	}
	z.code.load(fixedLengths[:symbolCount], fixedLengths[symbolCount:])
	z.code.fixed = true
}

// dynamic reads the codes of a block.
func (z *Reader) dynamic() error {
	counts, err := z.bits.take(5 + 5 + 4)
	if err != nil {
		return err
	}
	symbolCodes, distanceCodes, codeCodes := int(counts&31)+257, int(counts>>5&31)+1, int(counts>>10)+4
	if symbolCodes > 286 || distanceCodes > 30 {
		return errCorrupt
	}
	var lengths [codeCount]uint8
	for _, i := range order[:codeCodes] {
		n, err := z.bits.take(3)
		if err != nil {
			return err
		}
		lengths[i] = uint8(n)
	}
	z.code.fixed = false
	if !build(z.code.distances[:], codeRoot, codes[:], lengths[:]) {
		return errCorrupt
	}
	all := z.lengths[:symbolCodes+distanceCodes]
	if err := z.readLengths(all); err != nil {
		return err
	}
	if !z.code.load(all[:symbolCodes], all[symbolCodes:]) {
		return errCorrupt
	}
	return nil
}

// readLengths reads the lengths of codes, of which runs are short. Their own code's table lies where that of distances will.
func (z *Reader) readLengths(all []uint8) error {
	b := &z.bits
	for i := 0; i < len(all); {
		if b.count < 2*codeRoot { // as no code needs more with what follows
			b.fill()
		}
		e := z.code.distances[b.hold&(1<<codeRoot-1)]
		switch {
		case b.count < e.codeBits():
			return b.lack()
		case e&literalFlag != 0:
			all[i] = uint8(e >> valueShift)
			i++
			b.drop(e.codeBits())
			continue
		case e&otherFlag != 0 || e&beforeFlag != 0 && i == 0:
			return errCorrupt
		case b.count < uint(e&dropMask):
			return b.lack()
		}
		run := e.value(b.hold)
		b.drop(uint(e & dropMask))
		if run > len(all)-i {
			return errCorrupt
		}
		repeated := uint8(0)
		if e&beforeFlag != 0 {
			repeated = all[i-1]
		}
		for end := i + run; i < end; i++ {
			all[i] = repeated
		}
	}
	return nil
}
