package cardinalityprocessor

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/processor/cardinalityprocessor/internal/rules"
)

func rigWith(t testing.TB, list ...rules.Rule) *rig {
	cfg := createDefaultConfig().(*Config)
	cfg.Rules = list
	return newPlainRig(t, cfg)
}

// callOf returns a call with one resource and one counter with a point for each attribute set.
func callOf(resource map[string]any, name string, points ...map[string]any) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	_ = rm.Resource().Attributes().FromRaw(resource)
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	m.SetEmptySum().SetIsMonotonic(true)
	m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	for _, attributes := range points {
		p := m.Sum().DataPoints().AppendEmpty()
		_ = p.Attributes().FromRaw(attributes)
		p.SetIntValue(1)
		p.SetStartTimestamp(1e9)
		p.SetTimestamp(9e9)
	}
	return md
}

var dropPartition = rules.Rule{Labels: []string{"partition"}, Action: rules.Drop}

func TestNothingChangesWhileTheLogFails(t *testing.T) {
	r := rigWith(t, rules.Rule{Labels: []string{"pod"}, Action: rules.Supersede}, dropPartition)
	r.fail = errors.New("disk full")
	md := callOf(map[string]any{"pod": "a"}, "m", map[string]any{"partition": "1"}, map[string]any{"topic": "x"})
	before := pmetric.NewMetrics()
	md.CopyTo(before)
	var counted tally
	_, err := r.walker.walk(md, &counted)
	require.ErrorIs(t, err, r.fail)
	assert.Equal(t, before, md)
	assert.Zero(t, r.walker.owners.Len())

	r.fail = nil
	r.consume(md)
	assert.Equal(t, 1, md.DataPointCount(), "the retry is as good as the first try")
	assert.Equal(t, 1, r.walker.owners.Len())
}

func TestOtherRulesTakeEffectWithTheNextCall(t *testing.T) {
	r := rigWith(t, dropPartition)
	call := func() pmetric.Metrics {
		md := callOf(nil, "m", map[string]any{"partition": "1"})
		r.consume(md)
		return md
	}
	assert.Zero(t, call().DataPointCount())
	none, err := rules.Compile(rules.Source{})
	require.NoError(t, err)
	r.walker.swapRules(none)
	assert.Equal(t, 1, call().DataPointCount())
}

func TestASeriesFindsItsInputAgainAfterItWasForgotten(t *testing.T) {
	r := rigWith(t, dropPartition)
	r.consume(callOf(nil, "m", map[string]any{"partition": "1"}))
	r.tick(15 * time.Second)
	before := r.walker.aggregator.Generation()
	for range 4 { // the stale marker, then what is kept of it, then the sweep
		r.tick(25 * time.Hour)
	}
	require.NotEqual(t, before, r.walker.aggregator.Generation(), "the aggregator forgot the input")
	md := callOf(nil, "m", map[string]any{"partition": "1"})
	p := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0)
	p.SetStartTimestamp(r.now() - 1)
	p.SetTimestamp(r.now())
	r.consume(md)
	assert.Zero(t, md.DataPointCount())
	assert.Equal(t, 1, r.walker.aggregator.Stats().LiveInputs)
}

func TestWhatIsRememberedIsForgottenWhenItIsNotUsed(t *testing.T) {
	r := rigWith(t, rules.Rule{Labels: []string{"pod"}, Action: rules.Supersede}, dropPartition)
	for i := range 100 {
		r.consume(callOf(map[string]any{"pod": "a", "host": fmt.Sprint(i)}, "m", map[string]any{"partition": "1"}))
	}
	require.Equal(t, 100, r.walker.entities.Len())
	require.Equal(t, 100, r.walker.routes.now)
	require.Len(t, r.walker.contenders, 100)
	r.clock = r.clock.Add(3 * idleTime)
	r.consume(callOf(map[string]any{"pod": "a", "host": "new"}, "m", map[string]any{"partition": "1"}))
	assert.Equal(t, 1, r.walker.entities.Len())
	assert.Equal(t, 1, r.walker.routes.now)
	assert.Len(t, r.walker.contenders, 1)

	r.walker.plans = maxPlans + 1
	r.consume(callOf(nil, "m", map[string]any{}))
	assert.Equal(t, 1, r.walker.plans, "when there is too much, all is found out anew")
}

func TestSeriesThatFindNoRoomAreDroppedAndCounted(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Rules = []rules.Rule{dropPartition}
	cfg.Aggregate.MaxInputs = 2
	r := newPlainRig(t, cfg)
	points := []map[string]any{{"partition": "1"}, {"partition": "2"}, {"partition": "3"}}
	for range 2 {
		md := callOf(nil, "m", points...)
		r.consume(md)
		assert.Zero(t, md.DataPointCount())
		assert.Equal(t, 1, r.tally.dropped[tooManyInputs])
	}
}

func TestJobAndInstanceAreAccepted(t *testing.T) {
	r := rigWith(t, rules.Rule{
		Labels: []string{"instance"}, Match: rules.Match{Resource: map[string]string{"job": "flink"}}, Action: rules.Supersede,
	})
	md := callOf(map[string]any{"service.name": "flink", "service.instance.id": "tm:9249"}, "m", map[string]any{})
	r.consume(md)
	assert.Equal(t, map[string]any{"service.name": "flink"}, md.ResourceMetrics().At(0).Resource().Attributes().AsRaw())
}

func TestMetricsInAnotherOrderAreTheSame(t *testing.T) {
	r := rigWith(t, rules.Rule{Metrics: []string{"a", "c"}, Action: rules.DropSeries})
	for _, order := range [][]string{{"a", "b", "c"}, {"c", "b", "a"}, {"b"}, {"b", "a", "d", "c"}} {
		md := callOf(nil, "", map[string]any{})
		metrics := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
		metrics.At(0).SetName(order[0])
		for _, name := range order[1:] {
			m := metrics.AppendEmpty()
			metrics.At(0).CopyTo(m)
			m.SetName(name)
		}
		r.consume(md)
		for _, m := range metrics.All() {
			assert.Contains(t, []string{"b", "d"}, m.Name())
		}
		assert.NotZero(t, metrics.Len())
	}
}

// The law of cost: what is known costs no allocation for its points.
func TestKnownPointsAllocateNothing(t *testing.T) {
	attempts := rules.Rule{Labels: []string{"task_attempt_id"}, Action: rules.Supersede}
	for name, list := range map[string][]rules.Rule{
		"no rule concerns them": {{Metrics: []string{"other"}, Labels: []string{"a"}, Action: rules.Drop}},
		"no rule matches them":  {{Labels: []string{"other"}, Action: rules.Drop}},
		"superseded":            {attempts},
		"merged":                {dropPartition},
		"superseded and merged": {attempts, dropPartition},
	} {
		t.Run(name, func(t *testing.T) {
			r := rigWith(t, list...)
			commit := r.walker.owners.Apply
			r.walker.commit = commit
			perCall := func(points int) float64 {
				var attributes []map[string]any
				for i := range points {
					attributes = append(attributes, map[string]any{"partition": fmt.Sprint(i), "topic": "orders"})
				}
				raw := callOf(map[string]any{"task_attempt_id": "a", "task_id": "t"}, "m", attributes...)
				calls := make([]pmetric.Metrics, 12)
				for i := range calls {
					calls[i] = pmetric.NewMetrics()
					raw.CopyTo(calls[i])
				}
				i := 0
				lead := func() {
					var counted tally
					batch, err := r.walker.walk(calls[i], &counted)
					require.NoError(t, err)
					if batch != nil {
						batch.Release()
					}
					i++
				}
				lead()
				return testing.AllocsPerRun(10, lead)
			}
			assert.InDelta(t, perCall(1), perCall(200), 4)
		})
	}
}

func TestHashKeys(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("key", []byte("0123456789abcdef\r\n"), 0o600))
	require.NoError(t, os.WriteFile("short", []byte("secret\n"), 0o600))
	hash := []rules.Rule{{Labels: []string{"user"}, Action: rules.Hash}}
	tests := map[string]struct {
		key  configopaque.String
		file string
		want string
	}{
		"none":            {want: "rules[0].action: hash needs a key (got none; allowed: hash_key or hash_key_file)"},
		"both":            {key: "0123456789abcdef", file: "key", want: "hash_key_file: hash_key is set too (allowed: one of them)"},
		"short":           {key: "secret", want: "hash_key: must have 16 to 4096 bytes (got 6)"},
		"short in a file": {file: "short", want: "hash_key_file: must have 16 to 4096 bytes (got 6)"},
		"no file":         {file: "gone", want: `hash_key_file: cannot read "gone": no such file or directory`},
		"a directory":     {file: ".", want: `hash_key_file: cannot read ".": is a directory`},
		"given":           {key: "0123456789abcdef"},
		"given in a file": {file: "key"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			cfg.Rules, cfg.HashKey, cfg.HashKeyFile = hash, test.key, test.file
			err := cfg.Validate()
			if test.want != "" {
				require.EqualError(t, err, test.want)
				assert.NotContains(t, err.Error(), "secret")
				return
			}
			require.NoError(t, err)
			r := newPlainRig(t, cfg)
			md := callOf(nil, "m", map[string]any{"user": "u1"})
			r.consume(md)
			out := r.tick(15 * time.Second)
			user, _ := out.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).Attributes().Get("user")
			assert.Equal(t, "5162bddb18bda008", user.Str(), "from either place the same")
		})
	}
}
