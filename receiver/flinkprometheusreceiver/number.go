package flinkprometheusreceiver

import (
	"bytes"
	"strconv"
)

// parseValue reads what follows the series: a value and, optionally, a timestamp, which is checked and ignored: all
// samples of a scrape have its time.
func parseValue(b []byte) (float64, error) {
	b = trimBlanks(b)
	end := bytes.IndexAny(b, " \t")
	if end >= 0 {
		if _, err := strconv.ParseInt(string(trimBlanks(b[end:])), 10, 64); err != nil {
			return 0, errMalformed
		}
		b = b[:end]
	}
	// Go also reads hexadecimal floats and underscores, which the format does not have.
	if bytes.ContainsAny(b, "pP_") {
		return 0, errMalformed
	}
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return 0, errMalformed
	}
	return v, nil
}

// parsePlain reads a number in decimal notation that a line feed follows. It returns the bytes of both, or 0 for anything
// else, which parseValue may still understand.
func parsePlain(b []byte) (v float64, n int) {
	var mantissa uint64
	digits, point, exponent := 0, -1, 0
	i := 0
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		i++
	}
	for ; i < len(b); i++ {
		if c := b[i] - '0'; c <= 9 {
			mantissa = mantissa*10 + uint64(c)
			digits++
		} else if b[i] == '.' && point < 0 {
			point = digits
		} else {
			break
		}
	}
	if point >= 0 {
		exponent = point - digits
	}
	end := i
	if i < len(b) && b[i] == 'E' {
		var e int
		if e, end = parseExponent(b, i+1); end > i {
			exponent += e
		}
	}
	if digits == 0 || end >= len(b) || b[end] != '\n' {
		return 0, 0
	}
	if digits > 19 || mantissa >= 1<<53 || exponent < -22 || exponent > 22 {
		v, err := strconv.ParseFloat(string(b[:end]), 64)
		if err != nil {
			return 0, 0
		}
		return v, end + 1
	}
	return scale(mantissa, exponent, negative), end + 1
}

// parseExponent reads a number of at most three digits from b[i:]. It returns where that ends.
func parseExponent(b []byte, i int) (e, end int) {
	sign := 1
	if i < len(b) && b[i] == '-' {
		sign = -1
		i++
	}
	for end = i; end < len(b) && end < i+3 && b[end]-'0' <= 9; end++ {
		e = e*10 + int(b[end]-'0')
	}
	if end == i {
		return 0, 0
	}
	return sign * e, end
}

// scale is exact: mantissa and power of ten are floats without loss, so that there is one rounding, as in strconv.
func scale(mantissa uint64, exponent int, negative bool) float64 {
	v := float64(mantissa)
	if exponent < 0 {
		v /= powersOfTen[-exponent]
	} else {
		v *= powersOfTen[exponent]
	}
	if negative {
		return -v
	}
	return v
}

var powersOfTen = [...]float64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}
