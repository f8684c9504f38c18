package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMistakesAreNamedWithPathGivenAndAllowed(t *testing.T) {
	on := func(change func(*Rule)) []Rule {
		rule := Rule{Labels: []string{"a"}, Action: Drop}
		change(&rule)
		return []Rule{rule}
	}
	tests := map[string]struct {
		rules []Rule
		keep  []string
		want  string
	}{
		"unknown action": {
			rules: on(func(r *Rule) { r.Action = "delete" }),
			want:  `rules[0].action: must be redact, template, keep, drop, drop_series, supersede, hash, bucket, truncate or map (got "delete")`,
		},
		"no action": {
			rules: on(func(r *Rule) { r.Action = "" }),
			want:  `rules[0].action: must be redact, template, keep, drop, drop_series, supersede, hash, bucket, truncate or map (got "")`,
		},
		"no labels": {
			rules: on(func(r *Rule) { r.Labels = nil }),
			want:  `rules[0].labels: must name at least one label (got none; allowed: globs such as "task_attempt_*" or a /regexp/)`,
		},
		"empty label": {
			rules: on(func(r *Rule) { r.Labels = []string{"b", ""} }),
			want:  `rules[0].labels[1]: must not be empty (allowed: a glob such as "flink.task.*" or a /regexp/)`,
		},
		"label twice": {
			rules: on(func(r *Rule) { r.Labels = []string{"b", "b"} }),
			want:  `rules[0].labels[1]: "b" is listed twice`,
		},
		"expression that is none": {
			rules: on(func(r *Rule) { r.Metrics = []string{"/a(/"} }),
			want:  "rules[0].metrics[0]: \"/a(/\" is no RE2 expression: error parsing regexp: missing closing ): `a(`",
		},
		"expression cut at a comma": {
			rules: on(func(r *Rule) { r.Metrics = []string{"/a{1"} }),
			want:  `rules[0].metrics[0]: "/a{1" begins with / and does not end with it (allowed: /regexp/; lists in brackets)`,
		},
		"expression that closes our group": {
			rules: on(func(r *Rule) { r.Metrics = []string{"/a)|(b/"} }),
			want:  "rules[0].metrics[0]: \"/a)|(b/\" is no RE2 expression: error parsing regexp: unexpected ): `a)|(b`",
		},
		"match": {
			rules: on(func(r *Rule) {
				r.Match.Resource = map[string]string{"env": ""}
				r.Match.Labels = map[string]string{"topic": "/["}
			}),
			want: `rules[0].match.resource.env: must not be empty (allowed: a glob such as "flink.task.*" or a /regexp/)` + "\n" +
				`rules[0].match.labels.topic: "/[" begins with / and does not end with it (allowed: /regexp/; lists in brackets)`,
		},
		"name twice": {
			rules: []Rule{
				{Name: "x", Labels: []string{"a"}, Action: Drop},
				{Labels: []string{"a"}, Action: Drop},
				{Name: "x", Labels: []string{"a"}, Action: Drop},
			},
			want: `rules[2].name: "x" is the name of rules[0] too`,
		},
		"parameters of other actions": {
			rules: on(func(r *Rule) { r.Buckets, r.Bounds, r.Length, r.Otherwise = 2, []float64{1}, 3, "x" }),
			want: "rules[0].buckets: is read by the action bucket only (got the action drop)\n" +
				"rules[0].bounds: is read by the action bucket only (got the action drop)\n" +
				"rules[0].length: is read by the action truncate only (got the action drop)\n" +
				"rules[0].otherwise: is read by the action map only (got the action drop)",
		},
		"mapping of another action": {
			rules: on(func(r *Rule) { r.Action, r.Length, r.Mapping = Truncate, 3, map[string]string{"a": "b"} }),
			want:  "rules[0].mapping: is read by the action map only (got the action truncate)",
		},
		"bucket without parameters": {
			rules: on(func(r *Rule) { r.Action = Bucket }),
			want:  "rules[0].buckets: bucket needs either buckets or bounds (got buckets 0 and 0 bounds)",
		},
		"bucket with both": {
			rules: on(func(r *Rule) { r.Action, r.Buckets, r.Bounds = Bucket, 4, []float64{1} }),
			want:  "rules[0].buckets: bucket needs either buckets or bounds (got buckets 4 and 1 bounds)",
		},
		"one bucket":          {rules: on(func(r *Rule) { r.Action, r.Buckets = Bucket, 1 }), want: "rules[0].buckets: must be 2 to 65536 (got 1)"},
		"bounds out of order": {rules: on(func(r *Rule) { r.Action, r.Bounds = Bucket, []float64{1, 3, 2} }), want: "rules[0].bounds[2]: bounds must be finite and rise (got 2)"},
		"length missing":      {rules: on(func(r *Rule) { r.Action = Truncate }), want: "rules[0].length: must be 1 to 4096 (got 0)"},
		"length below":        {rules: on(func(r *Rule) { r.Action, r.Length = Truncate, -1 }), want: "rules[0].length: must be 1 to 4096 (got -1)"},
		"mapping missing":     {rules: on(func(r *Rule) { r.Action = Map }), want: "rules[0].mapping: must have 1 to 1024 entries (got 0)"},
		"mapping with mistakes": {
			rules: on(func(r *Rule) { r.Action, r.Mapping = Map, map[string]string{"/(/": "a", "b": ""} }),
			want: "rules[0].mapping./(/: \"/(/\" is no RE2 expression: error parsing regexp: missing closing ): `(`\n" +
				"rules[0].mapping.b: must not be empty (the action drop removes labels)",
		},
		"hash without key": {
			rules: on(func(r *Rule) { r.Action = Hash }),
			want:  "rules[0].action: hash needs a key (got none; allowed: hash_key or hash_key_file)",
		},
		"keep":               {keep: []string{"a", "/"}, want: `keep[1]: "/" begins with / and does not end with it (allowed: /regexp/; lists in brackets)`},
		"all rules at once":  {rules: []Rule{{Action: Drop}, {Labels: []string{"a"}, Action: Map}}, want: `rules[0].labels: must name at least one label (got none; allowed: globs such as "task_attempt_*" or a /regexp/)` + "\n" + "rules[1].mapping: must have 1 to 1024 entries (got 0)"},
		"pattern of a novel": {keep: []string{string(make([]byte, 1025))}, want: "keep[0]: pattern has 1025 bytes, allowed are 1024"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Compile(Source{Rules: test.rules, Keep: test.keep})
			assert.EqualError(t, err, test.want)
		})
	}
}

func TestIdentityIsThatOfWhatSupersedeSees(t *testing.T) {
	identity := func(keep []string, rules ...Rule) [32]byte {
		set, err := Compile(Source{Rules: rules, Keep: keep})
		require.NoError(t, err)
		return set.Identity()
	}
	attempts := Rule{Name: "attempts", Labels: []string{"task_attempt_id"}, Action: Supersede}
	drop := Rule{Labels: []string{"subtask_index"}, Action: Drop}
	first := identity(nil, attempts)
	assert.NotZero(t, first)
	assert.Zero(t, identity(nil, drop))
	renamed := attempts
	renamed.Name = "other"
	assert.Equal(t, first, identity(nil, renamed))
	assert.Equal(t, first, identity(nil, attempts, drop), "what stands behind supersede changes outputs, not inputs")
	assert.NotEqual(t, first, identity(nil, drop, attempts))
	assert.NotEqual(t, first, identity([]string{"task_*"}, attempts))
}
