package detect

// nationalAt tries the national identifiers whose form or check digits are rare enough to need no key: they hold letters, or
// punctuation of their own. Those of digits alone are recognised by their keys.
func nationalAt(v string, w word) int {
	switch {
	case w.classes == digit && w.len() == 4 && byteAt(v, w.end) == ' ':
		return aadhaarAt(v, w.start)
	case w.classes == digit && w.len() == 3 && byteAt(v, w.end) == '.':
		return cpfAt(v, w.start)
	case w.classes == digit && w.len() == 2 && byteAt(v, w.end) == '.':
		return cnpjAt(v, w.start)
	case w.len() == 9 && w.digits() >= 7 && w.only(digit|anyUpper):
		return spanishAt(v, w) + singaporeAt(v, w)
	case w.len() == 16 && w.only(digit|anyUpper):
		return fiscaleAt(v, w)
	case w.len() == 18 && w.digits() >= 17:
		return residentAt(v, w)
	case w.len() == 6 && w.classes == digit && byteAt(v, w.end) == '-':
		return personnummerAt(v, w)
	}
	return 0
}

// The group of ten symmetries in which Verhoeff's check digit is computed.
var verhoeffProduct = [10]string{
	"0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
}

var verhoeffTurn = [8]string{
	"0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
}

// aadhaarAt reads India's Aadhaar number in its written form, 4-4-4, with Verhoeff's check digit (UIDAI).
func aadhaarAt(v string, i int) int {
	if v[i] < '2' || digitsAt(v, i+5, 5) != 4 || byteAt(v, i+9) != ' ' || digitsAt(v, i+10, 5) != 4 || is(v, i+14, alnum) {
		return 0
	}
	check, position := byte('0'), 0
	for j := i + 13; j >= i; j-- {
		if v[j] == ' ' {
			continue
		}
		check = verhoeffProduct[check-'0'][verhoeffTurn[position%8][v[j]-'0']-'0']
		position++
	}
	if check != '0' {
		return 0
	}
	return i + 14
}

// weighted sums the digits among v by the weights, which begin again when they end.
func weighted(v string, weights ...int) int {
	sum, n := 0, 0
	for i := 0; i < len(v) && n < len(weights); i++ {
		if isDigit(v[i]) {
			sum += int(v[i]-'0') * weights[n]
			n++
		}
	}
	return sum
}

// mod11 is the check digit of Brazil's Receita Federal.
func mod11(sum int) byte {
	if rest := sum % 11; rest >= 2 {
		return byte('0' + 11 - rest)
	}
	return '0'
}

// cpfAt reads a Brazilian CPF, 000.000.000-00, with its two check digits.
func cpfAt(v string, i int) int {
	if digitsAt(v, i+4, 4) != 3 || byteAt(v, i+7) != '.' || digitsAt(v, i+8, 4) != 3 || byteAt(v, i+11) != '-' || digitsAt(v, i+12, 3) != 2 {
		return 0
	}
	if v[i+12] != mod11(weighted(v[i:], 10, 9, 8, 7, 6, 5, 4, 3, 2)) || v[i+13] != mod11(weighted(v[i:], 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)) || is(v, i+14, alnum) {
		return 0
	}
	return i + 14
}

// cnpjAt reads a Brazilian CNPJ, 00.000.000/0000-00, with its two check digits.
func cnpjAt(v string, i int) int {
	if i+18 > len(v) || v[i+6] != '.' || v[i+10] != '/' || v[i+15] != '-' || digitsAt(v, i+16, 3) != 2 {
		return 0
	}
	first := weighted(v[i:i+15], 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
	second := weighted(v[i:i+18], 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
	if v[i+16] != mod11(first) || v[i+17] != mod11(second) {
		return 0
	}
	return i + 18
}

// spanishAt reads a Spanish DNI, eight digits and a letter, or NIE, X, Y or Z before seven (Orden INT/2058/2008): the letter is the
// number modulo 23.
func spanishAt(v string, w word) int {
	start, number := w.start, 0
	if first := v[start]; first >= 'X' && first <= 'Z' {
		number = int(first - 'X')
		start++
	}
	for ; start < w.end-1; start++ {
		if !isDigit(v[start]) {
			return 0
		}
		number = number*10 + int(v[start]-'0')
	}
	if v[w.end-1] != "TRWAGMYFPDXBNJZSQVHLCKE"[number%23] {
		return 0
	}
	return w.end
}

// singaporeAt reads a NRIC or FIN of Singapore: S, T, F or G, seven digits, a check letter.
func singaporeAt(v string, w word) int {
	first := v[w.start]
	if w.digits() != 7 || is(v, w.end-1, digit) {
		return 0
	}
	sum := weighted(v[w.start+1:w.end-1], 2, 7, 6, 5, 4, 3, 2)
	if first == 'T' || first == 'G' {
		sum += 4
	}
	list := ""
	switch first {
	case 'S', 'T':
		list = "JZIHGFEDCBA"
	case 'F', 'G':
		list = "XWUTRQPNMLK"
	default:
		return 0
	}
	if v[w.end-1] != list[sum%11] {
		return 0
	}
	return w.end
}

// fiscaleOdd is what a character in an odd place adds, by its rank.
var fiscaleOdd = [26]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}

// fiscaleAt reads an Italian codice fiscale (DM 23 December 1976): six letters, date and place, a check letter.
func fiscaleAt(v string, w word) int {
	const form = "LLLLLLNNLNNLNNNL"
	sum := 0
	for j := range form {
		b := v[w.start+j]
		if isDigit(b) != (form[j] == 'N') {
			return 0
		}
		rank := int(b - '0')
		if form[j] == 'L' {
			rank = int(b - 'A')
		}
		switch {
		case j == 15:
			if sum%26 != rank {
				return 0
			}
		case j%2 == 1:
			sum += rank
		default:
			sum += fiscaleOdd[rank]
		}
	}
	return w.end
}

// residentAt reads a Chinese resident identity number (GB 11643-1999): 17 digits with a date, and a check by ISO 7064, mod 11-2.
func residentAt(v string, w word) int {
	i := w.start
	if w.digits() < 17 || w.digits() == 17 && v[w.end-1] != 'X' || !calendar(v, i+6, i+10, i+12) {
		return 0
	}
	sum := weighted(v[i:i+17], 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
	if v[w.end-1] != "10X98765432"[sum%11] {
		return 0
	}
	return w.end
}

// personnummerAt reads a Swedish personal identity number, YYMMDD-NNNN, with its Luhn digit (SKV 704).
func personnummerAt(v string, w word) int {
	month, _ := numberAt(v, w.start+2, 2)
	day, _ := numberAt(v, w.start+4, 2)
	if month < 1 || month > 12 || day < 1 || day > 31 || digitsAt(v, w.end+1, 5) != 4 || is(v, w.end+5, alnum|dash) {
		return 0
	}
	if _, ok := luhn(v[w.start : w.end+5]); !ok {
		return 0
	}
	return w.end + 5
}
