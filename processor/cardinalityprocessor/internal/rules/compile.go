package rules

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/sanitize"
)

// compiled is a rule ready for use.
type compiled struct {
	name     string // or its path
	action   Action
	metrics  List // empty: all
	labels   List
	values   *sanitize.Values // nil: any
	resource []condition
	points   []condition
	value    func(string) string // of the actions that replace values
}

// readsValues tells whether what the rule does hangs on a value beyond what match says.
func (c *compiled) readsValues() bool {
	return c.values != nil || c.action == Redact || c.action == Template
}

// ofKinds tells whether the rule acts on whole values of some kinds only. No statement of SQL is one.
func (c *compiled) ofKinds() bool {
	return c.ends() && c.values != nil && len(c.values.Expressions) == 0
}

// ends tells whether no other rule is asked about a label that the rule acts on.
func (c *compiled) ends() bool { return c.action != Redact && c.action != Template }

// condition is one entry of match.
type condition struct {
	key     string
	pattern Pattern
}

// Source is what a Set is compiled from.
type Source struct {
	Rules []Rule
	// Keep lists labels that no rule but redact touches.
	Keep []string
	// Preset names rules below all others, "" for none.
	Preset string
	// AllowSensitive lists labels in which nothing is redacted.
	AllowSensitive []string
	// HashKey is the key of hash; without it a rule with hash is an error.
	HashKey []byte
	// Reader tells what values are made of, and keeps what it learned over many Sets. Nil: a new one without a miner.
	Reader *sanitize.Reader
}

// remember is how many decisions about values a Set remembers, of about 200 bytes each.
const remember = 1 << 16

// Set is a compiled list of rules. It is safe for concurrent use.
type Set struct {
	allow    List
	keep     List
	rules    []*compiled
	identity [sha256.Size]byte
	reader   *sanitize.Reader
	memory   *sanitize.Cache[verdict] // nil: no rule looks at values
	texts    *Set                     // for what is no metric
	alike    *TextProgram             // of every resource; nil: a rule looks at them, or there is none

	mu       sync.Mutex
	programs map[string]*Program // by the indices of their rules
	courses  atomic.Uint32       // that decisions are remembered of
}

// Compile checks and compiles rules. All faults are returned at once, each with the YAML path of its key.
func Compile(source Source) (*Set, error) {
	set := &Set{reader: source.Reader}
	if set.reader == nil {
		set.reader = sanitize.NewReader(detect.New(), nil)
	}
	var faults [5]error
	set.keep, faults[0] = ParseList("keep", source.Keep)
	set.rules, faults[1] = compileRules(source.Rules, source.HashKey)
	set.allow, faults[2] = ParseList("allow_sensitive", source.AllowSensitive)
	preset, forTexts, err := presetOf(source.Preset)
	faults[3] = err
	texts := set.forTexts(forTexts)
	below, err := compileRules(preset, nil)
	faults[4] = err
	if err := errors.Join(faults[:]...); err != nil {
		return nil, err
	}
	set.rules = append(set.rules, below...)
	set.identity = identityOf(source)
	set.finish()
	texts.finish()
	set.texts = texts
	if !slices.ContainsFunc(texts.rules, func(r *compiled) bool { return len(r.resource) > 0 }) {
		set.alike = set.TextProgram(pcommon.NewMap())
	}
	return set, nil
}

// forTexts returns the set for what is no metric, with these rules below those that can concern it.
func (s *Set) forTexts(preset []Rule) *Set {
	texts := &Set{keep: s.keep, allow: s.allow, reader: s.reader}
	for _, rule := range s.rules {
		if rule != nil && len(rule.metrics) == 0 && rule.action != Supersede && rule.action != DropSeries {
			texts.rules = append(texts.rules, rule)
		}
	}
	below, _ := compileRules(preset, nil)
	texts.rules = append(texts.rules, below...)
	return texts
}

// finish puts what redacts first, and makes room for decisions.
func (s *Set) finish() {
	s.programs = map[string]*Program{}
	slices.SortStableFunc(s.rules, func(a, b *compiled) int {
		return cmp.Compare(a.action.station(), b.action.station())
	})
	if slices.ContainsFunc(s.rules, (*compiled).readsValues) {
		s.memory = sanitize.NewCache[verdict](remember)
	}
}

// station is when the action has its turn.
func (a Action) station() int {
	if a == Redact {
		return 0
	}
	return 1
}

func compileRules(rules []Rule, hashKey []byte) (list []*compiled, err error) {
	var faults []error
	names := map[string]int{}
	for i := range rules {
		path := fmt.Sprintf("rules[%d]", i)
		if first, taken := names[rules[i].Name]; taken && rules[i].Name != "" {
			faults = append(faults, fmt.Errorf("%s.name: %q is the name of rules[%d] too", path, rules[i].Name, first))
		} else {
			names[rules[i].Name] = i
		}
		rule, err := compileRule(path, &rules[i], hashKey)
		list, faults = append(list, rule), append(faults, err)
	}
	return list, errors.Join(faults...)
}

// Identity changes when other labels may be superseded than before, and with them the identity of series behind
// supersede. It is the same in every process.
func (s *Set) Identity() [sha256.Size]byte { return s.identity }

// identityOf covers the rules up to the last supersede, for those before it may take labels away from it. It does not
// depend on anything that was learned.
func identityOf(source Source) [sha256.Size]byte {
	rules, last := source.Rules, 0
	for i := range rules {
		if rules[i].Action == Supersede {
			last = i + 1
		}
	}
	if last == 0 {
		return [sha256.Size]byte{}
	}
	text := fmt.Sprintf("%q", source.Keep)
	for i := range rules[:last] {
		r := &rules[i]
		text += fmt.Sprintf(" %q %q %q %q %t", r.Metrics, r.Labels, r.Match.Resource, r.Match.Labels, r.Action == Supersede)
		if len(r.Values) > 0 || r.Action == Redact || r.Action == Template {
			text += fmt.Sprintf(" %q %q %q", r.Values, r.Action, source.AllowSensitive)
		}
	}
	return sha256.Sum256([]byte(text))
}

func compileRule(path string, r *Rule, hashKey []byte) (*compiled, error) {
	c := &compiled{name: cmp.Or(r.Name, path), action: r.Action}
	var faults [7]error
	c.metrics, faults[0] = ParseList(path+".metrics", r.Metrics)
	c.labels, faults[1] = ParseList(path+".labels", r.Labels)
	if len(r.Labels) == 0 && (r.Action != DropSeries || len(r.Values) > 0) {
		faults[1] = fmt.Errorf(`%s.labels: must name at least one label (got none; allowed: globs such as "task_attempt_*" or a /regexp/)`, path)
	}
	c.resource, faults[2] = parseConditions(path+".match.resource", r.Match.Resource)
	c.points, faults[3] = parseConditions(path+".match.labels", r.Match.Labels)
	faults[4] = checkParameters(path, r)
	if faults[4] == nil {
		c.value, faults[5] = newValueAction(path, r, hashKey)
		c.values, faults[6] = newValues(path, r)
	}
	return c, errors.Join(faults[:]...)
}

// parseConditions sorts by key, so that results never hang on the order of a map.
func parseConditions(path string, patterns map[string]string) ([]condition, error) {
	var (
		conditions []condition
		faults     []error
	)
	for _, key := range slices.Sorted(maps.Keys(patterns)) {
		pattern, err := ParsePattern(patterns[key])
		if err != nil {
			faults = append(faults, fmt.Errorf("%s.%s: %w", path, key, err))
		}
		conditions = append(conditions, condition{key: key, pattern: pattern})
	}
	return conditions, errors.Join(faults...)
}

// checkParameters finds an unknown action and parameters that the action does not read.
func checkParameters(path string, r *Rule) error {
	reads := map[Action][]string{
		Redact: nil, Template: nil, Keep: nil, Drop: nil, DropSeries: nil, Supersede: nil, Hash: nil,
		Bucket: {"buckets", "bounds"}, Truncate: {"length"}, Map: {"mapping", "otherwise"},
	}
	own, known := reads[r.Action]
	if !known {
		return fmt.Errorf("%s.action: must be redact, template, keep, drop, drop_series, supersede, hash, bucket, truncate or map (got %q)", path, r.Action)
	}
	var faults []error
	for _, parameter := range []struct {
		key   string
		given bool
		of    Action
	}{
		{"buckets", r.Buckets != 0, Bucket},
		{"bounds", len(r.Bounds) > 0, Bucket},
		{"length", r.Length != 0, Truncate},
		{"mapping", len(r.Mapping) > 0, Map},
		{"otherwise", r.Otherwise != "", Map},
	} {
		if parameter.given && !slices.Contains(own, parameter.key) {
			faults = append(faults, fmt.Errorf("%s.%s: is read by the action %s only (got the action %s)", path, parameter.key, parameter.of, r.Action))
		}
	}
	return errors.Join(faults...)
}

// Empty tells whether there are no rules.
func (s *Set) Empty() bool { return len(s.rules) == 0 }
