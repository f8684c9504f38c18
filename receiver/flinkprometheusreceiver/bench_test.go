package flinkprometheusreceiver

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/internal/flinktest"
)

// largeBodies returns two scrapes of a TaskManager of 4,140 series, in the order in which they are scraped by turns.
func largeBodies(b *testing.B) [2][]byte {
	processes, err := flinktest.Scenario("1.20.3", "parallelism")
	require.NoError(b, err)
	for _, p := range processes {
		if p.Name == "taskmanager-1" {
			return [2][]byte{p.Pages[1].Body, p.Pages[2].Body}
		}
	}
	b.Fatal("no taskmanager-1")
	return [2][]byte{}
}

// BenchmarkRead parses bodies whose lines are known, as in all scrapes of a target but the first.
func BenchmarkRead(b *testing.B) {
	benchmark(b, func(*reading, *history, *builder, pcommon.Timestamp, uint32) {})
}

// BenchmarkScrape does all but the request and the pipeline.
func BenchmarkScrape(b *testing.B) {
	supply := newStock()
	benchmark(b, func(r *reading, h *history, builder *builder, t pcommon.Timestamp, scan uint32) {
		h.judge(r, t, scan)
		md, _ := builder.build(supply, r, report{up: true}, t, scan)
		supply.put(md, true)
		h.commit(r, t, scan)
	})
}

// BenchmarkSave does what `storage` adds to the scrapes of BenchmarkScrape, without the storage's own part: here the
// record of the values is copied, and no more. Each tenth scrape begins or ends a series, which writes the layout too.
func BenchmarkSave(b *testing.B) {
	for name, churn := range map[string]bool{"steady": false, "churn": true} {
		b.Run(name, func(b *testing.B) {
			body := string(largeBodies(b)[0])
			s := newShelf()
			g := life(b, s, time.Unix(1_800_000_000, 0), nil)
			g.body = body
			g.scrapeOnce()
			g.scraper.read(context.Background())
			h, r, c := g.history, &g.reading, g.catalog
			t := pcommon.NewTimestampFromTime(g.clock)
			h.judge(r, t, c.scan)
			s.written = 0
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if churn && i%10 == 0 {
					g.memory.exposed = -1
				}
				g.memory.save(context.Background(), c, h, r, t)
			}
			samples := float64(b.N * r.samples)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/samples, "ns/sample")
			b.ReportMetric(float64(s.written)/samples, "B/sample")
		})
	}
}

func benchmark(b *testing.B, rest func(*reading, *history, *builder, pcommon.Timestamp, uint32)) {
	bodies := largeBodies(b)
	cfg := createDefaultConfig().(*Config)
	c := newCatalog(newNaming(cfg), false)
	h, builder := newHistory(cfg, c.table), newBuilder("flink", "tm:9249", c.table)
	var r reading
	samples, t := 0, pcommon.Timestamp(0)
	scrape := func(i int) {
		r.reset()
		c.begin()
		require.NoError(b, c.read(bodies[i%2], &r, cfg.Limits))
		require.NoError(b, c.end(&r, h.remembered()))
		t += 15e9
		rest(&r, h, builder, t, c.scan)
		samples += r.samples
	}
	scrape(0)
	scrape(1)
	samples = 0
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		scrape(i)
		i++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(samples), "ns/sample")
}

// BenchmarkFirstRead parses bodies of which nothing is known.
func BenchmarkFirstRead(b *testing.B) {
	bodies := largeBodies(b)
	cfg := createDefaultConfig().(*Config)
	b.ReportAllocs()
	for b.Loop() {
		c := newCatalog(newNaming(cfg), false)
		c.begin()
		require.NoError(b, c.read(bodies[0], &reading{}, cfg.Limits))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4140, "ns/sample")
}

// BenchmarkParseValue reads the values that Flink writes.
func BenchmarkParseValue(b *testing.B) {
	for i, value := range []string{" 0.0", " 4.0857056E7", " 15.799999999999983"} {
		b.Run(strconv.Itoa(i), func(b *testing.B) {
			given := []byte(value)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = parseValue(given)
			}
		})
	}
}
