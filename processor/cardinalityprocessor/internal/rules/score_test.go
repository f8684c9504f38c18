package rules

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// gold is a line of a labelled corpus.
type gold struct {
	key, value, class string
	action            Action
	template, source  string
	text              pcommon.Value // value, as points have it
}

// readGold reads a corpus: label_key, label_value, class, expected_action, expected_template, source; gzipped or not.
func readGold(t testing.TB, name string) []gold {
	file, err := os.Open(name)
	require.NoError(t, err)
	defer file.Close()
	var in io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		in, err = gzip.NewReader(file)
		require.NoError(t, err)
	}
	rows, err := csv.NewReader(in).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"label_key", "label_value", "class", "expected_action", "expected_template", "source"}, rows[0])
	out := make([]gold, 0, len(rows)-1)
	for _, r := range rows[1:] {
		out = append(out, gold{r[0], r[1], r[2], Action(r[3]), r[4], r[5], pcommon.NewValueStr(r[1])})
	}
	return out
}

// ratio is hits of total; 0 of 0 is 0.
type ratio struct{ hits, total int }

func (r ratio) value() float64 {
	if r.total == 0 {
		return 0
	}
	return float64(r.hits) / float64(r.total)
}

func (r *ratio) count(hit bool) {
	r.total++
	if hit {
		r.hits++
	}
}

// retrieval is precision and recall.
type retrieval struct{ precision, recall ratio }

func (r *retrieval) count(expected, found bool) {
	if found {
		r.precision.count(expected)
	}
	if expected {
		r.recall.count(found)
	}
}

func (r retrieval) f1() float64 {
	p, q := r.precision.value(), r.recall.value()
	if p+q == 0 {
		return 0
	}
	return 2 * p * q / (p + q)
}

// score is how well decisions meet a corpus.
type score struct {
	detect      retrieval // anything but keep
	falseOnKeep ratio
	redact      retrieval
	redactTyped retrieval // without names and postal addresses, which only their keys give away
	action      ratio
	exact       ratio // templates equal after canonicalising
	grouping    ratio // template rows whose group holds the same rows as the expected one
	classes     map[string]*ratio
}

var unmarked = map[string]bool{"person_name": true, "postal_address": true, "address": true, "street_address": true}

// judge scores a decision for each row.
func judge(rows []gold, decisions []decision) score {
	s := score{classes: map[string]*ratio{}}
	expected, found := map[string][]int{}, map[string][]int{}
	for i, g := range rows {
		d := decisions[i]
		positive, acted := g.action != Keep, d.action != Keep
		s.detect.count(positive, acted)
		if !positive {
			s.falseOnKeep.count(acted)
		}
		s.redact.count(g.action == Redact, d.action == Redact)
		if !unmarked[g.class] {
			s.redactTyped.count(g.action == Redact, d.action == Redact)
		}
		s.action.count(g.action == d.action)
		name := string(g.action) + " " + g.class
		if s.classes[name] == nil {
			s.classes[name] = &ratio{}
		}
		s.classes[name].count(positive == acted)
		if g.action == Template {
			want, got := canonical(g.template), canonical(d.left)
			s.exact.count(want == got)
			expected[want] = append(expected[want], i)
			found[got] = append(found[got], i)
		}
	}
	for i, g := range rows {
		if g.action == Template {
			s.grouping.count(slices.Equal(expected[canonical(g.template)], found[canonical(decisions[i].left)]))
		}
	}
	return s
}

func (s score) String() string {
	return fmt.Sprintf("detect P=%.3f R=%.3f F1=%.3f FPR(keep)=%.3f | redact P=%.3f R=%.3f (without names and addresses P=%.3f R=%.3f) | action acc=%.3f | template EM=%.3f GA=%.3f",
		s.detect.precision.value(), s.detect.recall.value(), s.detect.f1(), s.falseOnKeep.value(),
		s.redact.precision.value(), s.redact.recall.value(), s.redactTyped.precision.value(), s.redactTyped.recall.value(),
		s.action.value(), s.exact.value(), s.grouping.value())
}

// worst lists the n classes with the fewest rows detected right, where there are errors.
func (s score) worst(n int) []string {
	var names []string
	for name, r := range s.classes {
		if r.hits < r.total {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if x, y := s.classes[a].value(), s.classes[b].value(); x != y {
			return int((x - y) * 1e6)
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d/%d", name, s.classes[name].hits, s.classes[name].total)
	}
	return names[:min(n, len(names))]
}

// The canonical form makes placeholders of different writers equal, and spacing.
var canonicalSteps = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`<[^<>=\s]{1,24}>`), "\x01"},
	{regexp.MustCompile(`\{[^{}\s]{1,24}\}`), "\x01"},
	{regexp.MustCompile(`[?*]+`), "\x01"},
	{regexp.MustCompile(`(^|[^\w:]):[a-z_]\w*(/|$)`), "$1\x01$2"},
	{regexp.MustCompile(`\s+`), " "},
	{regexp.MustCompile(`\s*([(),=<>+*/;.\[\]])\s*`), "$1"},
	{regexp.MustCompile("\x01(?:[ ,.:_-]*\x01)+"), "\x01"},
}

func canonical(template string) string {
	template = strings.ToLower(strings.TrimRight(strings.TrimSpace(template), ";"))
	for _, step := range canonicalSteps {
		template = step.pattern.ReplaceAllString(template, step.with)
	}
	return template
}
