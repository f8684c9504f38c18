package rules

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// compiled is a rule ready for use.
type compiled struct {
	action   Action
	metrics  List // empty: all
	labels   List
	resource []condition
	points   []condition
	value    func(string) string // of the actions that replace values
}

// condition is one entry of match.
type condition struct {
	key     string
	pattern Pattern
}

// Set is a compiled list of rules. It is safe for concurrent use.
type Set struct {
	keep     List
	rules    []*compiled
	identity [sha256.Size]byte

	mu       sync.Mutex
	programs map[string]*Program // by the indices of their rules
}

// Compile checks and compiles rules. Labels that match keep are touched by none of them. hashKey is the key of hash;
// without it a rule with hash is an error. All faults are returned at once, each with the YAML path of its key.
func Compile(rules []Rule, keep []string, hashKey []byte) (*Set, error) {
	set := &Set{programs: map[string]*Program{}}
	var faults []error
	list, err := ParseList("keep", keep)
	set.keep, faults = list, append(faults, err)
	names := map[string]int{}
	for i := range rules {
		path := fmt.Sprintf("rules[%d]", i)
		if first, taken := names[rules[i].Name]; taken && rules[i].Name != "" {
			faults = append(faults, fmt.Errorf("%s.name: %q is the name of rules[%d] too", path, rules[i].Name, first))
		} else {
			names[rules[i].Name] = i
		}
		rule, err := compileRule(path, &rules[i], hashKey)
		set.rules, faults = append(set.rules, rule), append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	set.identity = identityOf(rules, keep)
	return set, nil
}

// Identity changes when other labels may be superseded than before, and with them the identity of series behind
// supersede. It is the same in every process.
func (s *Set) Identity() [sha256.Size]byte { return s.identity }

// identityOf covers the rules up to the last supersede, for those before it may take labels away from it.
func identityOf(rules []Rule, keep []string) [sha256.Size]byte {
	last := 0
	for i := range rules {
		if rules[i].Action == Supersede {
			last = i + 1
		}
	}
	if last == 0 {
		return [sha256.Size]byte{}
	}
	text := fmt.Sprintf("%q", keep)
	for i := range rules[:last] {
		r := &rules[i]
		text += fmt.Sprintf(" %q %q %q %q %t", r.Metrics, r.Labels, r.Match.Resource, r.Match.Labels, r.Action == Supersede)
	}
	return sha256.Sum256([]byte(text))
}

func compileRule(path string, r *Rule, hashKey []byte) (*compiled, error) {
	c := &compiled{action: r.Action}
	var faults [6]error
	c.metrics, faults[0] = ParseList(path+".metrics", r.Metrics)
	c.labels, faults[1] = ParseList(path+".labels", r.Labels)
	if len(r.Labels) == 0 && r.Action != DropSeries {
		faults[1] = fmt.Errorf(`%s.labels: must name at least one label (got none; allowed: globs such as "task_attempt_*" or a /regexp/)`, path)
	}
	c.resource, faults[2] = parseConditions(path+".match.resource", r.Match.Resource)
	c.points, faults[3] = parseConditions(path+".match.labels", r.Match.Labels)
	faults[4] = checkParameters(path, r)
	if faults[4] == nil {
		c.value, faults[5] = newValueAction(path, r, hashKey)
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
		Keep: nil, Drop: nil, DropSeries: nil, Supersede: nil, Hash: nil,
		Bucket: {"buckets", "bounds"}, Truncate: {"length"}, Map: {"mapping", "otherwise"},
	}
	own, known := reads[r.Action]
	if !known {
		return fmt.Errorf("%s.action: must be keep, drop, drop_series, supersede, hash, bucket, truncate or map (got %q)", path, r.Action)
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
