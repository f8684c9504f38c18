package rules

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxPattern is the most bytes a pattern may have; RE2 keeps the time of matching linear in that.
const maxPattern = 1024

// Pattern matches whole strings. It is a glob, in which * stands for any characters and ? for exactly one, or a RE2
// expression between slashes.
type Pattern struct {
	text   string
	glob   bool           // else text is taken literally
	regexp *regexp.Regexp // nil: no expression
}

// ParsePattern compiles a glob or a /regexp/.
func ParsePattern(text string) (Pattern, error) {
	switch {
	case text == "":
		return Pattern{}, errors.New(`must not be empty (allowed: a glob such as "flink.task.*" or a /regexp/)`)
	case len(text) > maxPattern:
		return Pattern{}, fmt.Errorf("pattern has %d bytes, allowed are %d", len(text), maxPattern)
	case text[0] == '/':
		return parseRegexp(text)
	}
	return Pattern{text: text, glob: strings.ContainsAny(text, "*?")}, nil
}

func parseRegexp(text string) (Pattern, error) {
	inner, closed := strings.CutSuffix(text[1:], "/")
	if !closed {
		return Pattern{}, fmt.Errorf("%q begins with / and does not end with it (allowed: /regexp/; lists in brackets)", text)
	}
	// By itself first: an unbalanced parenthesis must not close the one around it.
	compiled, err := regexp.Compile(inner)
	if err == nil {
		compiled, err = regexp.Compile(`\A(?s:` + inner + `)\z`)
	}
	if err != nil {
		return Pattern{}, fmt.Errorf("%q is no RE2 expression: %w", text, err)
	}
	return Pattern{text: text, regexp: compiled}, nil
}

// Match tells whether the whole of s matches.
func (p *Pattern) Match(s string) bool {
	switch {
	case p.regexp != nil:
		return p.regexp.MatchString(s)
	case p.glob:
		return matchGlob(p.text, s)
	default:
		return p.text == s
	}
}

// literal tells whether the pattern matches its own text only.
func (p *Pattern) literal() bool { return p.regexp == nil && !p.glob }

// matchGlob goes back to the last star only, which is enough, so it takes at most len(glob)*len(s) steps.
func matchGlob(glob, s string) bool {
	g, i := 0, 0
	star, resume := -1, 0
	for i < len(s) {
		_, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case g < len(glob) && glob[g] == '*':
			star, resume = g, i
			g++
		case g < len(glob) && glob[g] == '?':
			g, i = g+1, i+size
		case g < len(glob) && glob[g] == s[i]:
			g, i = g+1, i+1
		case star >= 0:
			_, size = utf8.DecodeRuneInString(s[resume:])
			resume += size
			g, i = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(glob[g:], "*") == ""
}

// List matches what any of its patterns matches.
type List []Pattern

// ParseList compiles patterns; faults are named with path and index.
func ParseList(path string, texts []string) (List, error) {
	var (
		list   List
		faults []error
	)
	for i, text := range texts {
		pattern, err := ParsePattern(text)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s[%d]: %w", path, i, err))
		} else if slices.Contains(texts[:i], text) {
			faults = append(faults, fmt.Errorf("%s[%d]: %q is listed twice", path, i, text))
		}
		list = append(list, pattern)
	}
	return list, errors.Join(faults...)
}

// Match tells whether any pattern matches s.
func (l List) Match(s string) bool {
	for i := range l {
		if l[i].Match(s) {
			return true
		}
	}
	return false
}

// matchKey matches an attribute key. A pattern that is just job or instance means what Prometheus calls so, too; a
// glob does not: `job*` is written with job_id in mind.
func (l List) matchKey(key string) bool {
	if l.Match(key) {
		return true
	}
	alias := aliasOf(key)
	return alias != "" && slices.ContainsFunc(l, func(p Pattern) bool { return p.literal() && p.text == alias })
}

// names tells whether a pattern is just that key.
func (l List) names(key string) bool {
	return slices.ContainsFunc(l, func(p Pattern) bool { return p.literal() && p.text == key })
}

func aliasOf(key string) string {
	switch key {
	case "service.name":
		return "job"
	case "service.instance.id":
		return "instance"
	}
	return ""
}
