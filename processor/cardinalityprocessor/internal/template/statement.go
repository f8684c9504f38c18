package template

import (
	"strings"
	"unicode/utf8"

	sqllexer "github.com/DataDog/go-sqllexer"
)

// statement normalizes the plain part of SQL to what go-sqllexer makes of it, at a fraction of the cost: names, numbers, strings,
// operators and parentheses. At comments, and where dialects differ, it gives up.
type statement struct {
	text string
	at   int // what of text is read
	out  strings.Builder
	last string // the token before; "?" for a literal
	as   string // the token before when it was an AS
	list bool   // in a list that began with a literal, of which only the first is written
}

// token is what a part of a statement is.
type token uint8

const (
	odd    token = iota // what is left to the lexer
	end                 // of the statement
	name                // or keyword
	quoted              // name, in quotes
	value               // number or string
	mark                // operator or punctuation
)

// The classes of bytes in a statement.
const (
	isSpace uint8 = 1 << iota
	isLetter
	isDigit
	isOperator
	isPunctuation
	isRest // goes on a name
)

var sqlBytes = func() (table [256]uint8) {
	for class, bytes := range map[uint8]string{
		isSpace: " \t\n\r", isDigit: "0123456789", isLetter: "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
		isOperator: "+-*/=<>!%|?@:&^~", isPunctuation: "(),;.:", isRest: ".?!@",
	} {
		for _, b := range []byte(bytes) {
			table[b] |= class
		}
	}
	return table
}()

// plainStatement returns the statement with ? for its literals; false where it gave up.
func plainStatement(text string) (string, bool) {
	s := statement{text: text}
	s.out.Grow(len(text) + len(text)/8) // what is written is longer by spaces and shorter by literals
	for {
		start, kind := s.next()
		word := s.text[start:s.at]
		switch {
		case kind == end:
			return strings.TrimSpace(strings.TrimSuffix(s.out.String(), ";")), true
		case kind == odd || s.last == "" && word == "(": // what stands in these may be a declaration of parameters
			return "", false
		case (kind == name || kind == quoted) && len(s.last) > 1 && s.last[len(s.last)-1] == '.':
			return "", false // one name in two parts
		case kind == value:
			word = "?"
		case word[0] == '"':
			word = strings.ReplaceAll(word, `"`, "")
		}
		s.write(start, word, kind)
		s.last = word
	}
}

func (s *statement) is(class uint8) bool {
	return s.at < len(s.text) && sqlBytes[s.text[s.at]]&class != 0
}

// skip goes on behind characters of the class.
func (s *statement) skip(class uint8) {
	at := s.at
	for at < len(s.text) && sqlBytes[s.text[at]]&class != 0 {
		at++
	}
	s.at = at
}

func (s *statement) byte() byte { return s.ahead(0) }

// ahead is the byte that many behind the next, 0 outside of the statement.
func (s *statement) ahead(n int) byte {
	if s.at+n >= len(s.text) {
		return 0
	}
	return s.text[s.at+n]
}

// next reads a token, text[start:at].
func (s *statement) next() (start int, kind token) {
	s.skip(isSpace)
	start = s.at
	if start == len(s.text) {
		return start, end
	}
	b := s.byte()
	signed := (b == '+' || b == '-') && (sqlBytes[s.ahead(1)]&isDigit != 0 || s.ahead(1) == '.')
	switch class := sqlBytes[b]; {
	case class&isLetter != 0:
		return start, s.name()
	case b == '\'':
		return start, s.literal()
	case b == '"':
		return start, s.inQuotes()
	case b == '@':
		return start, s.parameter()
	case class&isDigit != 0 || signed:
		return start, s.number()
	case b == '*' || class&(isPunctuation|isOperator) == isPunctuation:
		s.at++
		return start, mark
	case class&isOperator != 0:
		return start, s.operator()
	}
	return start, odd
}

// name reads a name with its qualifiers. A keyword ends at a dot, where a qualifier goes on.
func (s *statement) name() token {
	start := s.at
	s.skip(isLetter)
	if s.byte() == '.' && s.at > start+1 && !s.unreserved(start) {
		return name
	}
	s.skip(isLetter | isDigit | isRest)
	switch s.byte() {
	case '/', '"':
		return odd
	case '(':
		if strings.EqualFold(s.text[start:s.at], "extract") {
			return odd // its field is a literal
		}
	}
	return name
}

// inQuotes reads a name with its qualifiers, all in double quotes and of characters that need none. Behind AS such names differ.
func (s *statement) inQuotes() token {
	for s.as == "" && s.byte() == '"' {
		s.at++
		start := s.at
		s.skip(isLetter | isDigit)
		if s.at == start || s.byte() != '"' {
			return odd
		}
		s.at++
		if s.byte() != '.' || s.ahead(1) != '"' {
			return quoted
		}
		s.at++
	}
	return odd
}

// unreserved tells whether the lexer takes text[start:at] for a name and not for a keyword or function.
func (s *statement) unreserved(start int) bool {
	return sqllexer.New(s.text[start:min(s.at+1, len(s.text))]).Scan().Type == sqllexer.IDENT
}

// literal reads a string, up to the end of the statement if it was cut off.
func (s *statement) literal() token {
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.byte() {
		case '\\', 0:
			return odd
		case '\'':
			if s.ahead(1) != '\'' {
				s.at++
				return value
			}
			s.at++
		}
	}
	return value
}

// parameter reads a name behind one '@'.
func (s *statement) parameter() token {
	s.at++
	if !s.is(isLetter | isDigit) {
		return odd
	}
	s.skip(isLetter | isDigit)
	if s.byte() >= utf8.RuneSelf {
		return odd
	}
	return mark
}

// number reads a decimal number and its sign.
func (s *statement) number() token {
	if next := s.ahead(1); s.byte() == '0' && (next >= '0' && next <= '7' || next|0x20 == 'x') {
		return odd
	}
	for s.at++; s.at < len(s.text); s.at++ {
		switch b := s.byte(); {
		case b|0x20 == 'e':
			if next := s.ahead(1); next == '+' || next == '-' {
				s.at++
			}
		case b != '.' && sqlBytes[b]&isDigit == 0:
			return value
		}
	}
	return value
}

// operator reads one or more characters of operators, of those of JSON only the arrows.
func (s *statement) operator() token {
	switch b, next := s.byte(), s.ahead(1); {
	case b == '-' && next == '-', b == '/' && next == '*', b == '?' && (next == '|' || next == '&'), b == '<' && next == '@',
		b == ':' && sqlBytes[next]&isOperator == 0: // what a single colon joins, depends on what is before it
		return odd
	case b == '-' && next == '>':
		if s.at += 2; s.byte() == '>' {
			s.at++
		}
		return mark
	}
	for s.at++; s.is(isOperator) && (s.text[s.at-1] != '=' || s.byte() != '?' && s.byte() != '@'); s.at++ {
	}
	return mark
}

// write appends the token behind a space, but not the aliases of names nor all but the first literal of a list.
func (s *statement) write(start int, word string, kind token) {
	as := s.as
	s.as = ""
	if kind == name && len(word) == 2 && strings.EqualFold(word, "as") && (s.at == len(s.text) || s.is(isSpace|isPunctuation)) {
		s.as = word
		return
	}
	if as != "" {
		if kind == name && s.unreserved(start) {
			return
		}
		s.space(word)
		s.out.WriteString(as)
	}
	if s.listed(word) {
		return
	}
	s.space(word)
	s.out.WriteString(word)
}

func (s *statement) space(word string) {
	if word != "," && word != ";" {
		s.out.WriteByte(' ')
	}
}

// listed tells whether the token belongs to a list of literals of which the first is written already.
func (s *statement) listed(word string) bool {
	switch {
	case word == "?" && s.last == "(":
		s.list = true
	case !s.list:
	case word == "?" && s.last == ",", word == "," && s.last == "?":
		return true
	case word == ")":
		s.list = false
	case s.last == ",": // it was left out, for a literal might have followed
		s.out.WriteByte(',')
	}
	return false
}
