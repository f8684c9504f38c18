package rules

import (
	"cmp"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/sanitize"
)

func compile(t testing.TB, source Source) *Set {
	set, err := Compile(source)
	require.NoError(t, err)
	return set
}

func TestAttributesAndTextsGoByTheirOwnRules(t *testing.T) {
	set := compile(t, Source{
		Preset: Sanitize, AllowSensitive: []string{"support_email"}, HashKey: []byte("key"), Keep: []string{"env"},
		Rules: []Rule{
			{Labels: []string{"session"}, Values: []string{"uuid"}, Action: Drop},
			{Labels: []string{"*"}, Values: []string{"ulid"}, Action: Drop},
			{Labels: []string{"url"}, Action: Template},
			{Labels: []string{"tenant"}, Action: Truncate, Length: 3},
			{Labels: []string{"only_metrics"}, Metrics: []string{"*"}, Action: Drop},
			{Labels: []string{"pod"}, Action: Supersede},
			{Labels: []string{StatusMessage}, Action: Truncate, Length: 5},
			{Labels: []string{"shop"}, Match: Match{Labels: map[string]string{"env": "dev"}}, Action: Drop},
		},
	})
	p := set.TextProgram(pcommon.NewMap())
	dev := attrs(t, map[string]any{"env": "dev"})
	type outcome struct {
		fresh  string
		action Action
	}
	const ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
	for _, test := range []struct {
		key, value string
		want       outcome
	}{
		{"env", "ana@corp.io", outcome{"{email}", Redact}},
		{"env", "prod", outcome{"prod", ""}},
		{"session", uuidA, outcome{"", Drop}},
		{"any", ulid, outcome{"", Drop}},
		{"user_id", uuidB, outcome{uuidB, ""}},
		{"url", "/users/42/mail/ana@corp.io", outcome{"/users/{id}/mail/{email}", Template}},
		{"tenant", "acme-1", outcome{"acm", Truncate}},
		{"only_metrics", "x", outcome{"x", ""}},
		{"pod", "web-0", outcome{"web-0", ""}},
		{"support_email", "help@corp.io", outcome{"help@corp.io", ""}},
		{"shop", "a", outcome{"", Drop}},
	} {
		fresh, action := p.Attribute(test.key, test.value, dev)
		assert.Equal(t, test.want, outcome{fresh, action}, "%s=%s", test.key, test.value)
	}
	for _, test := range []struct {
		key, value string
		want       outcome
	}{
		{SpanName, "/users/42", outcome{"/users/{id}", Template}},
		{Body, ulid, outcome{ulid, ""}}, // `*` means labels
		{Body, "user 42 is ana@corp.io", outcome{"user 42 is {email}", Redact}},
		{StatusMessage, "not found", outcome{"not f", Truncate}},
	} {
		fresh, action := p.Text(test.key, test.value, dev)
		assert.Equal(t, test.want, outcome{fresh, action}, "%s=%s", test.key, test.value)
	}
	assert.True(t, p.Beside())
	assert.True(t, p.Drops("shop", dev))
	assert.False(t, p.Drops("shop", pcommon.NewMap()))
	assert.False(t, p.Drops("session", dev), "only some of its values")
	assert.Nil(t, compile(t, Source{Rules: []Rule{{Labels: []string{"a"}, Action: Supersede}}}).TextProgram(pcommon.NewMap()))
}

func TestProgramsForTextsGoByResource(t *testing.T) {
	set := compile(t, Source{Rules: []Rule{{Labels: []string{"a"}, Match: Match{Resource: map[string]string{"env": "prod"}}, Action: Drop}}})
	prod := set.TextProgram(attrs(t, map[string]any{"env": "prod"}))
	require.NotNil(t, prod)
	assert.Same(t, prod, set.TextProgram(attrs(t, map[string]any{"env": "prod", "host": "x"})))
	assert.Nil(t, set.TextProgram(pcommon.NewMap()))
	_, action := prod.Attribute("a", "x", pcommon.NewMap())
	assert.Equal(t, Drop, action)
}

func TestAProgramForTextsMayBeShared(t *testing.T) {
	set := compile(t, Source{Preset: Sanitize})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			p := set.TextProgram(pcommon.NewMap())
			for i := range 500 {
				_, action := p.Attribute(fmt.Sprint("k", i%50), "ana@corp.io", pcommon.NewMap())
				assert.Equal(t, Redact, action)
				fresh, _ := p.Text(SpanName, "ana@corp.io", pcommon.NewMap())
				assert.Equal(t, "{email}", fresh)
			}
		})
	}
	all.Wait()
}

func TestExplainTellsWhichRuleDecided(t *testing.T) {
	set := compile(t, Source{
		Preset: Sanitize, Keep: []string{"env"},
		Rules: []Rule{{Name: "mine", Labels: []string{"shop"}, Action: Drop}, {Labels: []string{"zone"}, Action: Truncate, Length: 2}},
	})
	for _, test := range []struct {
		key, value string
		want       Verdict
	}{
		{"shop", "a", Verdict{Rule: "mine", Action: Drop}},
		{"zone", "abc", Verdict{Rule: "rules[1]", Action: Truncate, Value: "ab"}},
		{"region", "eu", Verdict{Action: Keep, Value: "eu"}},
		{"env", "prod", Verdict{Action: Keep, Value: "prod"}},
		{"env", "a@corp.io", Verdict{Rule: "sanitize/sensitive", Action: Redact, Reason: sanitize.ByKind, Kind: detect.Email, Value: "{email}", Shown: "{email}"}},
		{"shop", "a@corp.io", Verdict{Rule: "mine", Action: Drop, Shown: "{email}"}},
		{"user_id", uuidA, Verdict{Rule: "sanitize/identifiers", Action: Drop, Reason: sanitize.ByKind, Kind: detect.UUID}},
		{"path", "/users/42", Verdict{Rule: "sanitize/templates", Action: Template, Reason: sanitize.ByPlace, Value: "/users/{id}"}},
		{"query", "SELECT 1", Verdict{Rule: "sanitize/templates", Action: Template, Reason: sanitize.BySQL, Value: "SELECT ?"}},
		{"job_id", uuidA, Verdict{Rule: "sanitize/sources", Action: Keep, Value: uuidA}},
	} {
		test.want.Shown = cmp.Or(test.want.Shown, test.value)
		got := set.Explain("m", test.key, test.value, pcommon.NewMap(), pcommon.NewMap())
		assert.Equal(t, test.want, got, "%s=%s", test.key, test.value)
	}
}
