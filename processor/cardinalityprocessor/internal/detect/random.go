package detect

import (
	"math"
	"strings"
)

// followers lists, for each letter, the letters that follow it often in English and in the names programs use (those of at
// least 0.09 % of the pairs in the documentation of Go's modules: 209 pairs, 93 % of all).
var followers = func() (table [26]uint32) {
	for i, list := range [26]string{
		"bcdgilmnprstuy", "aeilou", "acehiklorstuy", "abeiorsu", "acdefglmnpqrstvwxy", "aefilo", "aeiors", "aeio",
		"abcdefglmnoprstvz", "", "e", "aeilostuy", "aeiops", "acdefgiknost", "acdgklmnoprstuvw", "aeiloprstu", "u",
		"acdegikmnorstuvy", "acehiopstu", "acehilorstuy", "abceilmnprst", "aeimo", "aio", "pt", "p", "e",
	} {
		for _, b := range []byte(list) {
			table[i] |= 1 << (b - 'a')
		}
	}
	return table
}()

// common tells whether most pairs of letters in the text are frequent ones. Random letters have 31 % of them, words 93 %.
func common(text string) bool {
	pairs, frequent := 0, 0
	for i := 1; i < len(text); i++ {
		a, b := text[i-1]|0x20, text[i]|0x20
		if a < 'a' || a > 'z' || b < 'a' || b > 'z' {
			continue
		}
		pairs++
		frequent += int(followers[a-'a'] >> (b - 'a') & 1)
	}
	return pairs >= 3 && frequent*20 >= pairs*13
}

// entropy is Shannon's entropy of the text's characters in bits.
func entropy(text string) float64 {
	var counts [128]uint8
	for i := range min(len(text), 255) {
		counts[text[i]&0x7f]++
	}
	sum, n := 0.0, float64(min(len(text), 255))
	for _, c := range counts {
		if c > 0 {
			p := float64(c) / n
			sum -= p * math.Log2(p)
		}
	}
	return sum
}

// random tells whether a word of 16 and more letters and digits was drawn at random: its entropy is near the most a word of its
// length and alphabet can have, and its alphabet's classes change as often as chance makes them, or its letters do not
// follow each other as in words.
func random(text string, w word) bool {
	n := len(text)
	switches, alphabet := mixture(text, w)
	wordlike := common(text)
	if n < shortest || wordlike && w.digits()*6 < n && (switches*8 < n*3 || w.digits() < 2) {
		return false
	}
	most := math.Log2(min(float64(n), alphabet))
	if entropy(text) < 0.8*most {
		return false
	}
	switch {
	case w.has(anyLower) && w.has(anyUpper) && w.digits() > 0:
		return switches*10 >= n*3 || switches*6 >= n && !wordlike
	case w.digits() > 0:
		return w.changes()*8 >= n && !wordlike
	default:
		return n >= 20 && !wordlike && (switches*10 >= n*3 || !w.has(anyLower) || !w.has(anyUpper))
	}
}

// mixture counts the changes between lower case, upper case and digits, a capital and what follows it taken as one, and the size of
// the alphabet in use.
func mixture(text string, w word) (switches int, alphabet float64) {
	for i := 1; i < len(text); i++ {
		a, b := group(text[i-1]), group(text[i])
		if a != b && (a != anyUpper || b != anyLower) {
			switches++
		}
	}
	if w.has(digit) {
		alphabet += 10
	}
	if w.has(anyLower) {
		alphabet += 26
	}
	if w.has(anyUpper) {
		alphabet += 26
	}
	return switches, alphabet
}

func group(b byte) class {
	switch c := classOf[b]; {
	case c&anyLower != 0:
		return anyLower
	case c&anyUpper != 0:
		return anyUpper
	default:
		return c
	}
}

func nanoByte(b byte) bool { return classOf[b]&(alnum|dash) != 0 || b == '_' }

// nano recognises a NanoID that begins with w: 21 of [A-Za-z0-9_-], the default of its generators, that look random.
func (s *scan) nano(w word) bool {
	v := s.value
	if b := byteAt(v, w.start-1); b == '-' || b == '_' || s.has(bounded) || w.start+21 > len(v) || !nanoByte(v[w.start+20]) ||
		w.start+21 < len(v) && nanoByte(v[w.start+21]) {
		return false
	}
	run := word{start: w.start, end: w.start}
	for ; run.end < len(v) && run.len() <= 21; run.end++ {
		if !nanoByte(v[run.end]) {
			break
		}
		c := classOf[v[run.end]]
		run.classes |= c
		if c == digit {
			run.counts++
		}
	}
	if run.len() != 21 || !run.has(anyLower) || !run.has(anyUpper) || run.digits() == 0 {
		return false
	}
	text := v[run.start:run.end]
	switches, _ := mixture(text, run)
	return switches >= 7 && !common(text)
}

// padded tells whether 20 and more characters of base64, which are its shortest text less the padding, stand before a '='.
func padded(v string) bool {
	for end := 0; end < len(v); end++ {
		next := strings.IndexByte(v[end:], '=')
		if next < 0 {
			return false
		}
		end += next
		run := end
		for run > 0 && end-run < 20 && (classOf[v[run-1]]&alnum != 0 || v[run-1] == '+' || v[run-1] == '/') {
			run--
		}
		if end-run == 20 {
			return true
		}
	}
	return false
}

// base64At reads padded base64 (RFC 4648, section 4) of 22 to 512 characters that looks random: digests and keys.
func base64At(v string, i int) int {
	if is(v, i-1, alnum) {
		return 0
	}
	end, w := i, word{start: i}
	for end < len(v) && end-i < 512 && (classOf[v[end]]&alnum != 0 || v[end] == '+' || v[end] == '/') {
		c := classOf[v[end]]
		w.classes |= c
		if c == digit {
			w.counts++
		}
		end++
	}
	body := end
	for end < len(v) && v[end] == '=' && end-body < 2 {
		end++
	}
	if body == end || (end-i)%4 != 0 || end-i < 24 || w.digits() == 0 || !w.has(anyLower) || !w.has(anyUpper) {
		return 0
	}
	if switches, _ := mixture(v[i:body], w); switches*5 < body-i || common(v[i:body]) && switches*10 < (body-i)*3 {
		return 0
	}
	return end
}
