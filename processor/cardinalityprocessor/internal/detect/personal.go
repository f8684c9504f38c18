package detect

import "strings"

// personalAt tries the personal data that begins with w and needs no key: what has a checksum or a format of its own.
func (s *scan) personalAt(w word) (int, Kind) {
	if s.has(bounded | hardware) {
		return 0, None
	}
	v, i := s.value, w.start
	if w.digits() > 0 && w.has(letters) && w.len() >= 4 && is(v, i, letters) && is(v, i+1, letters) && is(v, i+2, digit) && is(v, i+3, digit) {
		if end := ibanAt(v, i); end > 0 {
			return end, IBAN
		}
	}
	if b := byteAt(v, i-1); b == '.' || b == '_' || b == '-' || b == '+' {
		return 0, None
	}
	if w.classes == digit {
		if end := cardAt(v, w, s.about); end > 0 {
			return end, Card
		}
		if end := ssnAt(v, w); end > 0 {
			return end, SSN
		}
		if w.len() == 3 && byteAt(v, w.end) == '-' {
			if end := nanpAt(v, i); end > 0 {
				return end, Phone
			}
		}
	}
	if end := nationalAt(v, w); end > 0 {
		return end, NationalID
	}
	return 0, None
}

// luhn counts the digits of a number with separators and checks its last by ISO/IEC 7812-1, annex B.
func luhn(v string) (digits int, ok bool) {
	sum := 0
	for i := len(v) - 1; i >= 0; i-- {
		if !isDigit(v[i]) {
			if v[i] != ' ' && v[i] != '-' {
				return 0, false
			}
			continue
		}
		d := int(v[i] - '0')
		if digits%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		digits++
	}
	return digits, sum%10 == 0
}

// cardAt reads a payment card number (ISO/IEC 7812): the length its issuer's prefix demands, in one piece or in groups, with a valid
// check digit. Under a key that names another identifier it must come in groups, for one number in ten passes the check, unless it
// stands among words, as in a `message`.
func cardAt(v string, w word, a *about) int {
	end := w.end
	if w.len() == 4 && (byteAt(v, end) == ' ' || byteAt(v, end) == '-') {
		end = cardGroupsAt(v, w.start)
	} else if w.len() < 13 || w.len() > 19 || a.has(ident|moment) && !strings.Contains(v, " ") {
		return 0
	}
	if end == 0 || is(v, end, alnum) || byteAt(v, end) == '-' && is(v, end+1, alnum) || byteAt(v, end) == '.' && is(v, end+1, digit) {
		return 0
	}
	n, ok := luhn(v[w.start:end])
	if !ok || !issued(v[w.start:end], n) {
		return 0
	}
	return end
}

// cardGroupsAt reads 4-4-4-4 or, as American Express does, 4-6-5.
func cardGroupsAt(v string, i int) int {
	mark := v[i+4]
	for _, groups := range [2][3]int{{4, 4, 4}, {6, 5, 0}} {
		end := i + 4
		for _, n := range groups {
			if n == 0 {
				continue
			}
			if byteAt(v, end) != mark || digitsAt(v, end+1, 7) != n {
				end = 0
				break
			}
			end += 1 + n
		}
		if end > 0 {
			return end
		}
	}
	return 0
}

// issued tells whether a card with these first four digits has n digits, by the prefixes the networks publish.
func issued(v string, n int) bool {
	p, ok := numberAt(v, 0, 4)
	switch {
	case !ok:
		return false
	case p/1000 == 4:
		return n == 13 || n == 16 || n == 19
	case p/100 >= 51 && p/100 <= 55, p >= 2221 && p <= 2720:
		return n == 16
	case p/100 == 34, p/100 == 37:
		return n == 15
	case p == 6011, p/10 >= 644 && p/10 <= 659, p/100 == 62:
		return n >= 16
	case p >= 3528 && p <= 3589:
		return n == 16
	case p == 1800, p == 2131:
		return n == 15
	case p/10 >= 300 && p/10 <= 305, p/100 == 36, p/100 == 38, p/100 == 39:
		return n == 14
	}
	return false
}

// ssnAt reads a social security number of the United States in its written form, with the areas, groups and serials the SSA gives
// out, or an ITIN (area 9).
func ssnAt(v string, w word) int {
	if w.len() != 3 || byteAt(v, w.end) != '-' || byteAt(v, w.end+3) != '-' {
		return 0
	}
	area, _ := numberAt(v, w.start, 3)
	group, okG := numberAt(v, w.end+1, 2)
	serial, okS := numberAt(v, w.end+4, 4)
	end := w.end + 8
	if !okG || !okS || area == 0 || area == 666 || group == 0 || serial == 0 || is(v, end, alnum|dash) {
		return 0
	}
	return end
}

// ibanLengths are the lengths of the IBAN registry (ISO 13616), by country.
var ibanLengths = func() map[string]int {
	lengths := map[string]int{}
	const registry = "NO15BE16DK18FI18NL18FO18GL18SD18MK19SI19AT20BA20EE20KZ20LT20LU20XK20MN20CH21HR21LI21LV21" +
		"BG22BH22CR22DE22GB22GE22IE22ME22RS22VA22AE23GI23IL23IQ23TL23OM23SO23AD24CZ24ES24MD24PK24RO24SA24SE24SK24TN24VG24" +
		"LY25PT25ST25IS26TR26FR27GR27IT27MC27MR27SM27BI27DJ27AL28AZ28BY28CY28DO28GT28HU28LB28NI28PL28SV28" +
		"BR29EG29PS29QA29UA29JO30KW30MU30YE30MT31SC31LC32RU33FK18"
	for i := 0; i < len(registry); i += 4 {
		lengths[registry[i:i+2]] = int(registry[i+2]-'0')*10 + int(registry[i+3]-'0')
	}
	return lengths
}()

// ibanAt reads an IBAN (ISO 13616) of its country's length, in one piece or in groups of four, whose check digits are right (ISO/IEC
// 7064, mod 97-10).
func ibanAt(v string, i int) int {
	country := [2]byte{v[i] &^ 0x20, v[i+1] &^ 0x20}
	length := ibanLengths[string(country[:])]
	var account [34]byte
	n, end := 0, i
	for ; end < len(v) && n < length; end++ {
		if v[end] == ' ' && n%4 == 0 && n > 0 {
			continue
		}
		if classOf[v[end]]&alnum == 0 {
			return 0
		}
		account[n] = v[end]
		n++
	}
	if n < length || length == 0 || is(v, end, alnum) {
		return 0
	}
	remainder := 0
	for j := range length {
		b := account[(j+4)%length]
		if isDigit(b) {
			remainder = (remainder*10 + int(b-'0')) % 97
		} else {
			remainder = (remainder*100 + int(b&^0x20-'A') + 10) % 97
		}
	}
	if remainder != 1 {
		return 0
	}
	return end
}

// phoneAt reads a number in the international form of ITU-T E.123: '+', country code, 8 to 15 digits in groups; or the North
// American form with its area code in parentheses.
func phoneAt(v string, i int) int {
	if is(v, i-1, alnum|plus|percent) {
		return 0
	}
	if v[i] == '(' {
		if digitsAt(v, i+1, 4) != 3 || byteAt(v, i+4) != ')' {
			return 0
		}
		j := i + 5
		for byteAt(v, j) == ' ' || byteAt(v, j) == '-' {
			j++
		}
		if digitsAt(v, j, 4) == 3 && is(v, j+3, dash|other) && digitsAt(v, j+4, 5) == 4 {
			return j + 8
		}
		return 0
	}
	digits, groups, end := 0, 0, i+1
	if b := byteAt(v, end); b < '1' || b > '9' {
		return 0
	}
	for j := end; j < len(v) && digits <= 16; j++ {
		switch {
		case isDigit(v[j]):
			digits++
			end = j + 1
		case (v[j] == ' ' || v[j] == '-' || v[j] == '.' || v[j] == '(' || v[j] == ')') && j-end < 2:
			groups++
		default:
			j = len(v)
		}
	}
	if digits < 8 || digits > 15 || groups == 0 && digits < 10 || is(v, end, alnum) {
		return 0
	}
	return end
}

// nanpAt reads 212-555-0123 of the North American numbering plan: area and exchange begin with 2 to 9.
func nanpAt(v string, i int) int {
	if v[i] < '2' || byteAt(v, i+4) < '2' || digitsAt(v, i+4, 4) != 3 || byteAt(v, i+7) != '-' || digitsAt(v, i+8, 5) != 4 {
		return 0
	}
	if is(v, i+12, alnum|dash) {
		return 0
	}
	return i + 12
}

// phoneLike accepts what people write under a key that says phone: 6 to 15 digits, separators, an extension.
func phoneLike(v string) bool {
	digits := 0
	for i := range len(v) {
		switch b := v[i]; {
		case isDigit(b):
			digits++
		case b == ' ' || b == '-' || b == '.' || b == '(' || b == ')' || b == '/' || b == '#' || b == '+' && i == 0:
		case (b == 'x' || b == 'X' || b == 'e') && digits >= 6:
			return true
		default:
			return false
		}
	}
	return digits >= 6 && digits <= 17
}
