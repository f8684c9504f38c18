package rules

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Reads returns what of the value of this attribute of a resource decides what the rules do to its metrics, beside the
// attribute's presence: nothing, the value, or what the rules that look at values find in it.
func (s *Set) Reads(key, value string) string {
	for _, rule := range s.rules {
		if rule.value != nil && rule.labels.matchKey(key) {
			return value
		}
		for i := range rule.resource {
			if name := rule.resource[i].key; name == key || name == aliasOf(key) {
				return value
			}
		}
	}
	return s.finds(key, value)
}

// finds tells of each rule that looks at the value whether it would act on it, alone. Where one changes it and another
// looks at the outcome, only the value tells all.
func (s *Set) finds(key, value string) string {
	if s.memory == nil {
		return "" // no rule looks at values
	}
	var found []byte
	changed := false
	reads := s.reader.Key(key)
	for _, rule := range s.rules {
		if !rule.readsValues() || !rule.labels.matchKey(key) {
			continue
		}
		if changed {
			return value
		}
		alone := course{key: key, reads: reads, rules: []*compiled{rule}, byValue: true}
		v := alone.judge(s.reader, value, pcommon.Map{}, false)
		switch {
		case v.end != nil || v.by != nil && v.by.action == Keep:
			found = append(found, 'a')
		case v.change:
			found, changed = append(found, 'c'), true
		default:
			found = append(found, '-')
		}
	}
	return string(found)
}
