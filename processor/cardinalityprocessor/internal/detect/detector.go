package detect

import "hash/maphash"

// Detector finds what values are made of. It is safe for concurrent use.
type Detector struct {
	tokens *tokenTable
	keys   keyCache
}

// New returns a Detector with all kinds.
func New() *Detector {
	return &Detector{tokens: knownTokens, keys: keyCache{seed: maphash.MakeSeed()}}
}

// Scan appends to spans what it recognises in the value of a label: in order, without overlap, inside the value. The key
// decides where the value alone cannot; an empty key stands for text without one, such as a log body.
func (d *Detector) Scan(key, value string, spans []Span) []Span {
	return d.ScanFor(d.Key(key), value, spans)
}

// ScanFor is Scan for a key that was read before.
func (d *Detector) ScanFor(key Key, value string, spans []Span) []Span {
	if value == "" {
		return spans
	}
	a := key.about
	if value[0] == '-' && privateKey(value) {
		return append(spans, Span{0, len(value), Secret})
	}
	shape := measure(value)
	if whole, ok := wholeByKey(a, value, shape); ok {
		return append(spans, whole)
	}
	loose := a.has(pod) || shape.longest >= shortestTemp && temporary(value) // names of letters alone
	if shape.plain() && !loose {
		return spans
	}
	s := scan{about: a, tokens: d.tokens, value: value, shape: shape, spans: spans, first: len(spans)}
	s.padded = shape.classes&assign != 0 && padded(value)
	if shape.classes&(at|assign|percent) != 0 || shape.classes&colon != 0 && len(value) > 8 {
		s.marked()
	}
	if shape.classes&digit != 0 || shape.longest >= shortest || loose || shape.classes&colon != 0 && len(value) <= 64 {
		s.words()
	}
	arrange(s.spans[s.first:])
	return s.spans
}
