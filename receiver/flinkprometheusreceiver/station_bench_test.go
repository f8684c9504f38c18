package flinkprometheusreceiver

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/cputime"
	"weir.example/internal/flinktest"
	"weir.example/internal/lease"
)

// The benchmarks of this file are stations and yardsticks of `make ratios`. Pages are those of a TaskManager.

const pageSamples = 4140

// answering answers each request with the next of its bodies, compressed as Flink's reporter does it.
type answering struct {
	bodies [][]byte
	n      int
}

func answeringWith(bodies ...[]byte) *answering {
	a := &answering{}
	for _, body := range bodies {
		a.bodies = append(a.bodies, zipped(string(body)))
	}
	return a
}

func (a *answering) next() []byte {
	a.n++
	return a.bodies[a.n%len(a.bodies)]
}

func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(bytes.NewReader(a.next())),
		Header: http.Header{"Content-Encoding": {"gzip"}, "Content-Type": {"text/plain; version=0.0.4"}},
	}, nil
}

func (a *answering) fetcher(b *testing.B) *fetcher {
	targets, err := parseTargets([]string{"tm:9249"})
	require.NoError(b, err)
	f := newFetcher(&http.Client{Transport: a}, createDefaultConfig().(*Config), targets[0])
	f.pause = 0
	return f
}

// BenchmarkFetch decompresses pages, from the answer's header to pieces of whole lines.
func BenchmarkFetch(b *testing.B) {
	bodies := largeBodies(b)
	f := answeringWith(bodies[0], bodies[1]).fetcher(b)
	cputime.Loop(b, pageSamples, func() {
		if err := f.get(context.Background(), func([]byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkGunzip is the yardstick of BenchmarkFetch: the same bytes, decompressed and thrown away.
func BenchmarkGunzip(b *testing.B) {
	bodies := largeBodies(b)
	pages := answeringWith(bodies[0], bodies[1])
	var z gzip.Reader
	var from bytes.Reader
	buf := make([]byte, 64<<10)
	cputime.Loop(b, pageSamples, func() {
		from.Reset(pages.next())
		err := z.Reset(&from)
		for err == nil {
			_, err = z.Read(buf)
		}
		if err != io.EOF {
			b.Fatal(err)
		}
	})
}

// BenchmarkParse reads pages whose lines are known.
func BenchmarkParse(b *testing.B) {
	bodies := largeBodies(b)
	cfg := createDefaultConfig().(*Config)
	c := newCatalog(newNaming(cfg), false)
	h := newHistory(cfg, c.table)
	var r reading
	n := 0
	parse := func() {
		r.reset()
		c.begin()
		if c.read(bodies[n%2], &r, cfg.Limits) != nil || c.end(&r, h.remembered()) != nil || len(r.points) != pageSamples {
			b.Fatalf("%d points", len(r.points))
		}
		n++
	}
	parse()
	cputime.Loop(b, pageSamples, parse)
}

// BenchmarkParseNew reads a page of which nothing is known.
func BenchmarkParseNew(b *testing.B) {
	body := largeBodies(b)[0]
	cfg := createDefaultConfig().(*Config)
	cputime.Loop(b, pageSamples, func() {
		c := newCatalog(newNaming(cfg), false)
		c.begin()
		if err := c.read(body, &reading{}, cfg.Limits); err != nil {
			b.Fatal(err)
		}
	})
}

// scraping scrapes pages by turns, all of a scrape but the network and the pipeline, which gives back what it got.
func scraping(b *testing.B, every time.Duration, bodies ...[]byte) {
	g := newRig(b, nil)
	g.scraper.get = answeringWith(bodies...).fetcher(b).get
	points := 0
	g.scraper.next, _ = consumer.NewMetrics(func(ctx context.Context, md pmetric.Metrics) error {
		points = md.DataPointCount()
		lease.Return(ctx, md)
		return nil
	})
	scrape := func() {
		g.scraper.scrape(context.Background())
		g.clock = g.clock.Add(every)
	}
	scrape()
	scrape()
	cputime.Loop(b, pageSamples, scrape)
	require.Greater(b, points, 4000)
}

// BenchmarkScrapeKnown scrapes pages of the same series.
func BenchmarkScrapeKnown(b *testing.B) {
	bodies := largeBodies(b)
	scraping(b, 10*time.Second, bodies[0], bodies[1])
}

// BenchmarkScrapeRestarted scrapes a TaskManager whose job has restarted since the scrape before, so long after its last
// restart that nearly all series are new and as many have ended.
func BenchmarkScrapeRestarted(b *testing.B) {
	x := flinktest.LargeTaskManager()
	x.Restarts = []int{1}
	scraping(b, time.Hour, x.Page(0).Body, x.Page(1).Body)
}

// BenchmarkBuild makes pdata of a reading, for a pipeline that gives it back.
func BenchmarkBuild(b *testing.B) {
	cfg := createDefaultConfig().(*Config)
	c := newCatalog(newNaming(cfg), false)
	h, builder, supply := newHistory(cfg, c.table), newBuilder("flink", "tm:9249", c.table), newStock()
	var r reading
	r.reset()
	c.begin()
	require.NoError(b, c.read(largeBodies(b)[0], &r, cfg.Limits))
	require.NoError(b, c.end(&r, h.remembered()))
	const t = pcommon.Timestamp(15e9)
	h.judge(&r, t, c.scan)
	cputime.Loop(b, pageSamples, func() {
		c.scan++
		md, _ := builder.build(supply, &r, report{up: true}, t, c.scan)
		supply.put(md, true)
	})
}

// BenchmarkCopy is the yardstick of BenchmarkBuild: pdata's own copy of what is built.
func BenchmarkCopy(b *testing.B) {
	g := newRig(b, nil)
	g.body = string(largeBodies(b)[0])
	g.scrapeOnce()
	from := g.got[0]
	cputime.Loop(b, pageSamples, func() { from.CopyTo(pmetric.NewMetrics()) })
}
