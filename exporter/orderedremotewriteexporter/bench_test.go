package orderedremotewriteexporter

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// taskManager is a call of 400 entities with 25 series each.
func taskManager() pmetric.Metrics { return taskManagerOf("tm-1", 400, 25) }

func taskManagerOf(id string, entities, series int) pmetric.Metrics {
	b := newBatch()
	names := make([]string, series-1) // one string of each, as the receiver has
	for m := range names {
		names[m] = fmt.Sprint("flink.task.numRecordsIn", m)
	}
	for e := range entities {
		b.resource("service.name", "flink", "service.instance.id", id+":9249", "host.name", id+".example",
			"tm_id", id, "job_id", "0123456789abcdef0123456789abcdef", "job_name", "orders",
			"task_id", fmt.Sprintf("%032d", e/8), "task_name", fmt.Sprint("Source_orders_Map_", e/8),
			"task_attempt_id", fmt.Sprintf("%064d", e), "task_attempt_num", "0", "subtask_index", fmt.Sprint(e%8))
		for m, name := range names {
			b.gauge(name, 1, float64(e*m)*1.5)
		}
		b.gauge("flink.task.latency", 1, float64(e), "quantile", "0.99")
	}
	return b.md
}

func advance(md pmetric.Metrics, ms int64) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			m.Gauge().DataPoints().At(0).SetTimestamp(stamp(ms))
		}
	}
}

type accepting struct{}

func (accepting) RoundTrip(r *http.Request) (*http.Response, error) {
	_, err := io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: r}, err
}

// benchStart starts the exporter with a transport that swallows everything.
func (x *remoteWriter) benchStart(b testing.TB) *remoteWriter {
	require.NoError(b, x.Start(context.Background(), componenttest.NewNopHost()))
	x.client.http.Transport = accepting{}
	return x
}

// benchCalls takes in 10,000 samples of known series per operation.
func benchCalls(b *testing.B, x *remoteWriter) {
	md := taskManager()
	n := md.DataPointCount()
	ms := int64(0)
	next := func() {
		ms++
		advance(md, ms)
		require.NoError(b, x.ConsumeMetrics(context.Background(), md))
	}
	next()
	b.ReportAllocs()
	for b.Loop() {
		next()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/sample")
	require.NoError(b, x.Shutdown(context.Background()))
}

// BenchmarkConsumeMetrics takes in, encodes, compresses and hands to a transport.
func BenchmarkConsumeMetrics(b *testing.B) {
	cfg := createDefaultConfig().(*Config)
	cfg.HTTP.Endpoint = "http://127.0.0.1:9/"
	x, err := newExporter(exportertest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(b, err)
	benchCalls(b, x.benchStart(b))
}

// BenchmarkTakeIn is translation, identity and admission alone.
func BenchmarkTakeIn(b *testing.B) {
	in := newIntake(createDefaultConfig().(*Config))
	md := taskManager()
	n := md.DataPointCount()
	ms := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		ms++
		advance(md, ms)
		in.walk(md)
		for i := range in.staged {
			in.unstage(i)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/sample")
}

// cluster is what 20 task managers send in turn.
func cluster(entities, series int) []pmetric.Metrics {
	var calls []pmetric.Metrics
	for i := range 20 {
		calls = append(calls, taskManagerOf(fmt.Sprint("tm-", i), entities, series))
	}
	return calls
}

// BenchmarkTakeInCluster is TakeIn where each call finds the caches filled by others.
// The time is that of walk alone.
func BenchmarkTakeInCluster(b *testing.B) {
	in := newIntake(createDefaultConfig().(*Config))
	calls := cluster(400, 25)
	round := func(ms int64) (spent time.Duration) {
		for _, md := range calls {
			advance(md, ms)
			begun := time.Now()
			in.walk(md)
			for slot := range in.staged {
				in.unstage(slot)
			}
			spent += time.Since(begun)
		}
		return spent
	}
	round(1)
	ms, spent := int64(1), time.Duration(0)
	for b.Loop() {
		ms++
		spent += round(ms)
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N*in.table.Len()), "ns/sample")
}

// What the exporter keeps is bounded per series, all it shares with others included, as
// many series as a Flink entity has on average.
func TestASeriesTakesLittleMemory(t *testing.T) {
	for name, c := range map[string]struct {
		limit  float64
		change func(*Config)
	}{"memory": {90, func(*Config) {}}, "wal": {110, withWAL(t.TempDir(), nil)}} {
		t.Run(name, func(t *testing.T) {
			calls := cluster(431, 23)
			before := liveHeap()
			cfg := createDefaultConfig().(*Config)
			cfg.HTTP.Endpoint = "http://127.0.0.1:9/"
			c.change(cfg)
			x, err := newExporter(exportertest.NewNopSettings(NewFactory().Type()), cfg)
			require.NoError(t, err)
			x.benchStart(t)
			for round := range 2 {
				for _, md := range calls {
					advance(md, int64(round+1))
					require.NoError(t, x.ConsumeMetrics(context.Background(), md))
				}
			}
			require.NoError(t, x.Shutdown(context.Background()))
			per := float64(liveHeap()-before) / float64(x.seriesActive())
			t.Logf("%.1f bytes per series at %d series", per, x.seriesActive())
			assert.Less(t, per, c.limit)
			runtime.KeepAlive(calls)
			runtime.KeepAlive(x)
		})
	}
}

func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the first leaves what pools hold
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// flinkSamples is one scrape of counters and gauges as Flink has them: most
// counters integral and known since when, all with help.
func flinkSamples() []sample {
	in := newIntake(createDefaultConfig().(*Config))
	const now = 1_795_000_000_000
	b := newBatch()
	for e := range 400 {
		b.resource("service.name", "flink", "service.instance.id", "tm-1:9249", "host.name", "tm-1.example",
			"tm_id", "tm-1", "job_id", "0123456789abcdef0123456789abcdef", "job_name", "orders",
			"task_id", fmt.Sprintf("%032d", e/8), "task_name", fmt.Sprint("Source_orders_Map_", e/8),
			"task_attempt_id", fmt.Sprintf("%064d", e), "task_attempt_num", "0", "subtask_index", fmt.Sprint(e%8))
		for i := range 25 {
			m := b.metric(fmt.Sprint("flink.task.numRecordsIn", i))
			m.SetDescription(fmt.Sprintf("numRecordsIn%d (scope: taskmanager_job_task)", i))
			var p pmetric.NumberDataPoint
			if i < 12 {
				sum := m.SetEmptySum()
				sum.SetIsMonotonic(true)
				sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
				p = sum.DataPoints().AppendEmpty()
				p.SetStartTimestamp(stamp(now - 3_600_000))
				p.SetDoubleValue(float64((e*7919 + i*104729) % 1_000_000))
			} else {
				p = m.SetEmptyGauge().DataPoints().AppendEmpty()
				p.SetDoubleValue(float64(e*i) * 1.37)
			}
			if i == 24 {
				p.Attributes().PutStr("quantile", "0.99")
			}
			p.SetTimestamp(stamp(now))
		}
	}
	in.walk(b.md)
	var samples []sample
	for _, s := range in.staged {
		samples = append(samples, s...)
	}
	return samples
}

// BenchmarkEncode is encoding and compression of requests of 2,000.
func BenchmarkEncode(b *testing.B) {
	samples := flinkSamples()[:2000]
	for _, f := range []format{{protocol1, snappy}, {protocol2, snappy}, {protocol2, zstd}} {
		b.Run(f.protocol+"/"+f.compression, func(b *testing.B) {
			var p packer
			b.ReportAllocs()
			for b.Loop() {
				p.pack(f, samples)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(samples)), "ns/sample")
			b.ReportMetric(float64(len(p.body.bytes))/float64(len(samples)), "wire-B/sample")
		})
	}
}

// Known series must cost no allocation per sample, from call to encoded request.
func TestKnownSeriesAllocateNothing(t *testing.T) {
	for i, protocol := range []string{protocol1, protocol2, protocol2} {
		cfg := createDefaultConfig().(*Config)
		if i == 2 {
			cfg.Tenant.FromAttribute = serviceName
		}
		in := newIntake(cfg)
		md := taskManager()
		w := newWorkshop() // none of the pool, which may lose it
		ms, body := int64(0), []byte(nil)
		pass := func() {
			ms++
			advance(md, ms)
			in.walk(md)
			for i := range in.staged {
				if len(in.staged[i]) > 0 {
					body = w.pack(body[:0], format{protocol, snappy}, in.staged[i])
				}
				in.unstage(i)
			}
		}
		pass()
		perCall := testing.AllocsPerRun(10, pass)
		require.Less(t, perCall, 10.0, "allocations for %d samples of %s", md.DataPointCount(), protocol)
	}
}
