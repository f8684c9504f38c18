package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func TestMistakesInValuesAreNamed(t *testing.T) {
	for name, test := range map[string]struct {
		rule Rule
		want string
	}{
		"unknown kind": {
			Rule{Labels: []string{"a"}, Action: Drop, Values: []string{"uuid", "emial"}},
			`rules[0].values[1]: must be a /regexp/ or a kind of values (got "emial"; allowed: sensitive, identifier, time, network, personal, secrets, uuid, ulid,`,
		},
		"twice":          {Rule{Labels: []string{"a"}, Action: Drop, Values: []string{"uuid", "uuid"}}, `rules[0].values[1]: "uuid" is listed twice`},
		"no expression":  {Rule{Labels: []string{"a"}, Action: Redact, Values: []string{"/(/"}}, `rules[0].values[0]: "/(/" is no RE2 expression`},
		"matches always": {Rule{Labels: []string{"a"}, Action: Redact, Values: []string{"/x*/"}}, `rules[0].values[0]: "/x*/" matches the empty text, hence in every value and nothing of it`},
		"without labels": {Rule{Action: DropSeries, Values: []string{"uuid"}}, `rules[0].labels: must name at least one label`},
	} {
		_, err := Compile(Source{Rules: []Rule{test.rule}})
		require.ErrorContains(t, err, test.want, name)
	}
	_, err := Compile(Source{Preset: "clean"})
	require.EqualError(t, err, `preset: must be sanitize (got "clean")`)
	_, err = Compile(Source{AllowSensitive: []string{"a", "a"}})
	require.EqualError(t, err, `allow_sensitive[1]: "a" is listed twice`)
}

func TestRulesLookAtWhatIsLeftOfValues(t *testing.T) {
	p := program(t, []string{"kept"},
		Rule{Labels: []string{"a"}, Action: Keep, Values: []string{"/{email}/"}},
		Rule{Labels: []string{"a", "kept"}, Action: Redact, Values: []string{"email", "/secret/"}},
		Rule{Labels: []string{"a"}, Action: Template, Values: []string{"uuid"}},
		Rule{Labels: []string{"a"}, Action: Drop, Values: []string{"/.*{uuid}.*/"}},
		Rule{Labels: []string{"a"}, Action: Truncate, Length: 6},
		Rule{Labels: []string{"path"}, Action: Template},
	)
	for _, test := range []struct {
		key, value, want string
		gone             bool
	}{
		{key: "a", value: "ana@corp.io", want: "{email}"},
		{key: "a", value: "of " + uuidA, gone: true},
		{key: "a", value: "a secret thing", want: "a {red"},
		{key: "kept", value: "a secret thing", want: "a {redacted} thing"},
		{key: "kept", value: uuidA, want: ""},
		{key: "path", value: "/users/ana@corp.io/42", want: "/users/ana@corp.io/{id}"}, // who redacts nothing wants it
	} {
		r := p.Rewrite(attrs(t, map[string]any{test.key: test.value}), pcommon.NewMap())
		want := []Edit{{Key: test.key, Value: test.want, Remove: test.gone}}
		if test.want == "" && !test.gone {
			want = nil
		}
		assert.Equal(t, want, r.Merged, "%s=%s", test.key, test.value)
	}
}

// Labels that may be superseded are part of what a series is: what is learned must not change them.
func TestWhatMayBeSupersededIsNotMined(t *testing.T) {
	for action, want := range map[Action]bool{Supersede: false, Drop: true} {
		p := program(t, nil, Rule{Labels: []string{"path"}, Action: Template}, Rule{Labels: []string{"path"}, Values: []string{"/x/"}, Action: action})
		assert.Equal(t, want, p.course("path").mines)
	}
}
