package cardinalityprocessor

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/processor/cardinalityprocessor/internal/rules"
)

var attempts = rules.Rule{Labels: []string{"task_attempt_id", "task_attempt_num"}, Action: rules.Supersede}

func resourceOf(host, env string) map[string]any {
	return map[string]any{"host.name": host, "env": env, "task_attempt_id": host}
}

func TestResourcesOfAClassShareTheirPlans(t *testing.T) {
	r := rigWith(t, attempts, rules.Rule{
		Labels: []string{"host.name"}, Match: rules.Match{Resource: map[string]string{"env": "prod"}}, Action: rules.Drop,
	})
	for i := range 10 {
		for _, env := range []string{"prod", "test"} {
			md := callOf(resourceOf(fmt.Sprint(i), env), "m", map[string]any{})
			r.consume(md)
			assert.Equal(t, env == "test", md.DataPointCount() == 1, "only those of prod merge")
		}
	}
	assert.Equal(t, 20, r.walker.entities.Len())
	assert.Len(t, r.walker.classes, 2, "env is read, the others are not")
	assert.Equal(t, 2, r.walker.plans)
}

func TestPlansAreForgottenWithTheirClass(t *testing.T) {
	r := rigWith(t, attempts)
	r.consume(callOf(map[string]any{"old": "1"}, "m", map[string]any{}))
	require.Equal(t, 1, r.walker.plans)
	r.clock = r.clock.Add(3 * idleTime)
	for range 2 {
		r.consume(callOf(map[string]any{"new": "1"}, "m", map[string]any{}))
	}
	assert.Len(t, r.walker.classes, 1)
	assert.Equal(t, 1, r.walker.plans)
}

// The law of memory: what passes costs memory by its resources and names, and nothing by its series.
func TestASeriesThatPassesCostsNoMemory(t *testing.T) {
	const entities, metrics = 500, 400
	r := rigWith(t, attempts)
	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := heap()
	for i := range entities {
		md := callOf(resourceOf(fmt.Sprint(i), "prod"), "m0", map[string]any{})
		list := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
		for j := 1; j < metrics; j++ {
			m := list.AppendEmpty()
			list.At(0).CopyTo(m)
			m.SetName(fmt.Sprint("m", j))
		}
		r.consume(md)
		require.Equal(t, metrics, md.DataPointCount())
	}
	after := heap()
	perSeries := (float64(after) - float64(before)) / (entities * metrics)
	t.Logf("%.1f bytes per series", perSeries)
	assert.Less(t, perSeries, 8.0)
	runtime.KeepAlive(r)
}

// Resources of one class need not have the same metrics, nor these the same scope.
func TestScopesOfOneMetricAllocateNothing(t *testing.T) {
	r := rigWith(t, dropPartition)
	var calls []pmetric.Metrics
	for i := range 24 {
		md := callOf(nil, "m", map[string]any{"partition": "1"})
		md.ResourceMetrics().At(0).ScopeMetrics().At(0).Scope().SetName(fmt.Sprint(i % 4))
		calls = append(calls, md)
	}
	i := 0
	lead := func() {
		var counted tally
		batch, err := r.walker.walk(calls[i], &counted)
		require.NoError(t, err)
		require.NotNil(t, batch)
		batch.Release()
		i++
	}
	for range 4 {
		lead()
	}
	assert.LessOrEqual(t, testing.AllocsPerRun(18, lead), 1.0)
	assert.Equal(t, 4, r.walker.routes.now)
}
