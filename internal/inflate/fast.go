package inflate

// fastInput is how many bytes of input one round of decodeFast may need: it refills twice, by words, the second time
// at most seven bytes further on.
const fastInput = 16

// decodeFast decodes while neither the input nor the piece is near its end, so that neither is checked for each symbol.
// At the beginning of a round there are 56 bits or more, and e is what they begin with. It is looked up before each refill,
// which the next look-up need not wait for then: hold has 64 bits of input after a refill, whatever count says, and a
// symbol takes 48 at most. Of count, only the lowest six bits count, so that what else e has need not be cut off.
func (z *Reader) decodeFast() (done bool, err error) {
	code, b, w := &z.code, &z.bits, &z.window
	out, end := w.buf[w.first:w.limit+slack], w.end-w.first // what is before the member is out of reach
	safe := b.end - fastInput
	pos, hold, count := b.refill(b.pos, b.hold, b.count)
	e := code.symbols[hold&(1<<symbolRoot-1)]
	for pos <= safe && end < len(out)-slack {
		if e&literalFlag != 0 {
			out[end] = byte(e >> valueShift)
			end++
			hold, count = hold>>(e&dropMask), count-uint(e)
			if e = code.symbols[hold&(1<<symbolRoot-1)]; e&literalFlag != 0 {
				out[end] = byte(e >> valueShift)
				end++
				hold, count = hold>>(e&dropMask), count-uint(e)
				if e = code.symbols[hold&(1<<symbolRoot-1)]; e&literalFlag != 0 {
					out[end] = byte(e >> valueShift)
					end++
					hold, count = hold>>(e&dropMask), count-uint(e)
					e = code.symbols[hold&(1<<symbolRoot-1)]
					pos, hold, count = b.refill(pos, hold, count)
					continue
				}
			}
			pos, hold, count = b.refill(pos, hold, count)
		}
		if e&linkFlag != 0 {
			if e = code.symbols[e.sub(hold>>symbolRoot)&(symbolSize-1)]; e&literalFlag != 0 {
				continue
			}
		}
		if e&otherFlag != 0 {
			if done = e.ends(); !done {
				err = errCorrupt
			}
			hold, count = hold>>(e&dropMask), count-uint(e)
			break
		}
		length := e.value(hold)
		hold, count = hold>>(e&dropMask), count-uint(e)
		e = code.distances[hold&(1<<distanceRoot-1)]
		if e&linkFlag != 0 {
			e = code.distances[e.sub(hold>>distanceRoot)&(distanceSize-1)]
		}
		distance := e.value(hold)
		hold, count = hold>>(e&dropMask), count-uint(e)
		e = code.symbols[hold&(1<<symbolRoot-1)]
		pos, hold, count = b.refill(pos, hold, count)
		from := end - distance
		if distance == 0 || from < 0 { // 0 is what an invalid code gives
			err = errCorrupt
			break
		}
		if distance < vector {
			copyBytes(out, end, distance, length)
		} else {
			copyVectors((*[copySize]byte)(out[end:]), (*[copySize]byte)(out[from:]))
		}
		end += length
	}
	w.end = w.first + end
	b.pos, b.hold, b.count = pos, hold, count&dropMask
	return done, err
}
