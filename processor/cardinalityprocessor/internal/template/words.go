package template

import (
	_ "embed"
	"strings"
)

//go:embed routewords.txt
var routeWordList string

// routeWords are the words that stand for themselves in the routes of public APIs.
var routeWords = func() map[string]bool {
	set := map[string]bool{}
	_, list, _ := strings.Cut(routeWordList, "\n")
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}()

// static tells whether a word of a path is rather a name in a route than the name of a thing: it is in the list, or made of words that
// are, or a version, or a file of a kind that servers ship.
func static(word string) bool {
	word = strings.ToLower(word)
	if routeWords[word] || word == "" {
		return true
	}
	if len(word) <= 3 && word[0] == 'v' && digitAt(word, 1) {
		return true
	}
	if unit(word) {
		return true
	}
	if i := strings.IndexAny(word, "_-."); i > 0 {
		return static(word[:i]) && (i+1 == len(word) || static(word[i+1:]))
	}
	return false
}

// unit tells whether the word is the name of a systemd unit, of which a machine has few: sshd.service, user.slice.
func unit(word string) bool {
	switch word[strings.LastIndexByte(word, '.')+1:] {
	case "service", "slice", "scope", "socket", "mount", "timer", "swap":
		return strings.IndexByte(word, '.') > 0
	}
	return false
}

// fixed are words that name the caller or the whole at a place where otherwise names of things stand.
var fixed = map[string]bool{"me": true, "self": true, "current": true, "all": true, "new": true, "search": true, "public": true, "latest": true}
