package cardinalityprocessor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap/zapcore"

	"weir.example/processor/cardinalityprocessor/internal/rules"
)

const (
	dropInput = "rules: [{labels: [input], action: drop}]\n"
	dropBoth  = "keep: [env]\nrules:\n  - {labels: [input, zone], action: drop}\n"
)

// zoned is a call with a point of an input in a zone.
func zoned(input, zone string, value float64, at time.Time) pmetric.Metrics {
	md := pointOf("requests", input, value, at.UnixNano(), 1)
	md.ResourceMetrics().At(0).Resource().Attributes().PutStr("zone", zone)
	return md
}

// watching returns a site whose rules stand in the file; dir is empty for no storage.
func watching(t testing.TB, file, dir string) *site {
	cfg := mergingConfig(dir)
	cfg.Rules, cfg.RulesFile = nil, file
	return start(t, cfg, dir)
}

// inForce returns the rules that are followed now.
func inForce(s *site) *rules.Set {
	s.core.mu.Lock()
	defer s.core.mu.Unlock()
	return s.walker.rules
}

func write(t testing.TB, file, text string) {
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
}

func TestOtherRulesOpenOtherOutputsWithoutAJumpOrALoss(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "rules.yaml")
	synctest.Test(t, func(t *testing.T) {
		write(t, file, dropInput)
		s := watching(t, file, dir)
		give := func(a, b, c float64) {
			for i, value := range []float64{a, b, c} {
				md := zoned(string(rune('a'+i)), []string{"x", "x", "y"}[i], value, time.Now())
				require.NoError(t, s.ConsumeMetrics(t.Context(), md))
			}
		}
		give(10, 20, 30)
		time.Sleep(15*time.Second + time.Millisecond)
		_, taken := s.sink.all()
		require.Len(t, taken, 2)
		assert.ElementsMatch(t, []float64{30, 30}, []float64{taken[0].value, taken[1].value})

		write(t, file, dropBoth)
		time.Sleep(rulesPoll)
		give(11, 22, 33)
		time.Sleep(15 * time.Second)
		_, taken = s.sink.all()
		var total float64
		for _, point := range taken[2:] {
			if !point.stale {
				total += point.value
			}
		}
		require.Equal(t, 6.0, total, "increments from the last values on, in one output: %v", taken[2:])
		require.Equal(t, int64(1), counters(t, s.telemetry)["rules_reloads{outcome=in_force}"])
		s.end(t)
	})
}

func TestABadFileLeavesTheRulesAndWarnsOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules.yaml")
	synctest.Test(t, func(t *testing.T) {
		write(t, file, dropInput)
		s := watching(t, file, "")
		before := inForce(s)
		warnings := func() int { return s.logs.FilterLevelExact(zapcore.WarnLevel).Len() }
		for i, bad := range []string{"", "rules: [{labels: [x], action: delete}]", "rule: []", "[1, 2]", "\tx", strings.Repeat("#", maxRulesFile+1)} {
			write(t, file, bad)
			time.Sleep(3 * rulesPoll)
			synctest.Wait()
			require.Equal(t, i+1, warnings(), bad)
			require.Same(t, before, inForce(s))
		}
		require.NoError(t, os.Remove(file))
		time.Sleep(3 * rulesPoll)
		synctest.Wait()
		require.Equal(t, 7, warnings(), "a file that is gone")
		write(t, file, dropInput)
		time.Sleep(2 * rulesPoll)
		synctest.Wait()
		require.Same(t, before, inForce(s), "the same content again")
		counted := counters(t, s.telemetry)
		require.Equal(t, int64(7), counted["rules_reloads{outcome=refused}"])
		s.end(t)
	})
}

// TestASwappedLinkIsAChange: a ConfigMap is a directory of links to ..data, which is a link that is renamed over.
func TestASwappedLinkIsAChange(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		for _, version := range []string{"1", "2"} {
			require.NoError(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		}
		write(t, filepath.Join(dir, "1", "rules.yaml"), dropInput)
		write(t, filepath.Join(dir, "2", "rules.yaml"), dropBoth)
		require.NoError(t, os.Symlink("1", filepath.Join(dir, "..data")))
		require.NoError(t, os.Symlink("..data/rules.yaml", filepath.Join(dir, "rules.yaml")))
		s := watching(t, filepath.Join(dir, "rules.yaml"), "")
		before := inForce(s)
		require.NoError(t, os.Symlink("2", filepath.Join(dir, "..new")))
		require.NoError(t, os.Rename(filepath.Join(dir, "..new"), filepath.Join(dir, "..data")))
		time.Sleep(rulesPoll + time.Millisecond)
		synctest.Wait()
		require.NotSame(t, before, inForce(s))
		s.end(t)
	})
}

func TestRulesThatSupersedeOtherLabelsMakeOldStartsProveNothing(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, mergingConfig(dir), dir)
		s.give(t, "a", 100)
		time.Sleep(16 * time.Second)
		require.Equal(t, 100.0, s.sink.last(t).value)
		s.end(t)

		cfg := mergingConfig(dir)
		cfg.Rules = append([]rules.Rule{{Labels: []string{"attempt"}, Action: rules.Supersede}}, cfg.Rules...)
		for _, joiner := range []string{"b", "c"} {
			s = start(t, cfg, dir)
			old := pcommon.NewTimestampFromTime(time.Now().Add(-time.Second))
			require.NoError(t, s.ConsumeMetrics(t.Context(), pointOf("requests", joiner, 50, time.Now().UnixNano(), old)))
			time.Sleep(15 * time.Second)
			s.give(t, "a", 100)
			require.NoError(t, s.ConsumeMetrics(t.Context(), pointOf("requests", joiner, 51, time.Now().UnixNano(), old)))
			time.Sleep(15 * time.Second)
			if joiner == "b" {
				require.Equal(t, 101.0, s.sink.last(t).value, "its first 50 may have been counted under another name")
			} else {
				require.Equal(t, 152.0, s.sink.last(t).value, "the rules are those of the life before")
			}
			s.end(t)
		}
	})
}

func TestRulesFilesThatAreRefusedAtTheStart(t *testing.T) {
	dir := t.TempDir()
	tests := map[string]struct {
		text, want string
	}{
		"unknown key": {"rule: []", `rule: unknown key, did you mean "rules"? (allowed here: keep, rules)`},
		"no YAML map": {"[]", "must be YAML with the keys keep and rules"},
		"a bad rule":  {"rules: [{labels: [a], action: x}]", "rules[0].action: must be redact, template, keep, "},
		"empty":       {" \n", `must not be empty (allowed: "rules: []" for none)`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			cfg.RulesFile = filepath.Join(dir, "rules.yaml")
			write(t, cfg.RulesFile, test.text)
			require.ErrorContains(t, cfg.Validate(), test.want)
			require.ErrorContains(t, cfg.Validate(), "rules_file: ")
		})
	}
	cfg := mergingConfig("")
	cfg.RulesFile = filepath.Join(dir, "none.yaml")
	require.EqualError(t, cfg.Validate(), "rules_file: rules is set too (allowed: one of them)")
	cfg.Rules = nil
	require.EqualError(t, cfg.Validate(), `rules_file: cannot read "`+cfg.RulesFile+`": no such file or directory`)
}
