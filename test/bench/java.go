package main

import (
	"bytes"
	"math"
	"strconv"
)

// appendJava writes a number as Java's Double.toString does: 12.0, 4.0857056E7, 1.0E-5.
func appendJava(b []byte, v float64) []byte {
	size := math.Abs(v)
	switch {
	case v == math.Trunc(v) && size < 1e7:
		return append(strconv.AppendInt(b, int64(v), 10), ".0"...)
	case size >= 1e-3 && size < 1e7:
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	}
	start := len(b)
	b = strconv.AppendFloat(b, v, 'E', -1, 64) // 4.0857056E+07
	at := start + bytes.IndexByte(b[start:], 'E')
	exponent, _ := strconv.Atoi(string(b[at+1:]))
	b = b[:at]
	if bytes.IndexByte(b[start:], '.') < 0 {
		b = append(b, ".0"...)
	}
	return strconv.AppendInt(append(b, 'E'), int64(exponent), 10)
}
