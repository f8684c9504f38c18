//go:build e2e

package e2e

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/promtest"
	"weir.example/test/cluster"
)

const (
	pushInstances = 8
	pushWorkers   = 50
	pushKills     = 6
)

// Clients push deltas and cumulative sums in the same calls while Weir is killed again and again and some answers are lost. Every second
// client gives up after a few attempts and goes on with its next interval: what it was not told to be taken may count, once.
func TestWhatWasPushedCountsOnceOverKills(t *testing.T) {
	root, err := cluster.Root()
	require.NoError(t, err)
	ports, err := cluster.FreePorts(2)
	require.NoError(t, err)
	strict, g := promtest.New(promtest.AllowRepeat()), cluster.NewGroup(t.TempDir())
	t.Cleanup(strict.Close)
	t.Cleanup(func() { require.NoError(t, g.Stop(nil)) })
	weir := newLives(t, g, "weir", ports[0], ports[1], []string{filepath.Join(root, "test", "e2e", "testdata", "push.yaml")},
		fmt.Sprintf("OTLP_PORT=%d", ports[0]), fmt.Sprintf("METRICS_PORT=%d", ports[1]), "STRICT_URL="+strict.URL(), "STATE="+g.Dir)
	weir.run()
	source := &source{
		url:       fmt.Sprintf("http://127.0.0.1:%d/v1/metrics", ports[0]),
		instances: pushInstances,
		call:      pushes(time.Now().Add(-time.Second)),
		lost:      0.05,
		tries: func(instance int) int {
			if instance%2 == 0 {
				return 0
			}
			return 1 + rand.IntN(3)
		},
	}
	stop := source.start(t, 20*time.Millisecond)
	for range pushKills {
		<-time.After(time.Second + rand.N(time.Second)) // of load
		weir.kill()
		weir.run()
	}
	stop()
	p := pushed{source.made(), strict}
	require.Eventually(t, func() bool { return p.arrived() }, time.Minute, 50*time.Millisecond, "totals of clients that never give up")
	weir.stop()

	requireNoViolations(t, strict)
	p.requireExact(t)
	p.requireSteady(t)
}

// pushes makes calls with one delta and one cumulative sum for each worker of an instance. A delta's interval begins where that of the
// step before ended.
func pushes(start time.Time) func(instance, step int, at time.Time) pmetric.Metrics {
	before := make([]time.Time, pushInstances)
	return func(instance, step int, at time.Time) pmetric.Metrics {
		since := before[instance]
		if step == 0 {
			since = start
		}
		before[instance] = at
		metrics := pmetric.NewMetrics()
		rm := metrics.ResourceMetrics().AppendEmpty()
		rm.Resource().Attributes().PutStr("service.name", "orders")
		rm.Resource().Attributes().PutStr("service.instance.id", strconv.Itoa(instance))
		ms := rm.ScopeMetrics().AppendEmpty().Metrics()
		delta := newSum(ms, "orders.delta", pmetric.AggregationTemporalityDelta)
		cumulative := newSum(ms, "orders.cumulative", pmetric.AggregationTemporalityCumulative)
		for worker := range pushWorkers {
			addPoint(delta, worker, since, at, deltaValue(instance, worker))
			addPoint(cumulative, worker, start, at, deltaValue(instance, worker)*int64(step+1))
		}
		return metrics
	}
}

func deltaValue(instance, worker int) int64 { return int64(1 + (7*instance+3*worker)%11) }

// callValue is what one call of an instance adds to its output.
func callValue(instance int) float64 {
	sum := int64(0)
	for worker := range pushWorkers {
		sum += deltaValue(instance, worker)
	}
	return float64(sum)
}

func newSum(ms pmetric.MetricSlice, name string, temporality pmetric.AggregationTemporality) pmetric.NumberDataPointSlice {
	m := ms.AppendEmpty()
	m.SetName(name)
	sum := m.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(temporality)
	return sum.DataPoints()
}

func addPoint(points pmetric.NumberDataPointSlice, worker int, start, at time.Time, value int64) {
	pt := points.AppendEmpty()
	pt.Attributes().PutInt("worker", int64(worker))
	pt.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	pt.SetTimestamp(pcommon.NewTimestampFromTime(at))
	pt.SetIntValue(value)
}

// pushed is what clients did and what a store got.
type pushed struct {
	made   [][]step
	strict *promtest.Receiver
}

// deltas are the least and the most that an instance's output must show.
func (p pushed) deltas(instance int) (least, most float64) {
	for _, s := range p.made[instance] {
		most += callValue(instance)
		if s.acked {
			least += callValue(instance)
		}
	}
	return least, most
}

func (p pushed) values(name string, instance int) []promtest.Sample {
	return slices.DeleteFunc(p.strict.Samples(name, "instance", strconv.Itoa(instance)), func(s promtest.Sample) bool { return isStale(s.V) })
}

func (p pushed) last(name string, instance int) float64 {
	samples := p.values(name, instance)
	if len(samples) == 0 {
		return 0
	}
	return samples[len(samples)-1].V
}

// arrived tells whether the last acknowledged call of every instance shows.
func (p pushed) arrived() bool {
	for i := range p.made {
		if least, _ := p.deltas(i); p.last("orders_delta", i) < least {
			return false
		}
	}
	return true
}

func (p pushed) requireExact(t *testing.T) {
	t.Helper()
	acked, unacked, taken := 0, 0, 0.0
	for i, steps := range p.made {
		least, most := p.deltas(i)
		got := p.last("orders_delta", i)
		assert.GreaterOrEqual(t, got, least, "deltas of instance %d", i)
		assert.LessOrEqual(t, got, most, "deltas of instance %d", i)
		for _, s := range steps {
			if s.acked {
				acked++
			} else {
				unacked++
			}
		}
		taken += (got - least) / callValue(i)
		lastAcked := len(steps) - 1
		for !steps[lastAcked].acked {
			lastAcked--
		}
		total := p.last("orders_cumulative", i)
		assert.GreaterOrEqual(t, total, callValue(i)*float64(lastAcked+1), "cumulative sums of instance %d", i)
		assert.LessOrEqual(t, total, most, "cumulative sums of instance %d", i)
	}
	assert.Equal(t, taken, float64(int(taken)), "calls count as a whole or not at all")
	t.Logf("%d calls acknowledged, each counted once; %d were given up over %d kills, %.0f of them counted", acked, unacked, pushKills, taken)
	assert.Positive(t, unacked)
	assert.Positive(t, taken, "calls that were taken while their answers were lost")
}

// requireSteady checks that no output falls and that all keep their start time.
func (p pushed) requireSteady(t *testing.T) {
	t.Helper()
	for i := range p.made {
		for _, name := range []string{"orders_delta", "orders_cumulative"} {
			values := p.values(name, i)
			for n := 1; n < len(values); n++ {
				require.GreaterOrEqual(t, values[n].V, values[n-1].V, "%s of instance %d", name, i)
				require.Equal(t, values[n-1].Start, values[n].Start, "%s of instance %d", name, i)
			}
		}
	}
}
