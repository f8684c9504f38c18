package detect

// scan is the state of one pass over a value.
type scan struct {
	*about
	tokens *tokenTable
	value  string
	shape  shape
	spans  []Span // the caller's, then what was found
	first  int    // where what was found begins
	padded bool   // there may be padded base64
}

// words goes over the value word by word and lets the scanners for the word's first character classes try. The first that
// accepts ends there, so their order is the order of certainty.
func (s *scan) words() {
	v := s.value
	marked, next := len(s.spans), s.first // spans[next:marked] are taken and lie ahead
	compound := 0                         // where the current run of letters, digits and '-' began
	floor := 0                            // where the last span ended
	for i := 0; i < len(v); {
		if next < marked && i >= s.spans[next].Start {
			i = max(i, s.spans[next].End)
			compound, floor = i, i
			next++
			continue
		}
		limit := len(v)
		if next < marked {
			limit = s.spans[next].Start
		}
		c := classOf[v[i]]
		if c&alnum == 0 {
			if c&(plus|colon) != 0 {
				if end, kind := s.punctuated(i, c); end > i && end <= limit {
					s.spans = append(s.spans, Span{i, end, kind})
					i, compound, floor = end, end, end
					continue
				}
			}
			if c != dash {
				compound = i + 1
			}
			i++
			continue
		}
		w := wordAt(v, i)
		if w.len() < shortest && s.ordinary(w) {
			i = w.end
			continue
		}
		start, end, kind := s.word(w, compound)
		if kind != None && end <= limit && start >= floor {
			s.spans = append(s.spans, Span{start, end, kind})
			i, compound, floor = end, end, end
			continue
		}
		i = w.end
	}
}

// punctuated tries what begins with punctuation.
func (s *scan) punctuated(i int, c class) (int, Kind) {
	switch {
	case c == plus && !s.has(bounded):
		if end := phoneAt(s.value, i); end > 0 {
			return end, Phone
		}
	case c == colon && byteAt(s.value, i+1) == ':' && !is(s.value, i-1, alnum):
		if end := ipv6At(s.value, i); end > 0 && !s.has(own) {
			return end, IPv6
		}
	}
	return 0, None
}

// word tries what begins with the word w, or ends with it in the compound that began at `compound`. It returns the span. The
// conditions only spare calls: a family of scanners is not asked about words that have the wrong make for all of it.
func (s *scan) word(w word, compound int) (start, end int, kind Kind) {
	v, i := s.value, w.start
	if w.len() == 8 && w.only(hexadec) {
		if end := uuidAt(v, i); end > 0 {
			return i, end, UUID
		}
	}
	if w.len() == 11 || w.len() == 35 {
		if start, end, kind := podUIDAt(v, w); end > 0 {
			return start, end, kind
		}
	}
	if end := s.tokens.at(v, w); end > 0 {
		return i, end, APIToken
	}
	if v[i] == 'e' {
		if end := jwtAt(v, w); end > 0 {
			return i, end, JWT
		}
	}
	if w.len() <= 4 || w.digits() >= 10 {
		if end, kind := s.timeAt(w); end > 0 && (kind != Date || !s.has(bounded|hardware)) { // versions and models may be dates
			return i, end, kind
		}
	}
	if w.len() <= 4 && w.only(hexadec) {
		if end, kind := s.networkAt(w); end > 0 {
			return i, end, kind
		}
	}
	if w.digits() > 0 {
		if end, kind := s.personalAt(w); end > 0 {
			return i, end, kind
		}
	}
	if w.len() == 5 || w.len() >= 8 && w.len() <= 10 {
		if start, end, kind := s.kubernetesAt(w, compound); end > 0 {
			return start, end, kind
		}
	}
	if start, end, kind := s.identifierAt(w); end > 0 {
		return start, end, kind
	}
	return 0, 0, None
}

// ordinary tells whether nothing begins or ends with a short word, for what stands beside it: most words leave here.
func (s *scan) ordinary(w word) bool {
	if w.digits() > 0 && w.len() > 6 || w.len() == 5 && byteAt(s.value, w.start-1) == '-' || w.len() == 11 && s.value[w.start:w.start+3] == "tmp" {
		return false
	}
	if w.end == len(s.value) {
		return true
	}
	next := s.value[w.end]
	if w.digits() > 0 { // times, cards and accounts go on behind spaces and slashes
		return next != ' ' && closes[next]
	}
	switch next {
	case '/':
		return s.shape.classes&assign == 0 // base64 ends with it
	case ',':
		return w.len() != 3 // a day of the week
	}
	return closes[next]
}

// closes holds what no recognised text has behind a part of letters alone.
var closes = bytesOf(" (){}[]<>|;\"'\n\t\r")

// bytesOf is the set of these bytes.
func bytesOf(members string) (table [256]bool) {
	for _, b := range []byte(members) {
		table[b] = true
	}
	return table
}
