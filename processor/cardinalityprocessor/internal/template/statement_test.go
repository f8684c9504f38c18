package template

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var statements = []string{
	"SELECT * FROM orders WHERE id = 12345;",
	"INSERT INTO logs (a, b) VALUES (18817, 'it''s', -1.5e-3, f(2)), (+.5, NULL);",
	"select o.id, key.id, COUNT(*) AS n, x as y from t1 AS t where t.a<=5 and b!=? or c = ? limit 10 offset ?",
	"WITH x AS (SELECT 1) UPDATE p SET p.a = p.a*1.1, b = a-1, c = 'cut",
	"SELECT CASE WHEN a IN (?, ?, 3) THEN 'x' ELSE (1, a, 2, b) END AS end, b AS \"q\" FROM t AS select",
	"SELECT EXTRACT(epoch FROM x), extract (day from 'y'), 0x1f, 017, 09, 1abc, a->'b', a ->> 'c' /* 1 */ -- 2",
	"DELETE FROM t . x WHERE a. = 1 AND set.b = as AND as(1) || 'b' %5 / 2 ;;",
	"SET @x = a->'b'->>c, d=@y AS @z, e<@f @@g @1ü", "(SELECT 1) UNION (SELECT 2)", "EXPLAIN (1, (2, 3), 4) as", "CREATE TABLE a AS VALUES (1)", "SELECT a::int, 'b'::c AS d, e:f::g, (h & 1)^~2 INTO :x, :y AS:z, @v := @v+1",
	`SELECT "o"."id", "as", x AS "y", "a-b" FROM "Sales" . "Orders" WHERE "o"."day" = 'x' AND a."b"."1"=3`,
	"USE a?b?|c 1.e+e.5 'a\\'b' 'ü'",
}

// What is read without the lexer comes out as the lexer writes it.
func TestPlainStatementsAreWhatTheLexerMakesOfThem(t *testing.T) {
	parts := strings.SplitAfter(strings.Join(statements, " "), " ")
	const marks = "'(),;.=<>+-*/?|% 0x9e\"ASas\n\\_[`$:@#&^~"
	r := rand.New(rand.NewPCG(5, 6))
	plain := 0
	for range 50_000 {
		var b strings.Builder
		for range 1 + r.IntN(9) {
			if r.IntN(4) == 0 {
				b.WriteByte(marks[r.IntN(len(marks))])
			} else {
				b.WriteString(parts[r.IntN(len(parts))])
			}
		}
		if sameAsLexer(t, b.String()) {
			plain++
		}
	}
	assert.Greater(t, plain, 10_000, "of the statements")
}

func FuzzPlainStatement(f *testing.F) {
	for _, text := range statements {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { sameAsLexer(t, text) })
}

func sameAsLexer(t *testing.T, text string) bool {
	t.Helper()
	if dialectOf(text) != "" {
		return false
	}
	got, ok := plainStatement(text)
	if ok {
		require.Equal(t, lexed(text, ""), got, "%q", text)
	}
	return ok
}
