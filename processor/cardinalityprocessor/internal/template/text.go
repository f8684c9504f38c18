package template

import (
	"strings"

	"weir.example/processor/cardinalityprocessor/internal/detect"
)

// Number is the placeholder of numbers that are part of a template but identify nothing by themselves.
const Number = "{n}"

// Make returns the template of a value of this form, in which detect found these spans; the value itself when it is its own
// template.
func Make(form Form, value string, spans []detect.Span) string {
	switch form {
	case SQL:
		return literals(value)
	case Route, URL, File, Request:
		return path(form, value, spans)
	}
	if len(spans) == 0 && form == Text {
		return value
	}
	b := builder{value: value, spans: spans}
	b.numbers(0, len(value), form == Message, form == Keyed)
	return b.String()
}

// builder writes a template from left to right, and only begins to when something changes.
type builder struct {
	value string
	spans []detect.Span
	out   strings.Builder
	next  int // what of value is written

	longNumbers bool // numbers of five digits and more between joints go too, as in the names of files
}

// replace writes what lies before start and the placeholder for value[start:end]. A span that reaches over the end of its part of
// the value covers what comes there.
func (b *builder) replace(start, end int, placeholder string) {
	if start < b.next {
		return
	}
	if b.next == 0 && b.out.Len() == 0 {
		b.out.Grow(len(b.value) + 16)
	}
	b.out.WriteString(b.value[b.next:start])
	b.out.WriteString(placeholder)
	b.next = end
}

func (b *builder) String() string {
	if b.next == 0 && b.out.Len() == 0 {
		return b.value
	}
	b.out.WriteString(b.value[b.next:])
	return b.out.String()
}

// numbers replaces the spans of value[start:end] and the whole numbers beside them: those one joint away from a span
// (consumer-billing-2-<uuid>), every free-standing one of a message, every part of a key that is a number, and long ones in paths.
func (b *builder) numbers(start, end int, message, keyed bool) {
	spaced := message || len(b.spans) > 0 && strings.Count(b.value, " ") > 1
	instance := false // a UUID came before in this name: what is counted behind it belongs to one instance
	for i := start; i < end; {
		if !instance && !digitAt(b.value, i) && (len(b.spans) == 0 || b.spans[0].Start != i) {
			i++
			continue
		}
		if instance && (gap(b.value[i]) || b.value[i] == '/') {
			instance = false
		}
		if len(b.spans) > 0 && b.spans[0].Start == i {
			instance = b.spans[0].Kind == detect.UUID
			b.replace(i, b.spans[0].End, b.spans[0].Kind.Placeholder())
			i, b.spans = b.spans[0].End, b.spans[1:]
			continue
		}
		stop := end
		if len(b.spans) > 0 {
			stop = min(stop, b.spans[0].Start)
		}
		if !digitAt(b.value, i) || wordAt(b.value, i-1) || stop <= i {
			i++
			continue
		}
		j := i
		for j < stop && digitAt(b.value, j) {
			j++
		}
		beside := j < end && joint(b.value[j]) && len(b.spans) > 0 && b.spans[0].Start == j+1 && !(b.value[j] == ':' && i > start && b.value[i-1] == '-') ||
			i > 0 && joint(b.value[i-1]) && b.next == i-1 && b.next > 0
		free := spaced && (i == 0 || gap(b.value[i-1])) && (j == len(b.value) || gap(b.value[j]))
		free = free || message && b.indexed(i) && (j == len(b.value) || gap(b.value[j]))
		member := instance && b.value[i-1] == '-' && (j == len(b.value) || b.value[j] == '-')
		part := keyed && (i == 0 || b.value[i-1] == ':') && (j == len(b.value) || b.value[j] == ':')
		long := b.longNumbers && j-i >= 5 && (i == start || joint(b.value[i-1])) && (j == end || joint(b.value[j]))
		if !wordAt(b.value, j) && (beside || free || part || long || member) && !placeholderAt(b.value, i) {
			b.replace(i, j, Number)
		}
		i = j
	}
}

// indexed tells whether the number at i counts what the one word before it names: the orders-7 of a message.
func (b *builder) indexed(i int) bool {
	if i < 2 || b.value[i-1] != '-' {
		return false
	}
	start := i - 1
	for start > 0 && letterAt(b.value, start-1) {
		start--
	}
	return start < i-1 && (start == 0 || gap(b.value[start-1])) && !standard(b.value[start:i-1])
}

func digitAt(v string, i int) bool { return i >= 0 && i < len(v) && v[i] >= '0' && v[i] <= '9' }

func wordAt(v string, i int) bool { return digitAt(v, i) || letterAt(v, i) && v[i] != '_' }

// joint tells whether the byte joins parts of a name.
func joint(b byte) bool { return b == '-' || b == '_' || b == ':' || b == '.' || b == '/' }

// gap tells whether the byte separates words of text.
func gap(b byte) bool {
	switch b {
	case ' ', ',', ';', ':', '=', '(', ')', '[', ']', '"', '\'', '#', '.':
		return true
	}
	return false
}

// placeholderAt tells whether i lies inside braces or angle brackets without spaces.
func placeholderAt(v string, i int) bool {
	for j := i - 1; j >= 0 && i-j < 24; j-- {
		switch v[j] {
		case '{', '<':
			return true
		case '}', '>', ' ', '/':
			return false
		}
	}
	return false
}
