package rules

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/internal/cputime"
)

// nineRegexps are the list that people begin with, and the yardstick of cost.
var nineRegexps = func() []*regexp.Regexp {
	var out []*regexp.Regexp
	for _, pattern := range []string{
		`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`,
		`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`,
		`\b(?:\d{1,3}\.){3}\d{1,3}\b`,
		`\b(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}\b`,
		`\b\d{13,16}\b`,
		`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`,
		`\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?`,
		`\b[0-9a-fA-F]{16,}\b`,
		`\d{8,}`,
	} {
		out = append(out, regexp.MustCompile(pattern))
	}
	return out
}()

// What is measured, over the values of a corpus: the judgement of a value that is not remembered, a look at one that is, and
// their yardsticks.

func judgeAnew(p *Program) func(*gold) {
	return func(g *gold) {
		if c := p.course(g.key); c != nil {
			v := c.judge(p.set.reader, g.value, pcommon.Map{}, true)
			sink += uint64(len(v.value))
		}
	}
}

func replaceByRegexps(g *gold) {
	value := g.value
	for _, r := range nineRegexps {
		value = r.ReplaceAllString(value, "{x}")
	}
	sink += uint64(len(value))
}

func lookAgain(p *Program) func(*gold) {
	return func(g *gold) {
		if p.Touches(g.key, g.text) {
			sink++
		}
	}
}

func hashBoth(g *gold) { sink += xxhash.Sum64String(g.key) + xxhash.Sum64String(g.value) }

var sink uint64

// settled is a preset that has seen the rows, and remembers them.
func settled(t testing.TB, rows []gold) *Program {
	p := preset(t)
	for range 2 {
		for _, g := range rows {
			p.Touches(g.key, g.text)
		}
	}
	return p
}

// cheap is compare up to three times, until the ratio is within the limit: other work on the machine moves it by a third.
func cheap(limit float64, rows []gold, rounds, otherRounds int, this, other func(g *gold)) (ratio, fresh, yardstick float64) {
	for range 3 {
		if ratio, fresh, yardstick = compare(rows, rounds, otherRounds, this, other); ratio <= limit {
			break
		}
	}
	return ratio, fresh, yardstick
}

// compare returns the CPU time per row in nanoseconds of this and of the other, and the ratio of the two: the median of batches, for
// they follow each other closely, and what else the machine does slows both.
func compare(rows []gold, rounds, otherRounds int, this, other func(g *gold)) (ratio, fresh, yardstick float64) {
	var ratios []float64
	fresh, yardstick = math.Inf(1), math.Inf(1)
	for range 9 {
		a, b := batch(rows, rounds, this), batch(rows, otherRounds, other)
		fresh, yardstick = min(fresh, a), min(yardstick, b)
		ratios = append(ratios, a/b)
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2], fresh, yardstick
}

func batch(rows []gold, rounds int, each func(g *gold)) float64 {
	began := cputime.Spent()
	for range rounds {
		for i := range rows {
			each(&rows[i])
		}
	}
	return float64(cputime.Spent()-began) / float64(len(rows)*rounds)
}

// A new value shall cost a tenth of the nine regexps, a remembered one four times the hash of it. The limits that fail the test are
// wider, for it runs beside others.
func TestCost(t *testing.T) {
	const ofRegexps, ofHash = 0.16, 5.5
	if raceEnabled {
		return
	}
	rows := readGold(t, "testdata/labels.csv.gz")
	statement := func(g gold) bool { return strings.HasPrefix(g.class, "sql_") }
	others := slices.DeleteFunc(slices.Clone(rows), statement)
	statements := slices.DeleteFunc(slices.Clone(rows), func(g gold) bool { return !statement(g) })
	anew := judgeAnew(preset(t))
	ratios := map[string]float64{}
	for _, part := range []struct {
		name string
		rows []gold
	}{{"values that are no SQL", others}, {"SQL", statements}, {"all", rows}} {
		ratio, fresh, regexps := cheap(ofRegexps, part.rows, 8, 1, anew, replaceByRegexps)
		ratios[part.name] = ratio
		t.Logf("a new value, %s: %.0f ns, nine regexps %.0f ns: ratio %.3f", part.name, fresh, regexps, ratio)
	}
	ratio, known, hashed := cheap(ofHash, rows, 50, 100, lookAgain(settled(t, rows)), hashBoth)
	t.Logf("a remembered value: %.1f ns, xxhash of key and value %.1f ns: ratio %.2f (at most 4)", known, hashed, ratio)
	assert.LessOrEqual(t, ratios["values that are no SQL"], ofRegexps, "of the nine regexps")
	assert.LessOrEqual(t, ratios["all"], ofRegexps, "of the nine regexps")
	assert.LessOrEqual(t, ratio, ofHash, "times xxhash")
}

func TestARememberedDecisionAllocatesNothing(t *testing.T) {
	for _, value := range []string{"GET", "/users/42", "ana@corp.io", uuidA} {
		g := gold{key: "path", value: value, text: pcommon.NewValueStr(value)}
		p := settled(t, []gold{g})
		again, anew := lookAgain(p), judgeAnew(p)
		require.Zero(t, testing.AllocsPerRun(100, func() { again(&g) }), value)
		if value == "GET" && !raceEnabled {
			require.Zero(t, testing.AllocsPerRun(100, func() { anew(&g) }), "a new value that stays")
		}
	}
}
