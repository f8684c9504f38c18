package template

import "strings"

// Form is the make of a value, which decides how it is taken apart.
type Form uint8

// The forms.
const (
	Text    Form = iota // nothing known: only identifiers that were recognised are replaced
	Route               // path of a URL, with or without query
	URL                 // with scheme and authority
	File                // path in a file system
	Keyed               // parts joined by colons, as keys of caches are
	Message             // free text with spaces
	SQL
	Request // method and path, as servers name spans
)

// keyForms maps words of label keys to the form of their values.
var keyForms = map[string]Form{
	"path": Route, "uri": Route, "url": Route, "route": Route, "target": Route, "endpoint": Route, "handler": Route, "href": Route,
	"referer": Route, "referrer": Route, "link": Route, "location": Route, "page": Route,
	"file": File, "filename": File, "filepath": File, "directory": File, "dir": File, "folder": File, "cgroup": File,
	"cache": Keyed, "redis": Keyed, "lock": Keyed, "key": Keyed,
	"message": Message, "msg": Message, "exception": Message, "reason": Message, "description": Message, "body": Message,
	"detail": Message, "details": Message, "log": Message, "error": Message,
	"sql": SQL, "query": SQL, "statement": SQL,
}

// Describe returns the form of a label's value: SQL and paths show themselves, the rest is decided by what the key promises.
func Describe(byKey Form, value string) Form {
	switch {
	case value == "":
		return Text
	case looksLikeSQL(value, byKey == SQL):
		return SQL
	case schemed(value):
		return URL
	case requestPath(value) > 0:
		return Request
	case value[0] == '/' && byKey == File:
		return File
	case value[0] == '/' && byKey != Text:
		return Route
	case value[0] == '/' && strings.Count(value, "/") > 1 && systemPath(value):
		return File
	case value[0] == '/':
		return Route
	case byKey == File && strings.ContainsAny(value, "/\\"):
		return File
	case byKey == Keyed && strings.Contains(value, ":"):
		return Keyed
	case byKey == Message && strings.Count(value, " ") >= 2:
		return Message
	}
	return Text
}

// schemed tells whether "://" stands in the value. Most values have no colon.
func schemed(value string) bool {
	i := strings.IndexByte(value, ':')
	return i >= 0 && strings.Contains(value[i:], "://")
}

// requestPath returns where the path begins in `GET /users/42`, 0 when the value is something else.
func requestPath(value string) int {
	if value[0] < 'C' || value[0] > 'T' {
		return 0
	}
	method, path, ok := strings.Cut(value, " ")
	if !ok || !strings.HasPrefix(path, "/") || strings.Contains(path, " ") {
		return 0
	}
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "HTTP":
		return len(method) + 1
	}
	return 0
}

// Promised reads the form of values off the words of their key. "file" decides over "path".
func Promised(key string) Form {
	found := Text
	start := 0
	for i := 0; i <= len(key); i++ {
		if i < len(key) && (key[i]|0x20 >= 'a' && key[i]|0x20 <= 'z') && !(i > start && key[i] < 'a' && key[i-1] >= 'a') {
			continue
		}
		if i > start {
			var lower [16]byte
			word := lower[:min(i-start, len(lower))]
			for j := range word {
				word[j] = key[start+j] | 0x20
			}
			if form, ok := keyForms[string(word)]; ok && found != File && (found == Text || form == File || form == Message) {
				found = form
			}
		}
		start = i
		if i < len(key) && (key[i]|0x20 < 'a' || key[i]|0x20 > 'z') {
			start = i + 1
		}
	}
	return found
}

// systemPath tells whether the path begins at a top directory of the Filesystem Hierarchy Standard.
func systemPath(value string) bool {
	top, _, _ := strings.Cut(value[1:], "/")
	switch top {
	case "bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys",
		"tmp", "usr", "var", "data", "Users", "Library", "Applications", "private", "nix":
		return true
	}
	return false
}

var verbs = map[string]string{
	"select": "from", "insert": "into", "update": "set", "delete": "from", "with": "as", "merge": "into", "create": "", "alter": "",
	"drop": "", "truncate": "", "begin": "", "declare": "", "set": "", "call": "", "exec": "", "execute": "", "explain": "",
	"lock": "", "grant": "", "revoke": "", "replace": "into", "copy": "", "if": "", "use": "", "show": "", "analyze": "",
}

// looksLikeSQL tells whether the value begins with a verb of SQL and, where the key does not promise SQL, goes on with the word that
// belongs to the verb.
func looksLikeSQL(value string, promised bool) bool {
	if len(value) < 8 || value[0] == '/' && value[1] != '*' {
		return false
	}
	n := 0
	for n < len(value) && n < 12 && (value[n]|0x20 >= 'a' && value[n]|0x20 <= 'z') {
		n++
	}
	if n < 2 || n > 8 || n == len(value) || value[n] != ' ' && value[n] != '\n' && value[n] != '\t' && value[n] != '[' && value[n] != '(' {
		return promised && (value[0] == '(' || strings.HasPrefix(value, "--") || strings.HasPrefix(value, "/*"))
	}
	var lower [8]byte
	for i := range n {
		lower[i] = value[i] | 0x20
	}
	partner, ok := verbs[string(lower[:n])]
	if !ok || promised {
		return ok
	}
	return partner != "" && containsWord(value[n:], partner)
}

// containsWord tells whether a word in lower case stands in the text, in any case, between characters that are no letters.
func containsWord(text, word string) bool {
	for i := 0; i+len(word) <= len(text); i++ {
		if text[i]|0x20 == word[0] && strings.EqualFold(text[i:i+len(word)], word) && !letterAt(text, i-1) && !letterAt(text, i+len(word)) {
			return true
		}
	}
	return false
}

func letterAt(text string, i int) bool {
	return i >= 0 && i < len(text) && (text[i]|0x20 >= 'a' && text[i]|0x20 <= 'z' || text[i] == '_')
}
