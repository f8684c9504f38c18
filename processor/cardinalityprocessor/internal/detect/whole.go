package detect

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// byKey are the hints that make a whole value something by itself.
const byKey = process | phone | card | social | national | person | postal | password | token | commit | holder | bank

// wholeByKey recognises values that say little without their key.
func wholeByKey(a *about, value string, shape shape) (Span, bool) {
	if a.hints&byKey == 0 && a.vendors == nil {
		return Span{}, false
	}
	start, kind := 0, None
	switch {
	case a.has(password):
		if !harmless(value) {
			kind = Secret
		}
	case a.has(token):
		start, kind = secretByKey(value, shape)
	case a.has(process):
		if shape.classes == digit && len(value) <= 10 {
			kind = PID
		}
	case !a.has(bounded):
		kind = personalByKey(a, value, shape)
		if kind == None {
			kind = identifierByKey(a, value, shape)
		}
	}
	if kind == None && shape.classes&digit != 0 && !common(value) {
		for _, p := range a.vendors {
			if p.match(value, 0) == len(value) {
				kind = APIToken
				break
			}
		}
	}
	return Span{start, len(value), kind}, kind != None
}

// personalByKey tells what the key says the value is, when the value has the make of it.
func personalByKey(a *about, value string, shape shape) Kind {
	switch {
	case a.has(phone) && phoneLike(value):
		return Phone
	case a.has(card) && cardLike(value):
		return Card
	case a.has(social) && numericID(value, 9, 9):
		return SSN
	case a.has(bank) && ibanLike(value, shape):
		return IBAN
	case a.has(national) && numericID(value, 6, 20):
		return NationalID
	case a.has(person) && nameLike(value):
		return PersonName
	case a.has(postal) && shape.classes&digit != 0 && !harmless(value):
		return PostalAddress
	}
	return None
}

// identifierByKey recognises the short forms of commits and containers.
func identifierByKey(a *about, value string, shape shape) Kind {
	mixed := shape.classes&digit != 0 && shape.classes&(lowerHex|upperHex) != 0 && shape.classes&^hexadec == 0
	switch {
	case a.has(commit) && mixed && len(value) >= 7 && len(value) <= 40:
		return GitSHA
	case a.has(holder) && mixed && len(value) == 12:
		return ContainerID
	}
	return None
}

// cardLike accepts 12 to 19 digits in any groups whose check digit is right.
func cardLike(value string) bool {
	n, ok := luhn(value)
	return ok && n >= 12 && n <= 19
}

// ibanLike accepts the make of an IBAN, with check digits or without: a mistyped account is an account.
func ibanLike(value string, shape shape) bool {
	return len(value) >= 15 && len(value) <= 42 && shape.classes&^(alnum|other|dash) == 0 && is(value, 1, letters) && is(value, 2, digit) &&
		is(value, 3, digit)
}

// harmless are the values that stand where a secret or a personal value would.
func harmless(value string) bool {
	if len(value) > len("[redacted]") {
		return redacted(value)
	}
	switch strings.ToLower(value) {
	case "", "true", "false", "yes", "no", "none", "null", "nil", "unknown", "other", "n/a", "na", "-", "*", "***", "****", "********",
		"redacted", "[redacted]", "masked", "hidden", "empty", "default", "required", "invalid", "valid", "expired", "missing", "set", "unset":
		return true
	}
	return redacted(value)
}

// redacted tells whether the value is one placeholder.
func redacted(value string) bool {
	return value[0] == '{' && strings.IndexByte(value, '}') == len(value)-1
}

// secretByKey finds the secret in a value whose key promises one: it has digits or is long, and no spaces but after its scheme
// (RFC 9110, section 11.4: `Bearer x`, `Basic x`).
func secretByKey(value string, shape shape) (int, Kind) {
	start := strings.LastIndexByte(value, ' ') + 1
	secret := value[start:]
	if start > 0 && !strings.ContainsAny(value[:start-1], " =") && len(value[:start-1]) > 12 || strings.Count(value, " ") > 1 {
		return 0, None
	}
	if strings.HasPrefix(secret, "eyJ") || len(secret) < 8 || harmless(secret) || strings.ContainsAny(secret, "{}<>") {
		return 0, None
	}
	mixed := shape.classes&digit != 0 && shape.classes&letters != 0
	if mixed && !separated(secret) || shape.classes == digit && len(secret) >= 12 {
		return start, APIToken
	}
	return 0, None
}

// separated tells whether the text is made of short words, as names are: `oauth2-client-credentials`.
func separated(text string) bool {
	longest, digits := 0, 0
	for i := 0; i < len(text); {
		w := wordAt(text, i)
		longest, digits = max(longest, w.len()), digits+w.digits()
		i = max(w.end, i+1)
	}
	return longest < 8 || digits*8 < len(text) && longest < shortest && common(text)
}

// numericID accepts digits with separators, one leading or trailing letter or two, low to high characters of content.
func numericID(value string, low, high int) bool {
	digits, content := 0, 0
	for i := range len(value) {
		c := classOf[value[i]]
		switch {
		case c == digit:
			digits++
			content++
		case c&letters != 0:
			content++
		case value[i] == ' ' || value[i] == '-' || value[i] == '.' || value[i] == '/':
		default:
			return false
		}
	}
	return content >= low && content <= high && digits*2 > content && digits >= 5
}

// nameLike accepts up to five words of letters, of any script, as names of persons are written.
func nameLike(value string) bool {
	if len(value) > 80 || harmless(value) {
		return false
	}
	parts := 1
	for i := 0; i < len(value); {
		r, n := utf8.DecodeRuneInString(value[i:])
		switch {
		case r == ' ':
			parts++
		case !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) && !strings.ContainsRune(".,'’-", r):
			return false
		}
		i += n
	}
	return parts <= 5
}
