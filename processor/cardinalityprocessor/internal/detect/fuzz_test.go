package detect

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever the key and value: no panic; spans lie inside the value, in order, and do not overlap; and what Redact leaves holds
// nothing sensitive that Scan would still find.
func FuzzScan(f *testing.F) {
	file, err := os.Open("testdata/golden.txt")
	require.NoError(f, err)
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if key, expected, ok := strings.Cut(lines.Text(), " | "); ok {
			f.Add(key, unmark(expected))
		}
	}
	d := New()
	f.Fuzz(func(t *testing.T, key, value string) {
		spans := d.Scan(key, value, nil)
		at := 0
		for _, s := range spans {
			require.GreaterOrEqual(t, s.Start, at)
			require.Greater(t, s.End, s.Start)
			require.LessOrEqual(t, s.End, len(value))
			require.NotEqual(t, None, s.Kind)
			at = s.End
		}
		clean := Redact(value, spans, Sensitive)
		for _, s := range d.Scan(key, clean, nil) {
			require.False(t, s.Kind.Sensitive(), "%q under %q became %q, where %s is found", value, key, clean, s.Kind)
		}
	})
}
