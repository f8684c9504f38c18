package flinkprometheusreceiver

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// This file reads single lines of the Prometheus text format 0.0.4. It knows nothing of targets or of earlier scrapes.

// label is one name="value" of a sample line, unescaped.
type label struct{ name, value string }

// dropReason says why a sample line gives no sample. It is the `reason` of a telemetry counter.
type dropReason string

// Only malformed lines make a scrape incomplete: the others are dropped for what names their series, hence in every
// scrape, so that the absence of all other series is still proven.
const (
	kept             dropReason = ""
	malformed        dropReason = "malformed"
	duplicateLabel   dropReason = "duplicate_label"
	duplicateSeries  dropReason = "duplicate_series"
	invalidLabelName dropReason = "invalid_label_name"
	reservedLabel    dropReason = "reserved_label"
	invalidUTF8      dropReason = "invalid_utf8"
	lineTooLong      dropReason = "line_length"
)

var errMalformed = errors.New("malformed sample line")

// cutLine returns the first line of body, without blanks before it and its line end, \n or \r\n, and what follows.
func cutLine(body []byte) (line, rest []byte) {
	end := bytes.IndexByte(body, '\n')
	if end < 0 {
		line = body
	} else {
		line, rest = body[:end], body[end+1:]
	}
	line = bytes.TrimSuffix(line, []byte{'\r'})
	for len(line) > 0 && isBlank(line[0]) {
		line = line[1:]
	}
	return line, rest
}

// cutSample splits a sample line into the bytes that name its series and those of its value. After the label block
// only numbers follow, so its end is the last brace of the line, whatever the label values contain.
func cutSample(line []byte) (key, value []byte) {
	if end := bytes.LastIndexByte(line, '}'); end >= 0 {
		return line[:end+1], line[end+1:]
	}
	for i, c := range line {
		if isBlank(c) {
			return line[:i], line[i:]
		}
	}
	return line, nil
}

// parseSeries reads the part of a sample line that names its series. It appends the labels to buf, sorted by name and
// without empty ones, which mean the same as absent ones. The results share the memory of key unless they were escaped.
func parseSeries(key string, buf []label) (name string, labels []label, why dropReason) {
	name, rest := key, ""
	if brace := strings.IndexByte(key, '{'); brace >= 0 {
		name, rest = strings.TrimRight(key[:brace], " \t"), key[brace+1:]
		var ok bool
		if buf, ok = parseLabels(rest, buf); !ok {
			return "", nil, malformed
		}
	}
	if !isMetricName(name) {
		return "", nil, malformed
	}
	labels, why = checkLabels(buf)
	return name, labels, why
}

// parseLabels reads from behind the opening brace to the closing one, which must be the last byte.
func parseLabels(s string, labels []label) ([]label, bool) {
	for {
		s = skipBlanks(s)
		if s == "}" {
			return labels, true
		}
		name, rest, found := strings.Cut(s, "=")
		for len(name) > 0 && isBlank(name[len(name)-1]) {
			name = name[:len(name)-1]
		}
		if !found || name == "" || !isOneWord(name) {
			return nil, false
		}
		rest = skipBlanks(rest)
		if !strings.HasPrefix(rest, `"`) {
			return nil, false
		}
		value, rest, ok := parseQuoted(rest[1:])
		if !ok {
			return nil, false
		}
		labels = append(labels, label{name, value})
		s = skipBlanks(rest)
		if strings.HasPrefix(s, ",") {
			s = s[1:]
		} else if s != "}" {
			return nil, false
		}
	}
}

// isOneWord tells whether a name has nothing that would end it.
func isOneWord(name string) bool {
	for i := range len(name) {
		switch name[i] {
		case '{', '}', '"', ',', ' ', '\t':
			return false
		}
	}
	return true
}

// parseQuoted reads from behind an opening quote to the closing one.
func parseQuoted(s string) (value, rest string, ok bool) {
	end := strings.IndexByte(s, '"')
	if end < 0 {
		return "", "", false
	}
	if strings.IndexByte(s[:end], '\\') < 0 {
		return s[:end], s[end+1:], true
	}
	var unescaped strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return unescaped.String(), s[i+1:], true
		case '\\':
			i++
			if i == len(s) || !writeUnescaped(&unescaped, s[i]) {
				return "", "", false
			}
		default:
			unescaped.WriteByte(c)
		}
	}
	return "", "", false
}

func writeUnescaped(b *strings.Builder, c byte) bool {
	switch c {
	case '\\', '"':
		b.WriteByte(c)
	case 'n':
		b.WriteByte('\n')
	default:
		return false
	}
	return true
}

func checkLabels(labels []label) ([]label, dropReason) {
	slices.SortFunc(labels, func(a, b label) int { return strings.Compare(a.name, b.name) })
	for i, l := range labels {
		switch {
		case i > 0 && l.name == labels[i-1].name:
			return nil, duplicateLabel
		case strings.HasPrefix(l.name, "__"):
			return nil, reservedLabel
		case !isLabelName(l.name):
			return nil, invalidLabelName
		case !utf8.ValidString(l.value):
			return nil, invalidUTF8
		}
	}
	return slices.DeleteFunc(labels, func(l label) bool { return l.value == "" }), kept
}

// comment is a HELP or TYPE line.
type comment struct {
	keyword string // HELP or TYPE
	name    []byte // of the family
	text    []byte // the type, or the help text still escaped
}

// parseComment reads a line that begins with '#'. Anything but well-formed HELP and TYPE lines is a remark and not ok.
func parseComment(line []byte) (c comment, ok bool) {
	rest := trimBlanks(line[1:])
	switch {
	case bytes.HasPrefix(rest, []byte("HELP")):
		c.keyword = "HELP"
	case bytes.HasPrefix(rest, []byte("TYPE")):
		c.keyword = "TYPE"
	default:
		return comment{}, false
	}
	rest = rest[len(c.keyword):]
	if len(rest) == 0 || !isBlank(rest[0]) {
		return comment{}, false
	}
	rest = bytes.TrimLeft(rest, " \t")
	if end := bytes.IndexAny(rest, " \t"); end >= 0 {
		c.name, c.text = rest[:end], bytes.TrimLeft(rest[end:], " \t")
	} else {
		c.name = rest
	}
	if c.keyword == "TYPE" {
		c.text = trimBlanks(c.text)
	}
	return c, isMetricName(c.name)
}

// unescapeHelp resolves \\ and \n. Other escapes stay as they are: help has no meaning that could be damaged.
func unescapeHelp(text string) string {
	s := strings.ToValidUTF8(text, "\uFFFD")
	if !strings.Contains(s, `\`) {
		return s
	}
	return helpEscapes.Replace(s)
}

var helpEscapes = strings.NewReplacer(`\\`, `\`, `\n`, "\n")

func isMetricName[T string | []byte](name T) bool { return isName(name, true) }

func isLabelName(name string) bool { return isName(name, false) }

func isName[T string | []byte](name T, colons bool) bool {
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' && colons
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return len(name) > 0
}

func skipBlanks(s string) string {
	for len(s) > 0 && isBlank(s[0]) {
		s = s[1:]
	}
	return s
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func trimBlanks(b []byte) []byte { return bytes.Trim(b, " \t") }
