package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func attrs(t testing.TB, pairs map[string]any) pcommon.Map {
	m := pcommon.NewMap()
	require.NoError(t, m.FromRaw(pairs))
	return m
}

func program(t testing.TB, keep []string, rules ...Rule) *Program {
	set, err := Compile(Source{Rules: rules, Keep: keep, HashKey: []byte("key")})
	require.NoError(t, err)
	p := set.Program("flink.task.numRecordsIn", attrs(t, map[string]any{"env": "prod", "service.name": "flink"}))
	require.NotNil(t, p)
	return p
}

func TestValuesBecomeWhatTheActionSays(t *testing.T) {
	tests := map[string]struct {
		rule Rule
		want map[string]string
	}{
		"hash is the head of HMAC-SHA256": {
			Rule{Action: Hash}, map[string]string{"value": "90fbfcf15e74a36b", "": "5d5d139563c95b59"},
		},
		"buckets are counted from 0": {
			Rule{Action: Bucket, Buckets: 16}, map[string]string{"a": "12", "b": "5"},
		},
		"bounds are named as le": {
			Rule{Action: Bucket, Bounds: []float64{-1, 100, 1e3}},
			map[string]string{
				"-2": "-1", "-1": "-1", "0": "100", "100": "100", "100.5": "1000", "1e4": "+Inf", "1e999": "+Inf", "-1e999": "-1",
				"x": "NaN", "NaN": "NaN",
			},
		},
		"truncate counts characters, not bytes": {
			Rule{Action: Truncate, Length: 3}, map[string]string{"abcd": "abc", "äöüß": "äöü", "äö": "äö", "abc": "abc"},
		},
		"a plain value goes before globs, the longest glob before others, expressions last": {
			Rule{Action: Map, Mapping: map[string]string{"GET": "get", "GET*": "get-any", "GET /a*": "a", "/.*/": "rest"}},
			map[string]string{"GET": "get", "GET /b": "get-any", "GET /ab": "a", "PUT": "rest"},
		},
		"otherwise is for all the rest":    {Rule{Action: Map, Mapping: map[string]string{"a": "b"}, Otherwise: "other"}, map[string]string{"a": "b", "c": "other"}},
		"without otherwise the rest stays": {Rule{Action: Map, Mapping: map[string]string{"a": "b"}}, map[string]string{"a": "b", "c": "c"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.rule.Labels = []string{"l"}
			p := program(t, nil, test.rule)
			for value, want := range test.want {
				r := p.Rewrite(attrs(t, map[string]any{"l": value, "other": value}), pcommon.NewMap())
				if value == want {
					assert.Empty(t, r.Merged, "a value that stays is no edit")
					continue
				}
				assert.Equal(t, []Edit{{Key: "l", Value: want}}, r.Merged, value)
			}
		})
	}
}

func TestTheFirstMatchingRuleEnds(t *testing.T) {
	p := program(t, []string{"env", "job"},
		Rule{Labels: []string{"user"}, Action: Keep},
		Rule{Labels: []string{"task_*"}, Action: Supersede},
		Rule{Labels: []string{"t*", "n"}, Action: Truncate, Length: 1},
		Rule{Metrics: []string{"other"}, Labels: []string{"*"}, Action: DropSeries},
		Rule{Labels: []string{"*"}, Action: Drop},
	)
	r := p.Rewrite(attrs(t, map[string]any{
		"env": "prod", "service.name": "x", "user": "u", "task_id": "1", "topic": "abc", "n": 17, "zone": "z",
	}), pcommon.NewMap())
	assert.False(t, r.DropSeries)
	assert.Equal(t, []string{"task_id"}, r.Superseded)
	assert.ElementsMatch(t, []Edit{{Key: "topic", Value: "a"}, {Key: "n", Value: "1"}, {Key: "zone", Remove: true}}, r.Merged)
	for key, want := range map[string]bool{"env": false, "service.name": false, "user": false, "task_id": true, "zone": true} {
		assert.Equal(t, want, p.Touches(key, pcommon.NewValueStr("v")), key)
	}
}

func TestMatchLooksAtResourceAndPoint(t *testing.T) {
	rule := Rule{
		Labels: []string{"user"}, Action: Drop,
		Match: Match{Resource: map[string]string{"env": "p*", "job": "flink"}, Labels: map[string]string{"topic": "/a.*/"}},
	}
	p := program(t, nil, rule)
	assert.True(t, p.PerPoint())
	assert.True(t, p.Touches("user", pcommon.NewValueStr("v")))
	user := attrs(t, map[string]any{"user": "u"})
	assert.Empty(t, p.Rewrite(user, attrs(t, map[string]any{"topic": "b"})).Merged)
	assert.Empty(t, p.Rewrite(user, pcommon.NewMap()).Merged, "what is absent matches nothing")
	assert.NotEmpty(t, p.Rewrite(user, attrs(t, map[string]any{"topic": "ab"})).Merged)

	set, err := Compile(Source{Rules: []Rule{rule}})
	require.NoError(t, err)
	assert.Nil(t, set.Program("m", attrs(t, map[string]any{"env": "test", "service.name": "flink"})))
	assert.Nil(t, set.Program("m", attrs(t, map[string]any{"service.name": "flink"})))
}

func TestAProtectedPointIsNotTouchedByTheRuleBelow(t *testing.T) {
	p := program(t, nil,
		Rule{Labels: []string{"user"}, Action: Keep, Match: Match{Labels: map[string]string{"vip": "yes"}}},
		Rule{Labels: []string{"user"}, Action: Drop},
	)
	user := attrs(t, map[string]any{"user": "u"})
	assert.True(t, p.Touches("user", pcommon.NewValueStr("v")))
	assert.Empty(t, p.Rewrite(user, attrs(t, map[string]any{"vip": "yes"})).Merged)
	assert.NotEmpty(t, p.Rewrite(user, attrs(t, map[string]any{"vip": "no"})).Merged)
}

func TestDropSeriesNeedsNoLabels(t *testing.T) {
	assert.True(t, program(t, nil, Rule{Action: DropSeries}).Rewrite(pcommon.NewMap(), pcommon.NewMap()).DropSeries)
	p := program(t, nil, Rule{Action: DropSeries, Match: Match{Labels: map[string]string{"topic": "test"}}})
	none := pcommon.NewMap()
	assert.True(t, p.Rewrite(none, attrs(t, map[string]any{"topic": "test"})).DropSeries)
	assert.False(t, p.Rewrite(none, none).DropSeries)
	assert.True(t, program(t, nil, Rule{Labels: []string{"a"}, Action: DropSeries}).Rewrite(attrs(t, map[string]any{"a": 1}), none).DropSeries)
}

func TestKeysOfStrangersAreNotRememberedWithoutEnd(t *testing.T) {
	p := program(t, nil, Rule{Labels: []string{"a*"}, Action: Drop})
	for i := range maxKeys + 100 {
		key := "a" + string(rune('0'+i))
		require.True(t, p.Touches(key, pcommon.NewValueStr("v")))
	}
	assert.Len(t, p.courses, maxKeys)
}

func BenchmarkTouches(b *testing.B) {
	p := program(b, []string{"env"}, Rule{Labels: []string{"task_attempt_*", "/x.*/"}, Action: Drop})
	value := pcommon.NewValueStr("0.99")
	b.ReportAllocs()
	for b.Loop() {
		p.Touches("quantile", value)
	}
}
