package inflate

import "math/bits"

// An entry of a table says what the next bits mean, in 32 bits:
//
//	 0-5   bits to drop: the code and the extra bits behind it
//	 6     literal
//	 7     before: repeats the length before, in the code for code lengths
//	 8-13  bits of the code alone
//	14     link: the sub-table at bits 16-31, of as many bits as bits 0-5 say, knows more
//	15     other: the end of a block, or what may not occur
//	16-31  the literal, or the length, distance or run without its extra bits
type entry uint32

const (
	dropMask    = 63
	literalFlag = 1 << 6
	beforeFlag  = 1 << 7
	codeShift   = 8
	codeMask    = 63 // as processors shift by the lowest six bits, this and dropMask cost nothing there
	linkFlag    = 1 << 14
	otherFlag   = 1 << 15
	valueShift  = 16

	endOfBlock entry = otherFlag | 1<<valueShift
	invalid    entry = otherFlag
)

const (
	maxCode       = 15 // bits of the longest code
	symbolRoot    = 10 // bits that index the table of literals and lengths
	distanceRoot  = 9
	codeRoot      = 7
	symbolSize    = 8 << 10 // 1<<10, and sub-tables of 1<<5 for at most 144 prefixes, since two of 288 codes share one
	distanceSize  = 2 << 10 // 1<<9, and sub-tables of 1<<6 for at most 16
	symbolCount   = 288
	distanceCount = 32
	codeCount     = 19
)

// symbols, distances and codes are the entries of all symbols, without the length of their code.
var (
	symbols   = symbolEntries()
	distances = distanceEntries()
	codes     = codeEntries()
)

func symbolEntries() (entries [symbolCount]entry) {
	for i := range 256 {
		entries[i] = entry(i<<valueShift | literalFlag)
	}
	entries[256] = endOfBlock
	length := 3
	for i := 257; i < 285; i++ {
		extra := max(0, (i-261)/4)
		entries[i] = entry(length<<valueShift | extra)
		length += 1 << extra
	}
	entries[285] = 258 << valueShift
	entries[286], entries[287] = invalid, invalid
	return entries
}

func distanceEntries() (entries [distanceCount]entry) {
	distance := 1
	for i := range 30 {
		extra := max(0, i/2-1)
		entries[i] = entry(distance<<valueShift | extra)
		distance += 1 << extra
	}
	entries[30], entries[31] = invalid, invalid
	return entries
}

func codeEntries() (entries [codeCount]entry) {
	for i := range 16 {
		entries[i] = entry(i<<valueShift | literalFlag)
	}
	entries[16] = 3<<valueShift | 2 | beforeFlag
	entries[17] = 3<<valueShift | 3
	entries[18] = 11<<valueShift | 7
	return entries
}

// build fills table, which is indexed by root bits and followed by sub-tables, with the code that the lengths of its
// codes make of symbols. It returns false unless the code is complete, a single one of one bit, or empty.
//
// In the order of their lengths, codes are consecutive numbers. So table begins as that of no bits, and is doubled for each
// further bit before the codes of so many bits are put into what shorter ones left over.
func build(table []entry, root uint, symbols []entry, lengths []uint8) bool {
	var room [symbolCount]uint16
	sorted, count, longest := sortByLength(&room, lengths)
	if !isCode(&count, longest) {
		return false
	}
	table[0] = invalid
	size, free, subBits := 1, 1<<root, longest-min(root, longest)
	code := uint16(0) // the next, with its first bit highest
	for n := uint(1); n <= max(root, longest); n++ {
		if n <= root {
			copy(table[size:2*size], table[:size])
			size *= 2
		}
		for _, i := range sorted[:count[n]] {
			at := int(bits.Reverse16(code))
			code += 1 << (16 - n)
			e := symbols[i] + entry(n<<codeShift|n)
			if n <= root {
				table[at] = e
				continue
			}
			link := &table[at&(1<<root-1)]
			if *link&linkFlag == 0 {
				*link = entry(free<<valueShift | linkFlag | int(subBits))
				free += 1 << subBits
			}
			sub := int(*link >> valueShift)
			spread(table[sub:sub+1<<subBits], at>>root, n-root, e)
		}
		sorted = sorted[count[n]:]
	}
	return true
}

// lengthCounts is how many codes have each length.
type lengthCounts [maxCode + 1]uint16

// sortByLength returns, in room, the symbols that have codes in the order of these, and the greatest length. Most symbols
// have none: they are dropped first.
func sortByLength(room *[symbolCount]uint16, lengths []uint8) (sorted []uint16, count lengthCounts, longest uint) {
	var used [symbolCount]uint16
	coded := 0
	for i, n := range lengths {
		if n > 0 {
			used[coded] = uint16(i)
			coded++
			count[n&maxCode]++
		}
	}
	var next lengthCounts // place in room, for each length
	for n := 1; n <= maxCode; n++ {
		next[n] = next[n-1] + count[n-1]
		if count[n] > 0 {
			longest = uint(n)
		}
	}
	for _, i := range used[:coded] {
		place := &next[lengths[i]&maxCode]
		room[*place] = i
		*place++
	}
	return room[:coded], count, longest
}

// isCode returns whether there may be so many codes of each length.
func isCode(count *lengthCounts, longest uint) bool {
	taken := 0 // of all codes of maxCode bits, those with one of these as prefix
	for n, c := range count {
		taken += int(c) << (maxCode - n)
	}
	return taken == 1<<maxCode || longest == 0 || longest == 1 && count[1] == 1
}

// spread puts e wherever the first n bits of the index are code.
func spread(table []entry, code int, n uint, e entry) {
	for i := code; i < len(table); i += 1 << n {
		table[i] = e
	}
}
