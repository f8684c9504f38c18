package detect

import (
	"slices"
	"strings"
)

// Span is a part value[Start:End] of a value and what it is. Spans of one Scan are in order and do not overlap.
type Span struct {
	Start, End int
	Kind       Kind
}

// Whole tells whether the span is all of a value of this length.
func (s Span) Whole(length int) bool { return s.Start == 0 && s.End == length }

// Redact returns value with every span whose kind is in kinds replaced by its placeholder; value itself when there is none.
func Redact(value string, spans []Span, kinds Set) string {
	if !slices.ContainsFunc(spans, func(s Span) bool { return kinds.Has(s.Kind) }) {
		return value
	}
	var out strings.Builder
	out.Grow(len(value))
	at := 0
	for _, s := range spans {
		if !kinds.Has(s.Kind) {
			continue
		}
		out.WriteString(value[at:s.Start])
		out.WriteString(s.Kind.Placeholder())
		at = s.End
	}
	out.WriteString(value[at:])
	return out.String()
}

// arrange puts spans in order of their starts. They are few, and nearly in order already.
func arrange(spans []Span) {
	if len(spans) > 32 {
		slices.SortFunc(spans, func(a, b Span) int { return a.Start - b.Start })
		return
	}
	for i := 1; i < len(spans); i++ {
		for j := i; j > 0 && spans[j].Start < spans[j-1].Start; j-- {
			spans[j], spans[j-1] = spans[j-1], spans[j]
		}
	}
}
