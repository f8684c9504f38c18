package flinkprometheusreceiver

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

func TestOneProcessorIsLeftToTheExporters(t *testing.T) {
	require.Equal(t, max(1, runtime.GOMAXPROCS(0)-1), cap(newTurns()))
}

func TestNoMoreScrapesAreHandedOnAtATimeThanThereAreTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := make(turns, 2)
		var now, most, all atomic.Int32
		for range 10 {
			g := newRig(t, nil)
			g.scraper.turns = shared
			g.scraper.next = sinkFunc(func(pmetric.Metrics) error {
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(time.Second)
				now.Add(-1)
				all.Add(1)
				return nil
			})
			g.body = "flink_a 1\n"
			go g.scraper.scrape(t.Context())
		}
		synctest.Wait()
		assert.EqualValues(t, 2, now.Load(), "the others wait")
		time.Sleep(10 * time.Second)
		assert.EqualValues(t, 2, most.Load())
		assert.EqualValues(t, 10, all.Load())
	})
}

func TestAScrapeWithoutATurnIsUndelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t, nil)
		g.scraper.turns = make(turns, 1)
		require.NoError(t, g.scraper.turns.take(context.Background()))
		g.body = "flink_a 1\n"
		began := time.Now()
		require.Nil(t, g.scrapeOnce())
		assert.Equal(t, g.scraper.interval, time.Since(began))
		require.Equal(t, 1, g.logs.FilterMessage("pipeline refuses scrapes").Len())
		refused, err := g.tel.GetMetric("otelcol_receiver_refused_metric_points")
		require.NoError(t, err)
		assert.EqualValues(t, 1+reportSize, refused.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
		g.scraper.turns.end()
		require.NotNil(t, g.scrapeOnce(), "the next one is as if it had not been")
	})
}
