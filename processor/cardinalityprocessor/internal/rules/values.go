package rules

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/sanitize"
)

// kindNames lists what may stand in `values` beside expressions.
var kindNames = append([]string{"sensitive", "identifier", "time", "network", "personal", "secrets"}, detect.Names()...)

// newValues compiles `values`; nil stands for any value. Actions that look into values have expressions that match
// parts of them, all others expressions that match the whole.
func newValues(path string, r *Rule) (*sanitize.Values, error) {
	within := r.Action == Redact || r.Action == Template
	if len(r.Values) == 0 {
		if r.Action == Redact {
			return &sanitize.Values{Kinds: detect.Sensitive}, nil
		}
		return nil, nil
	}
	v := &sanitize.Values{}
	var faults []error
	for i, text := range r.Values {
		at := fmt.Sprintf("%s.values[%d]", path, i)
		if slices.Contains(r.Values[:i], text) {
			faults = append(faults, fmt.Errorf("%s: %q is listed twice", at, text))
			continue
		}
		if strings.HasPrefix(text, "/") {
			expression, err := newExpression(text, within)
			if err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", at, err))
			}
			v.Expressions = append(v.Expressions, expression)
			continue
		}
		kinds, known := detect.Parse(text)
		if !known {
			faults = append(faults, fmt.Errorf("%s: must be a /regexp/ or a kind of values (got %q; allowed: %s)",
				at, text, strings.Join(kindNames, ", ")))
		}
		v.Kinds |= kinds
	}
	return v, errors.Join(faults...)
}

// newExpression compiles a /regexp/ that matches parts of values, or whole ones.
func newExpression(text string, within bool) (*regexp.Regexp, error) {
	pattern, err := ParsePattern(text)
	if err != nil {
		return nil, err
	}
	if !within {
		return pattern.regexp, nil
	}
	expression, err := regexp.Compile(`(?s:` + text[1:len(text)-1] + `)`)
	if err == nil && expression.MatchString("") {
		err = fmt.Errorf("%q matches the empty text, hence in every value and nothing of it", text)
	}
	return expression, err
}
