package template

import (
	"strings"

	sqllexer "github.com/DataDog/go-sqllexer"
)

// normalizer drops comments and aliases, which clients generate, and puts lists of literals into one.
var normalizer = sqllexer.NewNormalizer(sqllexer.WithCollectComments(false))

var obfuscator = sqllexer.NewObfuscator(sqllexer.WithDollarQuotedFunc(true), sqllexer.WithReplaceNull(false))

// literals returns the statement with ? for its literals, normalised; a statement without literals byte for byte.
func literals(statement string) string {
	if !hasLiteral(statement) {
		return statement
	}
	dialect := dialectOf(statement)
	if dialect == "" {
		if text, ok := plainStatement(statement); ok {
			return text
		}
	}
	return lexed(statement, dialect)
}

// lexed is literals with the lexer.
func lexed(statement string, dialect sqllexer.DBMSType) string {
	text, _, err := sqllexer.ObfuscateAndNormalize(statement, obfuscator, normalizer, sqllexer.WithDBMS(dialect))
	if err != nil {
		return obfuscator.Obfuscate(statement, sqllexer.WithDBMS(dialect))
	}
	return text
}

// dialectOf guesses the dialect from the quotes only one of them has.
func dialectOf(statement string) sqllexer.DBMSType {
	if i := strings.IndexByte(statement, '['); i >= 0 && letterAt(statement, i+1) && !wordAt(statement, i-1) {
		return sqllexer.DBMSSQLServer
	}
	if strings.IndexByte(statement, '`') >= 0 {
		return sqllexer.DBMSMySQL
	}
	return ""
}

// hasLiteral tells whether a string or number stands in the statement, outside of quoted names, or in a comment that may hold ever new
// values. Digits of names and parameters ($1, :2, @p3) are none.
func hasLiteral(statement string) bool {
	for i := 0; i < len(statement); i++ {
		if !mayBegin[statement[i]] {
			continue
		}
		switch b := statement[i]; {
		case b == '\'':
			return true
		case b == '"' || b == '`':
			i = after(statement, i+1, string(b))
		case i+1 < len(statement) && (b == '-' && statement[i+1] == '-' || b == '/' && statement[i+1] == '*'):
			end := "*/"
			if b == '-' {
				end = "\n"
			}
			start := i + 2
			if i = after(statement, start, end); strings.ContainsAny(statement[start:min(i, len(statement))], "0123456789'=") {
				return true // sqlcommenter's traceparent and the like
			}
		case digitAt(statement, i) && !wordAt(statement, i-1):
			if i == 0 || !strings.ContainsRune("_$:@", rune(statement[i-1])) {
				return true
			}
		}
	}
	return false
}

// mayBegin holds what a literal, a quoted name or a comment begins with.
var mayBegin = func() (table [256]bool) {
	for _, b := range []byte("'\"`-/0123456789") {
		table[b] = true
	}
	return table
}()

// after is where the next mark from i on ends, less one; the last byte when there is none.
func after(statement string, i int, mark string) int {
	if j := strings.Index(statement[i:], mark); j >= 0 {
		return i + j + len(mark) - 1
	}
	return len(statement)
}
