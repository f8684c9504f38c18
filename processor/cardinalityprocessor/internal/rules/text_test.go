package rules

import (
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

func TestAttributesOfSpansAreEditedInPlace(t *testing.T) {
	set := compile(t, Source{
		Preset: Sanitize, AllowSensitive: []string{"support_email"}, HashKey: []byte("key"), Keep: []string{"env"},
		Rules: []Rule{
			{Labels: []string{"session"}, Values: []string{"uuid"}, Action: Drop},
			{Labels: []string{"url"}, Action: Template},
			{Labels: []string{"tenant"}, Action: Truncate, Length: 3},
			{Labels: []string{"only_metrics"}, Metrics: []string{"*"}, Action: Drop},
			{Labels: []string{"pod"}, Action: Supersede},
		},
	})
	p := set.TextProgram(pcommon.NewMap())
	m := attrs(t, map[string]any{
		"env": "ana@corp.io", "session": uuidA, "user_id": uuidB, "url": "/users/42/mail/ana@corp.io", "tenant": "acme-1",
		"only_metrics": "x", "pod": "web-0", "support_email": "help@corp.io", "n": 17,
		"db.statement": "SELECT * FROM t WHERE mail = 'ana@corp.io'",
		"nested":       map[string]any{"email": "bob@corp.io", "list": []any{"a", "bob@corp.io", uuidA}, "session": uuidA},
	})
	require.True(t, p.Attributes(m))
	assert.Equal(t, map[string]any{
		"env": "{email}", "user_id": uuidB, "url": "/users/{id}/mail/{email}", "tenant": "acm",
		"only_metrics": "x", "pod": "web-0", "support_email": "help@corp.io", "n": int64(17),
		"db.statement": "SELECT * FROM t WHERE mail = '{email}'",
		"nested":       map[string]any{"email": "{email}", "list": []any{"a", "{email}", uuidA}},
	}, m.AsRaw())
	require.False(t, p.Attributes(attrs(t, map[string]any{"env": "prod", "n": 1})))
}

func TestTextsAreRedactedAndMadeTemplates(t *testing.T) {
	p := compile(t, Source{Preset: Sanitize, Rules: []Rule{{Labels: []string{"*"}, Values: []string{"uuid"}, Action: Drop}}}).
		TextProgram(pcommon.NewMap())
	assert.Equal(t, "/users/{id}", p.Text(SpanName, "/users/42"))
	assert.Equal(t, uuidA, p.Text(Body, uuidA), "only redact and template apply to texts")
	assert.Equal(t, "user 42 is {email}", p.Text(Body, "user 42 is ana@corp.io"))
	var none *TextProgram
	assert.Equal(t, "x", none.Text(Body, "x"))
	assert.False(t, none.Attributes(attrs(t, map[string]any{"a": "x"})))
	assert.Nil(t, compile(t, Source{Rules: []Rule{{Labels: []string{"a"}, Action: Supersede}}}).TextProgram(pcommon.NewMap()))
}

func TestAProgramForTextsMayBeShared(t *testing.T) {
	set := compile(t, Source{Preset: Sanitize})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			p := set.TextProgram(pcommon.NewMap())
			for i := range 500 {
				m := attrs(t, map[string]any{fmt.Sprint("k", i%50): "ana@corp.io"})
				assert.True(t, p.Attributes(m))
				assert.Equal(t, "{email}", p.Text(SpanName, "ana@corp.io"))
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
		{"env", "a@corp.io", Verdict{Rule: "sanitize/sensitive", Action: Redact, Reason: sanitize.ByKind, Kind: detect.Email, Value: "{email}"}},
		{"user_id", uuidA, Verdict{Rule: "sanitize/identifiers", Action: Drop, Reason: sanitize.ByKind, Kind: detect.UUID}},
		{"path", "/users/42", Verdict{Rule: "sanitize/templates", Action: Template, Reason: sanitize.ByPlace, Value: "/users/{id}"}},
		{"query", "SELECT 1", Verdict{Rule: "sanitize/templates", Action: Template, Reason: sanitize.BySQL, Value: "SELECT ?"}},
		{"job_id", uuidA, Verdict{Rule: "sanitize/sources", Action: Keep, Value: uuidA}},
	} {
		got := set.Explain("m", test.key, test.value, pcommon.NewMap(), pcommon.NewMap())
		assert.Equal(t, test.want, got, "%s=%s", test.key, test.value)
	}
}
