package detect

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed tokens.txt
var tokenForms string

// knownTokens are the forms of tokens.txt.
var knownTokens = func() *tokenTable {
	table, err := readTokens(tokenForms)
	if err != nil {
		panic(err) // the file is part of the program, and its test reads it
	}
	return table
}()

// tokenTable finds the forms that may stand at a word.
type tokenTable struct {
	byPair  [128 * 128]uint8 // of the first two bytes of those that begin with text: their place in lists, 0 for none
	lists   [][]*pattern
	leading []*pattern // those that begin with a class, which ends with the word
	behind  [256]bool  // what follows that class
	vendors map[string][]*pattern
}

// pattern is one form: parts one after the other.
type pattern struct {
	parts []part
}

// part is text, or low to high characters of an alphabet.
type part struct {
	text      string
	alphabet  *[256]bool
	low, high int
}

// alphabets are the classes of tokens.txt by their letter.
var alphabets = func() map[byte]*[256]bool {
	const digits, small, capital = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	all := map[byte]*[256]bool{}
	for name, members := range map[byte]string{
		'd': digits, 'x': digits + "abcdef", 'X': digits + "abcdefABCDEF", 'u': digits + capital, 'l': digits + small,
		'c': small + capital, 'a': digits + small + capital, 'w': digits + small + capital + "_",
		's': digits + small + capital + "_-", 'q': digits + small + capital + "_-=.", 'b': digits + small + capital + "+/=",
		'p': digits + small + capital + "]^_`[\\",
	} {
		table := new([256]bool)
		for _, b := range []byte(members) {
			table[b] = true
		}
		all[name] = table
	}
	return all
}()

// readTokens compiles the lines of tokens.txt.
func readTokens(text string) (*tokenTable, error) {
	table := &tokenTable{vendors: map[string][]*pattern{}, lists: make([][]*pattern, 1)}
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		vendor, form, named := strings.Cut(line, " ")
		if !named || vendor[0] != '@' {
			form, named = line, false
		}
		p, err := parsePattern(form)
		if err != nil {
			return nil, fmt.Errorf("tokens.txt:%d: %w", number+1, err)
		}
		switch first := p.parts[0].text; {
		case named:
			table.vendors[vendor[1:]] = append(table.vendors[vendor[1:]], p)
		case first == "":
			table.leading = append(table.leading, p)
			table.behind[p.parts[1].text[0]] = true
		default:
			table.add(first, p)
		}
	}
	return table, nil
}

// add files a pattern under its first two bytes.
func (t *tokenTable) add(first string, p *pattern) {
	at := &t.byPair[pair(first, 0)]
	if *at == 0 {
		*at = uint8(len(t.lists))
		t.lists = append(t.lists, nil)
	}
	t.lists[*at] = append(t.lists[*at], p)
}

// pair is the place of two bytes in byPair.
func pair(v string, i int) int {
	return int(v[i]&0x7f)<<7 | int(byteAt(v, i+1)&0x7f)
}

func parsePattern(form string) (*pattern, error) {
	p := &pattern{}
	for form != "" {
		text, rest, class := strings.Cut(form, "<")
		if text != "" {
			p.parts = append(p.parts, part{text: text})
		}
		if !class {
			break
		}
		inside, after, closed := strings.Cut(rest, ">")
		if !closed || inside == "" || alphabets[inside[0]] == nil {
			return nil, fmt.Errorf("form %q: a class is <letter low-high>", form)
		}
		low, high, ranged := strings.Cut(inside[1:], "-")
		if !ranged {
			high = low
		}
		from, err := strconv.Atoi(low)
		to, err2 := strconv.Atoi(high)
		if err != nil || err2 != nil || from > to {
			return nil, fmt.Errorf("form %q: %q are not two numbers in order", form, inside[1:])
		}
		p.parts = append(p.parts, part{alphabet: alphabets[inside[0]], low: from, high: to})
		form = after
	}
	if len(p.parts) == 0 {
		return nil, fmt.Errorf("an empty form")
	}
	return p, nil
}

// match returns where the form ends when it stands at i, else 0. Classes take as many characters as they can; no form of the file
// needs fewer.
func (p *pattern) match(v string, i int) int {
	for k := range p.parts {
		part := &p.parts[k]
		if part.alphabet == nil {
			if !strings.HasPrefix(v[i:], part.text) {
				return 0
			}
			i += len(part.text)
			continue
		}
		n := 0
		for n < part.high && i+n < len(v) && part.alphabet[v[i+n]] {
			n++
		}
		if n < part.low {
			return 0
		}
		i += n
	}
	return i
}

// at returns the end of the token that begins with the word, else 0. What follows must not be a letter or digit.
func (t *tokenTable) at(v string, w word) int {
	if b := byteAt(v, w.start-1); b == '_' || b == '-' {
		return 0
	}
	for _, p := range t.lists[t.byPair[pair(v, w.start)]] {
		if end := p.match(v, w.start); end > 0 && !is(v, end, alnum) {
			return end
		}
	}
	if w.end == len(v) || w.len() < 6 || w.len() > 14 || !t.behind[v[w.end]] {
		return 0
	}
	for _, p := range t.leading {
		if p.parts[1].text[0] != v[w.end] || w.len() < p.parts[0].low || w.len() > p.parts[0].high {
			continue
		}
		if end := p.match(v, w.start); end > 0 && !is(v, end, alnum) {
			return end
		}
	}
	return 0
}

// vendorsOf returns the forms whose vendor the key names, in one word or two.
func (t *tokenTable) vendorsOf(key string) []*pattern {
	parts := splitKey(key)
	var found []*pattern
	for i, part := range parts {
		found = append(found, t.vendors[part]...)
		if i > 0 {
			found = append(found, t.vendors[parts[i-1]+part]...)
		}
	}
	return found
}

// jwtAt reads a JSON web token (RFC 7519, compact form of RFC 7515): base64url of `{"...` twice, and a signature, which may be empty.
func jwtAt(v string, w word) int {
	if !strings.HasPrefix(v[w.start:], "eyJ") {
		return 0
	}
	end, dots, body := w.start, 0, 0
	for end < len(v) && (classOf[v[end]]&(alnum|dash) != 0 || v[end] == '_' || v[end] == '.' && dots < 4) {
		if v[end] == '.' {
			if body < 10 && dots < 2 {
				break
			}
			dots++
			body = -1
		}
		body++
		end++
	}
	if dots < 2 {
		return 0
	}
	return end
}
