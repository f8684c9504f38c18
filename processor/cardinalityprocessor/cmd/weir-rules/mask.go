package main

import (
	"strings"
	"unicode/utf8"

	"weir.example/processor/cardinalityprocessor/internal/detect"
)

// shown is how many characters of an example are shown.
const shown = 64

var (
	detector   = detect.New()
	secrets, _ = detect.Parse("secrets")
)

// mask hides what is sensitive in a value, also where a rule lets it stay: of personal data and addresses the first
// character is shown, of secrets nothing.
func mask(key, value string) string {
	var out strings.Builder
	at := 0
	for _, span := range detector.Scan(key, value, nil) {
		if !span.Kind.Sensitive() {
			continue
		}
		out.WriteString(value[at:span.Start])
		if span.Kind.Class() != detect.Secrecy {
			out.WriteString(firstCharacter(value[span.Start:span.End]))
		}
		out.WriteString("***")
		at = span.End
	}
	out.WriteString(value[at:])
	return shorten(out.String())
}

// maskChange hides also what an expression of a rule found: all between the first and the last difference. Of what is
// no secret, as the kind says, the first character is shown.
func maskChange(key, given, taken, kind string) string {
	from := 0
	for from < min(len(given), len(taken)) && given[from] == taken[from] {
		from++
	}
	end := 0
	for end < min(len(given), len(taken))-from && given[len(given)-1-end] == taken[len(taken)-1-end] {
		end++
	}
	first := ""
	if kinds, known := detect.Parse(kind); known && kinds&secrets == 0 {
		first = firstCharacter(given[from:])
	}
	return mask(key, strings.ToValidUTF8(given[:from], "")) + shorten(first+"***") + mask(key, strings.ToValidUTF8(given[len(given)-end:], ""))
}

func firstCharacter(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}

// shorten cuts what is long, and control characters out of what a terminal would obey.
func shorten(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if utf8.RuneCountInString(s) <= shown {
		return s
	}
	return string([]rune(s)[:shown-3]) + "..."
}
