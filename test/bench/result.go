package main

import (
	"fmt"
	"slices"
	"time"
)

// result is a row of the table.
type result struct {
	contender
	cpu        spread            // CPU seconds per million scraped samples, a window each
	times      map[string]spread // cpu as a multiple of that of another contender of the round, window by window
	rss, peak  float64           // bytes: median over the windows, and highest ever
	anon       float64           // of rss what is in no file: heap and stacks, without program text
	perSeries  float64           // rss per active series
	wire       float64           // bytes per sample written, over the windows
	delay      time.Duration     // from a sample's time to its arrival, mean over the windows
	served     int64
	lost       int64 // served and not arrived; 0 where samples are merged
	extra      int64 // series that arrived beyond those that were served; 0 where samples are merged
	disordered int64
	duplicates int64
	stale      int64
	behind     bool // less than nine tenths of the scraped samples arrived in some window
}

// spread is a figure of several windows.
type spread []float64

func (s spread) sorted() spread { return slices.Sorted(slices.Values(s)) }

func (s spread) median() float64 {
	v, n := s.sorted(), len(s)
	if n == 0 {
		return 0
	}
	return (v[(n-1)/2] + v[n/2]) / 2
}

// format writes the median and the range.
func (s spread) format(digits int) string {
	if len(s) == 0 {
		return "-"
	}
	v := s.sorted()
	return fmt.Sprintf("%.*f [%.*f-%.*f]", digits, s.median(), digits, v[0], digits, v[len(v)-1])
}

// cost is the CPU seconds per million samples scraped between two marks.
func cost(from, to mark) float64 {
	scraped := to.served.samples - from.served.samples
	return (to.cpu - from.cpu).Seconds() / float64(max(scraped, 1)) * 1e6
}

// describe tells of the newest window.
func (c *runner) describe() string {
	from, to := c.marks[len(c.marks)-2], c.marks[len(c.marks)-1]
	return fmt.Sprintf("%-20s %6.2f CPU s per million, %.2f s, scraped %d, arrived %d, RSS %.0f MB", c.Name, cost(from, to), (to.cpu - from.cpu).Seconds(),
		to.served.samples-from.served.samples, to.arrived.samples-from.arrived.samples, memory(c.process.PID(), "VmRSS")/1e6)
}

// finish forms the result of a contender that has ended.
func (c *runner) finish(b *bench, peak float64) {
	first, last, end := c.marks[0], c.marks[len(c.marks)-1], b.sink.stats(c.Name)
	r := &c.result
	r.contender = c.contender
	for i, to := range c.marks[1:] {
		from := c.marks[i]
		r.cpu = append(r.cpu, cost(from, to))
		if c.Steps != merged && (to.arrived.samples-from.arrived.samples)*10 < (to.served.samples-from.served.samples)*9 {
			r.behind = true
		}
	}
	r.rss, r.anon, r.peak = spread(c.rss).median(), spread(c.anon).median(), peak
	r.perSeries = r.rss / float64(b.source.series)
	written := float64(max(last.arrived.samples-first.arrived.samples, 1))
	r.wire = float64(last.arrived.wire-first.arrived.wire) / written
	r.delay = time.Duration(float64(last.arrived.delay-first.arrived.delay) / written)
	r.served = b.source.stats(c.Name).samples
	if c.Steps != merged {
		r.lost = r.served - end.samples
		r.extra = end.series - int64(b.source.series)
	}
	r.disordered, r.duplicates, r.stale = end.disordered, end.duplicates, end.stale
}

// yardsticks are the contenders that all others are compared with.
var yardsticks = []string{"vmagent", "prometheus", "otelcol"}

// compare forms ratios window by window, since the speed of the machine moves.
func compare(runners []*runner) {
	for _, other := range runners {
		if !slices.Contains(yardsticks, other.Name) {
			continue
		}
		for _, c := range runners {
			if c.result.times == nil {
				c.result.times = map[string]spread{}
			}
			for i, cpu := range c.result.cpu {
				c.result.times[other.Name] = append(c.result.times[other.Name], cpu/other.result.cpu[i])
			}
		}
	}
}
