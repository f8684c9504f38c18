package rules

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPatternsMatchWholeStrings(t *testing.T) {
	tests := []struct {
		pattern string
		yes, no []string
	}{
		{"flink.task.*", []string{"flink.task.", "flink.task.a.b"}, []string{"flink.task", "xflink.task.a", "flinkXtask.a"}},
		{"*_id", []string{"_id", "task_id", "a_id_id"}, []string{"task_ids", "id"}},
		{"a?c", []string{"abc", "aéc", "a*c"}, []string{"ac", "abbc"}},
		{"*a*b*", []string{"ab", "xaxbx", "aab"}, []string{"ba", "a", ""}},
		{"*", []string{"", "a"}, nil},
		{"plain", []string{"plain"}, []string{"plain2", "xplain", ""}},
		{"a,b", []string{"a,b"}, []string{"a", "b"}},
		{"/ab|cd/", []string{"ab", "cd"}, []string{"abd", "acd", "xab"}},
		{"/(?i)Post.{1,3}/", []string{"POSTed"}, []string{"post", "posted--"}},
		{"/a.c/", []string{"a\nc"}, []string{"a\nc\n"}},
	}
	for _, test := range tests {
		pattern, err := ParsePattern(test.pattern)
		require.NoError(t, err)
		for _, s := range test.yes {
			assert.True(t, pattern.Match(s), "%s matches %q", test.pattern, s)
		}
		for _, s := range test.no {
			assert.False(t, pattern.Match(s), "%s does not match %q", test.pattern, s)
		}
	}
}

func TestJobAndInstanceNameWhatTheyAreMadeOf(t *testing.T) {
	list, err := ParseList("labels", []string{"job", "instance"})
	require.NoError(t, err)
	for key, want := range map[string]bool{"job": true, "service.name": true, "service.instance.id": true, "host.name": false} {
		assert.Equal(t, want, list.matchKey(key), key)
	}
	glob, err := ParseList("labels", []string{"job*"})
	require.NoError(t, err)
	assert.False(t, glob.matchKey("service.name"), "job* means job_id and job_name")
}

// FuzzPattern holds globs against the expression they stand for, and matching against panics.
func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{
		{"flink.*", "flink.task"},
		{"*a*b?", "xaybz"},
		{"/a|b/", "ab"},
		{"/(/", ""},
		{"/a)(b/", "ab"},
		{"/", "/"},
		{"//", ""},
		{"?", "é"},
		{"?\xff", "\xff\xff"},
		{"***", ""},
		{"a[", "a["},
		{"/a{1,3}", "aa"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, s string) {
		pattern, err := ParsePattern(text)
		if err != nil {
			return
		}
		got := pattern.Match(s)
		if pattern.regexp != nil || !utf8.ValidString(text) || !utf8.ValidString(s) {
			return
		}
		quoted := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(text))
		require.Equal(t, regexp.MustCompile(`\A(?s:`+quoted+`)\z`).MatchString(s), got)
	})
}

// FuzzMapping: whatever the tables, values become what a table or `otherwise` says, or stay.
func FuzzMapping(f *testing.F) {
	f.Add("GET*", "read", "/^(PUT|POST)$/", "write", "other", "GET /a")
	f.Add("*", "a", "?", "b", "", "x")
	f.Add("/(/", "a", "", "b", "", "x")
	f.Fuzz(func(t *testing.T, from1, to1, from2, to2, otherwise, value string) {
		rule := Rule{Labels: []string{"l"}, Action: Map, Mapping: map[string]string{from1: to1, from2: to2}, Otherwise: otherwise}
		set, err := Compile(Source{Rules: []Rule{rule}})
		if err != nil {
			return
		}
		got := set.rules[0].value(value)
		require.Contains(t, []string{to1, to2, otherwise, value}, got)
		require.Equal(t, got, set.rules[0].value(value))
	})
}
