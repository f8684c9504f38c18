package inflate

import "math/bits"

// An entry of a table says what the next bits mean, in 32 bits:
//
//	 0-5   bits to drop: the code and the extra bits behind it
//	 8-11  bits of the code alone
//	12     literal
//	14     link: the sub-table at bits 16-31, of as many bits as bits 0-5 say, knows more
//	15     other: the end of a block, or what may not occur
//	16-31  the literal, or the length or distance without its extra bits
type entry uint32

const (
	dropMask    = 63
	codeShift   = 8
	codeMask    = 15
	literalFlag = 1 << 12
	linkFlag    = 1 << 14
	otherFlag   = 1 << 15
	valueShift  = 16

	endOfBlock entry = otherFlag | 1<<valueShift
	invalid    entry = otherFlag
)

const (
	maxCode       = 15 // bits of the longest code
	symbolRoot    = 10 // bits that index the table of literals and lengths
	distanceRoot  = 8
	codeRoot      = 7
	symbolSize    = 8 << 10 // 1<<10, and sub-tables of 1<<5 for at most 144 prefixes, since two of 288 codes share one
	distanceSize  = 4 << 10 // 1<<8, and sub-tables of 1<<7 for at most 16
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
	for i := range entries {
		entries[i] = entry(i << valueShift)
	}
	return entries
}

// build fills table, which is indexed by root bits and followed by sub-tables, with the code that the lengths of its
// codes make of symbols. It returns false unless the code is complete, a single one of one bit, or empty.
func build(table []entry, root uint, symbols []entry, lengths []uint8) bool {
	next, longest, ok := canonical(lengths)
	if !ok {
		return false
	}
	for i := range table[:1<<root] {
		table[i] = invalid
	}
	free, subBits := 1<<root, longest-min(root, longest)
	for i, n := range lengths {
		if n == 0 {
			continue
		}
		n := uint(n)
		code := int(bits.Reverse16(next[n]) >> (16 - n))
		next[n]++
		e := symbols[i] + entry(n<<codeShift|n)
		if n <= root {
			spread(table[:1<<root], code, n, e)
			continue
		}
		link := &table[code&(1<<root-1)]
		if *link&linkFlag == 0 {
			*link = entry(free<<valueShift | linkFlag | int(subBits))
			free += 1 << subBits
		}
		sub := int(*link >> valueShift)
		spread(table[sub:sub+1<<subBits], code>>root, n-root, e)
	}
	return true
}

// canonical returns the first code of each length, and the greatest length.
func canonical(lengths []uint8) (next [maxCode + 1]uint16, longest uint, ok bool) {
	var count [maxCode + 1]int
	for _, n := range lengths {
		count[n]++
	}
	code := 0
	for n := 1; n <= maxCode; n++ {
		code <<= 1
		next[n] = uint16(code)
		if code += count[n]; count[n] > 0 {
			longest = uint(n)
		}
		if code > 1<<n {
			return next, 0, false
		}
	}
	single := count[1] == 1 && longest == 1
	return next, longest, longest == 0 || single || code == 1<<maxCode
}

// spread puts e wherever the first n bits of the index are code.
func spread(table []entry, code int, n uint, e entry) {
	for i := code; i < len(table); i += 1 << n {
		table[i] = e
	}
}
