package template_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/template"
)

// cases reads testdata/golden.txt: key, value and template joined by " | "; a value without template is its own.
func cases(t testing.TB) [][3]string {
	file, err := os.Open("testdata/golden.txt")
	require.NoError(t, err)
	defer file.Close()
	var out [][3]string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		parts := strings.Split(line, " | ")
		require.GreaterOrEqual(t, len(parts), 2, line)
		c := [3]string{parts[0], parts[1], parts[1]}
		if len(parts) == 3 {
			c[2] = parts[2]
		}
		out = append(out, c)
	}
	return out
}

func makeTemplate(d *detect.Detector, key, value string) string {
	form := template.Describe(template.Promised(key), value)
	if form == template.SQL {
		return template.Make(form, value, nil)
	}
	return template.Make(form, value, d.Scan(key, value, nil))
}

func TestGolden(t *testing.T) {
	d := detect.New()
	for _, c := range cases(t) {
		got := makeTemplate(d, c[0], c[1])
		assert.Equal(t, c[2], got, "%s=%q", c[0], c[1])
		assert.Equal(t, got, makeTemplate(d, c[0], got), "a template is its own template: %s=%q", c[0], got)
	}
}

func FuzzMake(f *testing.F) {
	for _, c := range cases(f) {
		f.Add(c[0], c[1])
	}
	d := detect.New()
	f.Fuzz(func(t *testing.T, key, value string) {
		got := makeTemplate(d, key, value)
		if got == value {
			return
		}
		// No identifier that was found is left, wherever it was found.
		if form := template.Describe(template.Promised(key), value); form != template.SQL {
			for _, s := range d.Scan(key, value, nil) {
				if text := value[s.Start:s.End]; strings.Count(value, text) == 1 && len(text) > 8 {
					require.NotContains(t, got, text)
				}
			}
		}
	})
}

func BenchmarkMake(b *testing.B) {
	d := detect.New()
	for _, c := range [][2]string{
		{"path", "/users/4421/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV"},
		{"path", "/api/v1/query_range"},
		{"query", "SELECT * FROM orders WHERE id = 12345"},
		{"query", "SELECT * FROM orders WHERE id = ?"},
		{"message", "timeout after 27572 ms calling order 3dda41f2-6d53-4393-ad65-415ac33f4759"},
	} {
		b.Run(c[1], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				makeTemplate(d, c[0], c[1])
			}
		})
	}
}
