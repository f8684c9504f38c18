package inflate

import "encoding/binary"

// fastInput is how many bytes of input one round of decodeFast may need: it refills twice, by words, the second time
// at most seven bytes further on.
const fastInput = 16

// decodeFast decodes while neither the input nor the piece is near its end, so that neither is checked for each symbol.
// At the beginning of a round there are 56 bits or more, and e is what they begin with: the entry behind a match is
// looked up before the match is copied, since the copy takes unpredictably long.
func (z *Reader) decodeFast() (done bool, err error) {
	code, buf, in := &z.code, z.window.buf, z.bits.in[:z.bits.end]
	first, end, limit := z.window.first, z.window.end, z.window.limit
	pos, hold, count := refill(in, z.bits.pos, z.bits.hold, z.bits.count)
	e := code.symbols[hold&(1<<symbolRoot-1)]
	for len(in)-pos >= fastInput && end < limit {
		if e&literalFlag != 0 {
			buf[end] = byte(e >> valueShift)
			end++
			hold, count = hold>>(e&dropMask), count-uint(e&dropMask)
			if e = code.symbols[hold&(1<<symbolRoot-1)]; e&literalFlag != 0 {
				buf[end] = byte(e >> valueShift)
				end++
				hold, count = hold>>(e&dropMask), count-uint(e&dropMask)
				if e = code.symbols[hold&(1<<symbolRoot-1)]; e&literalFlag != 0 {
					buf[end] = byte(e >> valueShift)
					end++
					pos, hold, count = refill(in, pos, hold>>(e&dropMask), count-uint(e&dropMask))
					e = code.symbols[hold&(1<<symbolRoot-1)]
					continue
				}
			}
			pos, hold, count = refill(in, pos, hold, count)
		}
		if e&linkFlag != 0 {
			if e = code.symbols[e.sub(hold>>symbolRoot)&(symbolSize-1)]; e&literalFlag != 0 {
				continue
			}
		}
		if e&otherFlag != 0 {
			if done = e.ends(); !done {
				err = errCorrupt
				break
			}
			hold, count = hold>>(e&dropMask), count-uint(e&dropMask)
			break
		}
		length := e.value(hold)
		hold, count = hold>>(e&dropMask), count-uint(e&dropMask)
		e = code.distances[hold&(1<<distanceRoot-1)]
		if e&linkFlag != 0 {
			e = code.distances[e.sub(hold>>distanceRoot)&(distanceSize-1)]
		}
		distance := e.value(hold)
		if e&otherFlag != 0 || distance > end-first {
			err = errCorrupt
			break
		}
		pos, hold, count = refill(in, pos, hold>>(e&dropMask), count-uint(e&dropMask))
		e = code.symbols[hold&(1<<symbolRoot-1)]
		copyMatch(buf, end, distance, length)
		end += length
	}
	z.window.end = end
	z.bits.pos, z.bits.hold, z.bits.count = pos, hold&(1<<count-1), count
	return done, err
}

// refill adds the bits of a word to hold, of which count are valid, and steps over the whole bytes of it that are valid
// then: 56 bits or more. What is above them is put there again by the next refill.
func refill(in []byte, pos int, hold uint64, count uint) (int, uint64, uint) {
	hold |= binary.LittleEndian.Uint64(in[pos:]) << (count & 63)
	return pos + int(63-count)>>3, hold, count | 56
}
