package detect

// class is a set of character classes of ASCII; every byte is in exactly one.
type class uint16

const (
	digit    class = 1 << iota // 0-9; the lowest bit, by which digits are counted
	lowerHex                   // a-f
	upperHex                   // A-F
	lower                      // g-z
	upper                      // G-Z
	at                         // @
	assign                     // =
	colon                      // :
	percent                    // %
	dash                       // -
	plus                       // + (
	other                      // the rest of ASCII
	high                       // beyond ASCII

	alnum    = digit | lowerHex | upperHex | lower | upper
	letters  = alnum &^ digit
	anyLower = lowerHex | lower
	anyUpper = upperHex | upper
	hexadec  = digit | lowerHex | upperHex
)

var classOf = func() (table [256]class) {
	for b := range table {
		switch {
		case b >= 0x80:
			table[b] = high
		case b >= '0' && b <= '9':
			table[b] = digit
		case b >= 'a' && b <= 'f':
			table[b] = lowerHex
		case b >= 'A' && b <= 'F':
			table[b] = upperHex
		case b >= 'g' && b <= 'z':
			table[b] = lower
		case b >= 'G' && b <= 'Z':
			table[b] = upper
		default:
			table[b] = other
		}
	}
	for b, c := range map[byte]class{'@': at, '=': assign, ':': colon, '%': percent, '-': dash, '+': plus, '(': plus} {
		table[b] = c
	}
	return table
}()

// shortest is the length from which a word without digits may be random.
const shortest = 16

// shortestTemp is the length of the shortest word of letters that mkstemp may have made.
const shortestTemp = 10

// shape is what one pass over a value shows.
type shape struct {
	classes class
	longest int // length of the longest run of letters, from shortestTemp on, where the value has no digit: with one, nobody asks
}

func measure(value string) shape {
	classes, rest := class(0), value
	for ; len(rest) >= 4; rest = rest[4:] {
		classes |= classOf[rest[0]] | classOf[rest[1]] | classOf[rest[2]] | classOf[rest[3]]
	}
	for i := range len(rest) {
		classes |= classOf[rest[i]]
	}
	s := shape{classes: classes}
	if classes&digit == 0 && len(value) >= shortestTemp {
		s.longest = longest(value, classes)
	}
	return s
}

// longest is the length of the longest run of letters and digits in a value of these classes; 0 where all are shorter than
// shortestTemp. It looks at each such step alone, for a run that is longer has one of them in it.
func longest(value string, classes class) int {
	if classes&^alnum == 0 {
		return len(value)
	}
	most := 0
	for i := shortestTemp - 1; i < len(value); i += shortestTemp {
		if classOf[value[i]]&alnum == 0 {
			continue
		}
		start, end := i, i+1
		for start > 0 && classOf[value[start-1]]&alnum != 0 {
			start--
		}
		for end < len(value) && classOf[value[end]]&alnum != 0 {
			end++
		}
		if end-start >= shortestTemp {
			most = max(most, end-start)
		}
		i = end
	}
	return most
}

// plain tells whether no scanner can find anything without help of the key.
func (s shape) plain() bool {
	return s.classes&(digit|at|assign|colon|percent) == 0 && s.longest < shortest
}

// word is a maximal run of letters and digits. Four fields stay in registers, five would not.
type word struct {
	start, end int
	classes    class
	counts     uint64 // of its digits, and above 32 bits of its changes
}

func (w word) len() int          { return w.end - w.start }
func (w word) digits() int       { return int(uint32(w.counts)) }
func (w word) changes() int      { return int(w.counts >> 32) } // from letter to digit and back
func (w word) only(c class) bool { return w.classes&^c == 0 }
func (w word) has(c class) bool  { return w.classes&c != 0 }

// wordAt reads the word that starts at i.
func wordAt(value string, i int) word {
	end, digits, changes, classes := i, 0, 0, class(0)
	before := classOf[byteAt(value, i)] // no branches on it: the next character is hard to foretell
	for ; end < len(value); end++ {
		c := classOf[value[end]]
		if c&alnum == 0 {
			break
		}
		classes |= c
		digits += int(c & digit)
		changes += int((c ^ before) & digit)
		before = c
	}
	return word{start: i, end: end, classes: classes, counts: uint64(changes)<<32 + uint64(digits)}
}

func isDigit(b byte) bool { return b-'0' < 10 }

// digitsAt counts the digits at i, at most limit.
func digitsAt(value string, i, limit int) int {
	n := 0
	for i+n < len(value) && n < limit && isDigit(value[i+n]) {
		n++
	}
	return n
}

// numberAt reads n digits at i; false when there are fewer.
func numberAt(value string, i, n int) (int, bool) {
	if i < 0 || i+n > len(value) {
		return 0, false
	}
	number := 0
	for _, b := range []byte(value[i : i+n]) {
		if !isDigit(b) {
			return 0, false
		}
		number = number*10 + int(b-'0')
	}
	return number, true
}

// is tells whether the byte at i, which may lie outside, is in one of the classes.
func is(value string, i int, c class) bool {
	return i >= 0 && i < len(value) && classOf[value[i]]&c != 0
}

// byteAt is 0 outside of the value.
func byteAt(value string, i int) byte {
	if i < 0 || i >= len(value) {
		return 0
	}
	return value[i]
}
