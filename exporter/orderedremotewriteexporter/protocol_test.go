package orderedremotewriteexporter

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/promtest"
)

// describedCounter is one sample with all that 2.0 has a place for.
func describedCounter(ms int64) pmetric.Metrics {
	b := newBatch().resource(flink...)
	m := b.metric("orders")
	m.SetUnit("By")
	m.SetDescription("how much")
	sum := m.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := sum.DataPoints().AppendEmpty()
	p.SetTimestamp(stamp(ms))
	p.SetStartTimestamp(stamp(500))
	p.SetDoubleValue(3)
	x := p.Exemplars().AppendEmpty()
	x.SetTimestamp(stamp(ms))
	x.SetDoubleValue(1)
	return b.md
}

func TestProtocol2CarriesEverything(t *testing.T) {
	r := newRig(t, nil)
	r.send(describedCounter(1000))
	r.settle()
	require.Empty(t, r.store.Violations())
	s := r.store.Series()[0]
	assert.Equal(t, promtest.Metadata{Type: int(typeCounter), Help: "how much", Unit: "bytes"}, s.Metadata)
	assert.Equal(t, []promtest.Sample{{T: 1000, V: 3, Start: 500}}, s.Samples)
	assert.Equal(t, []promtest.Exemplar{{T: 1000, V: 1}}, s.Exemplars)
	assert.EqualValues(t, 1, r.metric("num_exemplars_out"))
	assert.Zero(t, r.metric("num_metadata_dropped"))
	r.requireAddsUp()
}

func TestAStoreOfTheOldProtocolGetsTheSameBatch(t *testing.T) {
	badRequest := func(r promtest.Request) promtest.Answer {
		if r.Header.Get("X-Prometheus-Remote-Write-Version") == "2.0.0" {
			return promtest.Answer{Status: 400, Bare: true}
		}
		return promtest.Answer{}
	}
	for name, option := range map[string]promtest.Option{
		"415":                promtest.Refuses2(),
		"2xx without counts": promtest.Ignores2(),
		"400 before any 2.0": promtest.WithScript(badRequest),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil, option)
			for i := range int64(5) {
				r.send(describedCounter(1000 + i))
				r.settle()
			}
			require.Empty(t, r.store.Violations())
			assert.Len(t, r.store.Samples("orders"), 5)
			assert.Equal(t, 6, r.store.Counts().Requests, "2.0 is tried once")
			assert.EqualValues(t, 1, r.metric("num_fallbacks"))
			assert.EqualValues(t, 5, r.metric("num_metadata_dropped"))
			assert.Len(t, r.store.Series()[0].Exemplars, 5, "1.0 has exemplars")
			assert.Zero(t, r.metric("num_samples_dropped"))
			assert.Equal(t, 1, r.logs.FilterMessageSnippet("does not take this format").Len())
			r.requireAddsUp()
		})
	}
}

func TestA400AfterTheFirstSuccessBlamesTheData(t *testing.T) {
	r := newRig(t, nil, promtest.WithScript(promtest.Sequence(promtest.Answer{}, promtest.Answer{Status: 400, Bare: true})))
	for i := range int64(3) {
		r.send(describedCounter(1000 + i))
		r.settle()
	}
	assert.Equal(t, 1, r.droppedFor(nonRetryable))
	assert.Equal(t, 3, r.store.Counts().Requests)
	r.requireAddsUp()
}

func TestAProtocolThatIsAskedForIsNotLeft(t *testing.T) {
	for name, option := range map[string]promtest.Option{"415": promtest.Refuses2(), "2xx without counts": promtest.Ignores2()} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *Config) { c.Protocol = protocol2 }, option)
			r.send(describedCounter(1000))
			require.Equal(t, componentstatus.StatusRecoverableError, <-r.statuses)
			assert.EqualValues(t, 1, r.metric("slots_held"))
			assert.Zero(t, r.metric("num_samples_out"))
			assert.EqualValues(t, 1, r.metric("samples_pending"))
		})
	}
}

func TestZstdGoesToStoresThatTakeIt(t *testing.T) {
	zstandard := func(c *Config) { c.Compression = zstd }
	r := newRig(t, zstandard, promtest.TakesZstd(), promtest.Ignores2())
	r.send(describedCounter(1000))
	r.settle()
	require.Empty(t, r.store.Violations())
	assert.Equal(t, 2, r.store.Counts().Requests, "a store that ignores 2.0 is not asked for it twice")

	r = newRig(t, zstandard, promtest.TakesZstd(), promtest.WithScript(func(q promtest.Request) promtest.Answer {
		if q.Header.Get("Content-Encoding") == zstd {
			return promtest.Answer{Status: 415, Bare: true}
		}
		return promtest.Answer{}
	}))
	r.send(describedCounter(1000))
	r.settle()
	assert.EqualValues(t, 1, r.metric("num_samples_out"))
	assert.Equal(t, promtest.Metadata{Type: 1, Help: "how much", Unit: "bytes"}, r.store.Series()[0].Metadata, "2.0 in snappy comes next")
}

// An hour after a fallback one request of one slot asks again.
func TestABetterFormatIsTriedAgainHourly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFormats(createDefaultConfig().(*Config))
		two, one := format{protocol2, snappy}, format{protocol1, snappy}
		require.Equal(t, two, f.choose())
		next, ok, changed := f.leave(two, answer{status: http.StatusUnsupportedMediaType})
		assert.Equal(t, []any{one, true, true}, []any{next, ok, changed})
		_, ok, changed = f.leave(two, answer{status: http.StatusUnsupportedMediaType})
		assert.True(t, ok && !changed, "another slot heard the same")
		_, ok, _ = f.leave(one, answer{status: http.StatusUnsupportedMediaType})
		assert.False(t, ok, "there is nothing older")
		time.Sleep(59 * time.Minute)
		assert.Equal(t, one, f.choose())
		time.Sleep(time.Minute)
		assert.Equal(t, two, f.choose())
		assert.Equal(t, one, f.choose(), "one request asks, not all")
		f.leave(two, answer{status: 200})
		assert.Equal(t, one, f.choose())
		time.Sleep(time.Hour)
		require.Equal(t, two, f.choose())
		assert.True(t, f.take(two))
		assert.Equal(t, two, f.choose())
		assert.False(t, f.take(two))
	})
}

func TestAFailedProbeCostsOneRequest(t *testing.T) {
	answers := []http.Response{status(415), status(204), status(415), status(204)}
	onFakeTime(t, func(c *Config) { c.Protocol = protocolAuto }, answers, func(r *rig, store *clockwork) {
		r.send(describedCounter(1000))
		synctest.Wait()
		time.Sleep(time.Hour)
		r.send(describedCounter(2000))
		synctest.Wait()
		assert.Len(t, store.times, 4)
		assert.EqualValues(t, 2, r.metric("num_samples_out"))
		assert.EqualValues(t, 1, r.metric("num_fallbacks"))
	})
}

func TestPartialWritesAreCountedByKind(t *testing.T) {
	mixed := func(ms int64) pmetric.Metrics {
		b := newBatch().resource(flink...)
		for i := range 5 {
			b.gauge(fmt.Sprint("m", i), ms, 1)
		}
		exponentialPoint(b, ms, 3, []uint64{1})
		return b.md
	}
	wrote := func(samples, histograms string) http.Header {
		return http.Header{
			"X-Prometheus-Remote-Write-Samples-Written":    {samples},
			"X-Prometheus-Remote-Write-Histograms-Written": {histograms},
		}
	}
	for _, c := range []struct {
		name   string
		answer promtest.Answer
		out    float64
		why    reason
	}{
		{"a 2xx with fewer", promtest.Answer{Header: wrote("3", "0")}, 3, partial},
		{"one kind does not make up for another", promtest.Answer{Header: wrote("4", "9")}, 5, partial},
		{"a 4xx with some", promtest.Answer{Status: 400, Header: wrote("2", "1")}, 3, nonRetryable},
		{"a 4xx with none", promtest.Answer{Status: 400}, 0, nonRetryable},
		{"what is no number is none", promtest.Answer{Header: wrote("many", "-1")}, 0, partial},
	} {
		t.Run(c.name, func(t *testing.T) {
			var once sync.Once
			r := newRig(t, func(cfg *Config) { cfg.Batch.FlushTimeout = 100 * time.Millisecond },
				promtest.WithScript(func(promtest.Request) (a promtest.Answer) {
					once.Do(func() { a = c.answer })
					return a
				}))
			r.send(mixed(1000))
			r.settle()
			assert.Equal(t, 1, r.store.Counts().Requests, "nothing is sent again")
			assert.Equal(t, c.out, r.metric("num_samples_out"))
			assert.EqualValues(t, 6-c.out, r.droppedFor(c.why))
			r.requireAddsUp()
		})
	}
}
