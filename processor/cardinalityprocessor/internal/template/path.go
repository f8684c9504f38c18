package template

import (
	"strings"

	"weir.example/processor/cardinalityprocessor/internal/detect"
)

// ID is the placeholder of an identifier that fills a segment of a path, whatever its kind: the same route is served to all.
const ID = "{id}"

// path replaces the identifiers in the segments of a path and all values of a query.
func path(form Form, value string, spans []detect.Span) string {
	b := builder{value: value, spans: spans}
	end := len(value)
	start := 0
	switch form {
	case URL:
		start = authority(value)
		b.numbers(0, start, false, false)
	case Request:
		start = requestPath(value)
	}
	query := -1
	if form != File {
		if i := strings.IndexByte(value[start:end], '#'); i >= 0 {
			end = start + i
		}
		if i := strings.IndexByte(value[start:end], '?'); i >= 0 {
			end = start + i
			query = end
		}
	}
	at := start
	if len(spans) == 0 && !digits(value[start:end]) {
		at = end + 1 // there is nothing to replace
	}
	for number := 0; at <= end; number++ {
		stop := at
		for stop < end && (value[stop] != '/' || b.inside(stop)) {
			stop++
		}
		b.segment(form, at, stop, number)
		at = stop + 1
	}
	if query >= 0 {
		b.query(query + 1)
	} else if end < len(value) {
		b.numbers(end, len(value), false, false)
	}
	return b.String()
}

// digits tells whether the text has some.
func digits(text string) bool {
	for i := range len(text) {
		if digitAt(text, i) {
			return true
		}
	}
	return false
}

// inside tells whether i lies in the next span: dates and base64 may have slashes.
func (b *builder) inside(i int) bool {
	for _, s := range b.spans {
		if i < s.End {
			return s.Start < i
		}
	}
	return false
}

// authority returns where the path of a URL begins.
func authority(value string) int {
	i := strings.Index(value, "://") + 3
	if j := strings.IndexAny(value[i:], "/?#"); j >= 0 {
		return i + j
	}
	return len(value)
}

// segment writes the template of the number-th segment value[start:end].
func (b *builder) segment(form Form, start, end, number int) {
	if start == end {
		return
	}
	if len(b.spans) > 0 && b.spans[0].Start < start && b.spans[0].End > start {
		b.spans[0].Start = start // base64 took the slash before it
	}
	if len(b.spans) > 0 && b.spans[0].Start == start && b.spans[0].End == end {
		placeholder := b.spans[0].Kind.Placeholder()
		if b.spans[0].Kind.Class() == detect.Identifier {
			placeholder = ID
		}
		b.replace(start, end, placeholder)
		b.spans = b.spans[1:]
		return
	}
	text := b.value[start:end]
	if touched := len(b.spans) > 0 && b.spans[0].Start < end; !touched {
		if !digits(text) || parameter(text) {
			return
		}
		if form != File && len(text) <= 2 && strings.HasSuffix(b.value[:start], "/api/") {
			return // the version of an API
		}
		if form == File && opaqueParts(text) {
			b.replace(start+strings.LastIndexAny(text, "-_:")+1, end, ID) // what stands before says what it is: chk-42
			return
		}
		if opaque(form, text, number) {
			b.replace(start, end, ID)
			return
		}
	}
	b.longNumbers = true
	b.numbers(start, end, false, false)
	b.longNumbers = false
}

// parameter tells whether a segment already is one of a route template: {id}, :id, <id>, *rest.
func parameter(text string) bool {
	return text[0] == ':' || text[0] == '*' || text[0] == '{' && strings.IndexByte(text, '}') > 0 || text[0] == '<' && strings.IndexByte(text, '>') > 0
}

// opaque tells whether a segment without recognised spans is an identifier by its place: a number, or letters and digits mixed as no
// word is.
func opaque(form Form, text string, number int) bool {
	digits, letters, changes, upper := 0, 0, 0, 0
	for i := range len(text) {
		switch {
		case digitAt(text, i):
			digits++
		case letterAt(text, i) && text[i] != '_':
			letters++
			if text[i] < 'a' {
				upper++
			}
		default:
			return opaqueParts(text)
		}
		if i > 0 && digitAt(text, i) != digitAt(text, i-1) {
			changes++
		}
	}
	switch {
	case digits == 0:
		return false
	case letters == 0 && form == File:
		return digits >= 2
	case letters == 0: // the first segment of a route may be the version of its API
		return number > 1 || digits > 2
	case form == File || known(text):
		return false
	case changes == 1:
		return digits >= 3
	default:
		return len(text) >= 5 && (digits >= 2 || changes >= 3) && !versioned(text)
	}
}

// opaqueParts tells whether a segment with punctuation is one identifier: numbers alone (12-34, 10.5), or a short name and a number of
// three digits and more (user-104, ORD_20231).
func opaqueParts(text string) bool {
	i := strings.LastIndexAny(text, "-_:")
	if i < 0 || i+1 == len(text) {
		return false
	}
	digits := 0
	for j := i + 1; j < len(text); j++ {
		if !digitAt(text, j) {
			return false
		}
		digits++
	}
	for j := range i {
		if !digitAt(text, j) && !letterAt(text, j) && !joint(text[j]) {
			return false
		}
	}
	if strings.IndexByte(text, '.') >= 0 || placeholderAt(text, len(text)-1) {
		return false
	}
	return digits >= 3 && i <= 8 && !standard(text[:i])
}

// standard tells whether the number behind the word is part of a name: utf-8, rfc-9110.
func standard(word string) bool {
	switch strings.ToLower(word) {
	case "error", "http", "status", "draft", "rfc", "iso", "utf", "sha", "aes":
		return true
	}
	return false
}

// known are names of techniques that look like identifiers.
func known(text string) bool {
	switch strings.ToLower(text) {
	case "sha256", "sha512", "sha384", "sha224", "utf8", "utf16", "base64", "base32", "x86", "amd64", "arm64", "win32", "win64", "http2",
		"oauth2", "iso8601", "rfc3339", "rfc7231", "log4j", "log4j2", "aes128", "aes256", "x509", "ed25519", "rs256", "es256", "hs256",
		"p256", "k8s", "i18n", "l10n", "a11y", "s3", "ec2", "route53", "web3", "h264", "h265", "mp3", "mp4", "error404", "http404", "mp4a":
		return true
	}
	return false
}

// versioned tells whether the text reads v1, v2beta1, 2023q4, 3d, x86 and the like.
func versioned(text string) bool {
	text = strings.ToLower(text)
	return text[0] == 'v' && digitAt(text, 1) || strings.Contains(text, "beta") || strings.Contains(text, "alpha") || strings.Contains(text, "rc")
}

// query writes {name} for each value of the query that begins at i; values that are placeholders or spans stay what they are.
func (b *builder) query(i int) {
	for i < len(b.value) {
		end := len(b.value)
		if j := strings.IndexAny(b.value[i:], "&;#"); j >= 0 {
			end = i + j
		}
		eq := strings.IndexByte(b.value[i:end], '=')
		if eq < 0 {
			b.numbers(i, end, false, false)
			i = end + 1
			continue
		}
		start := i + eq + 1
		b.numbers(i, start, false, false)
		touched := len(b.spans) > 0 && b.spans[0].Start < end
		switch {
		case start == end:
		case touched:
			placeholder := b.spans[0].Kind.Placeholder()
			for len(b.spans) > 0 && b.spans[0].Start < end {
				b.spans = b.spans[1:]
			}
			b.replace(start, end, placeholder)
		case !parameter(b.value[start:end]):
			b.replace(start, end, "{"+b.value[i:start-1]+"}")
		}
		i = end + 1
	}
}
