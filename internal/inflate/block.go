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

// readLengths reads the lengths of codes, of which runs are short.
func (z *Reader) readLengths(all []uint8) error {
	for i := 0; i < len(all); {
		n, err := z.readLength()
		if err != nil {
			return err
		}
		if n < 16 {
			all[i] = n
			i++
			continue
		}
		repeated, times, extra := uint8(0), 3, uint(3)
		switch {
		case n == 16 && i == 0:
			return errCorrupt
		case n == 16:
			repeated, extra = all[i-1], 2
		case n == 18:
			times, extra = 11, 7
		}
		more, err := z.bits.take(extra)
		if err != nil {
			return err
		}
		times += int(more)
		if times > len(all)-i {
			return errCorrupt
		}
		for range times {
			all[i] = repeated
			i++
		}
	}
	return nil
}

// readLength decodes a symbol of the code for code lengths, whose table lies where that of distances will.
func (z *Reader) readLength() (uint8, error) {
	z.bits.fill()
	e := z.code.distances[z.bits.hold&(1<<codeRoot-1)]
	if z.bits.count < e.codeBits() {
		return 0, z.bits.lack()
	}
	if e&otherFlag != 0 {
		return 0, errCorrupt
	}
	z.bits.drop(e.codeBits())
	return uint8(e >> valueShift), nil
}
