package detect

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testdata/golden.txt has a line per case: key, value with ⟦kind:...⟧ around the expected spans, joined by " | ". A line with '#' names
// what follows.
func TestGolden(t *testing.T) {
	file, err := os.Open("testdata/golden.txt")
	require.NoError(t, err)
	defer file.Close()
	d := New()
	title := ""
	covered := map[Kind]bool{}
	lines := bufio.NewScanner(file)
	for number := 1; lines.Scan(); number++ {
		line := lines.Text()
		if strings.HasPrefix(line, "# ") {
			title = line[2:]
		}
		if line == "" || line[0] == '#' {
			continue
		}
		key, expected, ok := strings.Cut(line, " | ")
		require.True(t, ok, "line %d: key | value", number)
		value := unmark(expected)
		spans := d.Scan(key, value, nil)
		assert.Equal(t, expected, mark(value, spans), "line %d (%s), key %q", number, title, key)
		for _, s := range spans {
			covered[s.Kind] = true
		}
	}
	require.NoError(t, lines.Err())
	for k := None + 1; k < kinds; k++ {
		assert.True(t, covered[k], "kind %s has no golden case", k)
	}
}

// mark writes the spans into the value as ⟦kind:text⟧.
func mark(value string, spans []Span) string {
	var out strings.Builder
	at := 0
	for _, s := range spans {
		out.WriteString(value[at:s.Start] + "⟦" + s.Kind.String() + ":" + value[s.Start:s.End] + "⟧")
		at = s.End
	}
	return out.String() + value[at:]
}

// unmark takes the marks out again.
func unmark(expected string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(expected, "⟦")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		inside, after, _ := strings.Cut(rest, "⟧")
		_, text, _ := strings.Cut(inside, ":")
		out.WriteString(text)
		expected = after
	}
}
