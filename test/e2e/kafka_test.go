//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/promtest"
	"weir.example/test/cluster"
)

const (
	kafkaInstances = 6
	kafkaWorkers   = 5
	sessionTimeout = 20 * time.Second // of a consumer that was killed; its successor, a static member, need not wait for it
)

// kafkaPath is both files of examples/kafka with a real broker between them and a strict store behind.
type kafkaPath struct {
	group          *cluster.Group
	agent, gateway *lives
	strict         *promtest.Receiver
	source         *source
}

// The gateway is killed in mid-stream, twice, and then gets the whole topic once more under another group.
func TestThroughKafkaNothingIsLostAndNothingCountsTwice(t *testing.T) {
	p := startKafkaPath(t)
	stop := p.source.start(t, 50*time.Millisecond)
	for range 2 {
		p.moreArrive(t)
		p.gateway.kill()
		p.gateway.run("GROUP=first")
	}
	p.moreArrive(t)
	p.gateway.kill()
	p.gateway.run("GROUP=second") // which has committed nothing
	p.moreArrive(t)
	stop()
	p.everySampleArrives(t)
	p.totalsAreExact(t)

	redelivered := p.gateway.own("otelcol_exporter_orderedremotewrite_num_samples_dropped", "reason")
	assert.Positive(t, redelivered["out_of_order"]+redelivered["duplicate"], "samples that came again")
	t.Logf("%d samples; dropped by the last gateway as known: %v; %d came twice to the store", p.strict.Counts().Samples, redelivered,
		p.strict.Counts().Repeats)
	p.gateway.stop()
	p.agent.stop()
	p.totalsAreExact(t)
}

func startKafkaPath(t *testing.T) *kafkaPath {
	root, err := cluster.Root()
	require.NoError(t, err)
	ports, err := cluster.FreePorts(4)
	require.NoError(t, err)
	p := &kafkaPath{group: cluster.NewGroup(t.TempDir()), strict: promtest.New(promtest.AllowRepeat())}
	t.Cleanup(p.strict.Close)
	t.Cleanup(func() { require.NoError(t, p.group.Stop(nil)) })
	began := time.Now()
	kafka, err := cluster.StartKafka(t.Context(), p.group, cluster.KafkaOptions{
		Root: root, Port: ports[0], ControllerPort: ports[1], Partitions: 4,
	}, func(line string) { t.Log(line) })
	require.NoError(t, err)
	t.Logf("Kafka is up after %s", time.Since(began).Round(100*time.Millisecond))

	example := func(name string) []string {
		return []string{
			filepath.Join(root, "examples", "kafka", "config-"+name+".yaml"),
			filepath.Join(root, "test", "e2e", "testdata", "kafka-"+name+".yaml"),
		}
	}
	p.agent = newLives(t, p.group, "agent", ports[2], 0, example("agent"), "KAFKA="+kafka.Address, fmt.Sprintf("OTLP_PORT=%d", ports[2]))
	p.gateway = newLives(t, p.group, "gateway", ports[3], ports[3], example("gateway"),
		"KAFKA="+kafka.Address, "STRICT_URL="+p.strict.URL(), "STATE="+p.group.Dir, fmt.Sprintf("METRICS_PORT=%d", ports[3]))
	p.agent.run()
	p.gateway.run("GROUP=first")
	p.source = &source{url: fmt.Sprintf("http://127.0.0.1:%d/v1/metrics", ports[2]), instances: kafkaInstances, call: counters(began)}
	return p
}

// counters makes the calls of a source: cumulative sums whose values follow from instance, worker and step, once for a metric that
// keeps its workers and once for one that loses them.
func counters(start time.Time) func(instance, step int, at time.Time) pmetric.Metrics {
	return func(instance, step int, at time.Time) pmetric.Metrics {
		metrics := pmetric.NewMetrics()
		rm := metrics.ResourceMetrics().AppendEmpty()
		rm.Resource().Attributes().PutStr("service.name", "orders")
		rm.Resource().Attributes().PutStr("service.instance.id", strconv.Itoa(instance))
		ms := rm.ScopeMetrics().AppendEmpty().Metrics()
		for _, name := range []string{"orders.done", "orders.merged"} {
			points := newSum(ms, name, pmetric.AggregationTemporalityCumulative)
			for worker := range kafkaWorkers {
				addPoint(points, worker, start, at, counterValue(instance, worker, step))
			}
		}
		return metrics
	}
}

func counterValue(instance, worker, step int) int64 {
	return int64(step+1) * int64(1+(7*instance+3*worker)%11)
}

// moreArrive waits until a second of load more has gone all the way.
func (p *kafkaPath) moreArrive(t *testing.T) {
	t.Helper()
	from := p.strict.Counts().Samples
	require.True(t, p.strict.Wait(3*sessionTimeout, func() bool {
		return p.strict.Counts().Samples >= from+20*kafkaInstances*kafkaWorkers
	}), "%d samples arrived: %s", p.strict.Counts().Samples-from, p.gateway.Process.LogTail())
}

// everySampleArrives compares the store, sample by sample and in order, with what was pushed.
func (p *kafkaPath) everySampleArrives(t *testing.T) {
	made := p.source.made()
	want := 0
	for _, steps := range made {
		want += len(steps) * kafkaWorkers
	}
	arrived := func() (n int) {
		for _, series := range p.strict.Series("__name__", "orders_done") {
			n += len(series.Samples)
		}
		return n
	}
	require.True(t, p.strict.Wait(3*sessionTimeout, func() bool { return arrived() >= want }), "%d of %d", arrived(), want)
	requireNoViolations(t, p.strict)
	for instance, steps := range made {
		for worker := range kafkaWorkers {
			got := p.strict.Samples("orders_done", "instance", strconv.Itoa(instance), "worker", strconv.Itoa(worker))
			require.Len(t, got, len(steps))
			for n, s := range steps {
				require.Equal(t, s.at, got[n].T)
				require.EqualValues(t, counterValue(instance, worker, n), got[n].V)
			}
		}
	}
}

// totalsAreExact waits until the merged series of each instance show the sum of what was pushed last.
func (p *kafkaPath) totalsAreExact(t *testing.T) {
	t.Helper()
	for instance, steps := range p.source.made() {
		want := int64(0)
		for worker := range kafkaWorkers {
			want += counterValue(instance, worker, len(steps)-1)
		}
		merged := func() []promtest.Sample { return p.strict.Samples("orders_merged", "instance", strconv.Itoa(instance)) }
		require.Eventually(t, func() bool {
			got := merged()
			return len(got) > 0 && got[len(got)-1].V == float64(want)
		}, 30*time.Second, 20*time.Millisecond, "instance %d: want %d", instance, want)
		got := merged()
		for n := 1; n < len(got); n++ {
			require.GreaterOrEqual(t, got[n].V, got[n-1].V)
			require.Equal(t, got[n-1].Start, got[n].Start)
		}
	}
}

// requireNoViolations leaves out the requests that a killed Weir did not finish writing.
func requireNoViolations(t *testing.T, strict *promtest.Receiver) {
	t.Helper()
	for _, v := range strict.Violations() {
		if !strings.Contains(v, "unexpected EOF") {
			require.Fail(t, v)
		}
	}
}
