package flinkprometheusreceiver

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"

	"weir.example/internal/flinktest"
)

const (
	counterA = "flink_taskmanager_job_task_numRecordsIn[subtask_index:0]"
	lineA    = "flink_taskmanager_job_task_numRecordsIn{subtask_index=\"0\",} "
	counterB = "flink_taskmanager_job_task_numRecordsIn[subtask_index:1]"
	lineB    = "flink_taskmanager_job_task_numRecordsIn{subtask_index=\"1\",} "
	mark     = "flink_taskmanager_job_task_currentInputWatermark[subtask_index:0]"
	lineMark = "flink_taskmanager_job_task_currentInputWatermark{subtask_index=\"0\",} "
)

// step is one scrape of a script: the body, or the reason of a failure, and whether the pipeline refuses it.
type step struct {
	body    string
	fail    string
	refuse  bool
	present map[string]string // series -> value@start, "stale@start"; nil: not looked at
}

func TestStartTimesAndStaleMarkers(t *testing.T) {
	for name, steps := range map[string][]step{
		"Weir's first scrape proves nothing": {
			{body: lineA + "5\n", present: map[string]string{counterA: "5@?"}},
			{body: lineA + "6\n", present: map[string]string{counterA: "6@?"}},
		},
		"a series that a complete scrape lacked starts after it": {
			{body: lineA + "5\n"},
			{body: lineA + "6\n" + lineB + "1\n", present: map[string]string{counterA: "6@?", counterB: "1@0"}},
			{body: lineA + "6\n" + lineB + "2\n", present: map[string]string{counterA: "6@?", counterB: "2@0"}},
		},
		"an incomplete scrape proves nothing, a complete one before it does": {
			{body: lineA + "5\n"},
			{body: "bad{\n" + lineA + "5\n"},
			{body: lineA + "6\n" + lineB + "1\n", present: map[string]string{counterA: "6@?", counterB: "1@0"}},
		},
		"an incomplete first scrape proves nothing": {
			{body: "bad{\n" + lineA + "5\n"},
			{body: lineA + "6\n" + lineB + "1\n", present: map[string]string{counterA: "6@?", counterB: "1@?"}},
		},
		"a fall is a new start": {
			{body: lineA + "5\n"},
			{body: lineA + "4\n", present: map[string]string{counterA: "4@0"}},
			{body: lineA + "3\n", present: map[string]string{counterA: "3@1"}},
		},
		"a series that returns no lower keeps its start": {
			{body: lineA + "5\n" + lineMark + "1\n"},
			{body: lineMark + "1\n", present: map[string]string{counterA: "stale@?", mark: "1@?"}},
			{body: lineMark + "1\n", present: map[string]string{mark: "1@?"}},
			{body: lineA + "5\n", present: map[string]string{counterA: "5@?", mark: "stale@?"}},
		},
		"a series that returns lower starts after the last scrape that lacked it": {
			{body: lineA + "5\n" + lineMark + "1\n"},
			{body: lineMark + "1\n"},
			{body: lineMark + "1\n"},
			{body: lineA + "4\n" + lineMark + "1\n", present: map[string]string{counterA: "4@2", mark: "1@?"}},
		},
		"a refused connection proves that nothing was there": {
			{fail: reasonRefused, present: map[string]string{}},
			{body: lineA + "5\n", present: map[string]string{counterA: "5@0"}},
		},
		"a refused connection does not outweigh a value that is no lower": {
			{body: lineA + "5\n"},
			{fail: reasonRefused, present: map[string]string{counterA: "stale@?"}},
			{body: lineA + "6\n" + lineB + "2\n", present: map[string]string{counterA: "6@?", counterB: "2@1"}},
		},
		"a timeout proves nothing": {
			{fail: reasonTimeout, present: map[string]string{}},
			{body: lineA + "5\n", present: map[string]string{counterA: "5@?"}},
		},
		"a scrape before a timeout still proves absence": {
			{body: lineA + "5\n"},
			{fail: reasonTimeout, present: map[string]string{counterA: "stale@?"}},
			{fail: reasonTruncated, present: map[string]string{}},
			{body: lineA + "5\n" + lineB + "2\n", present: map[string]string{counterA: "5@?", counterB: "2@0"}},
		},
		"a scrape that the pipeline refused did not happen": {
			{body: lineA + "5\n"},
			{body: lineA + "6\n" + lineB + "1\n", refuse: true},
			{body: lineA + "4\n" + lineB + "2\n", present: map[string]string{counterA: "4@0", counterB: "2@0"}},
		},
		"a stale marker that the pipeline refused is still owed": {
			{body: lineA + "5\n" + lineB + "1\n"},
			{body: lineB + "1\n", refuse: true},
			{body: lineB + "1\n", present: map[string]string{counterA: "stale@?", counterB: "1@?"}},
			{body: lineB + "1\n", present: map[string]string{counterB: "1@?"}},
		},
		"a refused refusal proves nothing": {
			{fail: reasonRefused, refuse: true},
			{body: lineA + "5\n", present: map[string]string{counterA: "5@?"}},
		},
		"a sentinel is not a value, and its series is not absent": {
			{body: lineMark + "-9.223372036854776E18\n", present: map[string]string{}},
			{body: lineMark + "7.0\n", present: map[string]string{mark: "7@?"}},
			{body: lineMark + "-9.223372036854776E18\n", present: map[string]string{mark: "stale@?"}},
			{body: lineMark + "-9.223372036854776E18\n", present: map[string]string{}},
			{body: "", present: map[string]string{}},
		},
		"NaN is no fall": {
			{body: lineA + "5\n"},
			{body: lineA + "NaN\n"},
			{body: lineA + "6\n", present: map[string]string{counterA: "6@?"}},
			{body: lineA + "NaN\n"},
			{body: lineA + "1\n", present: map[string]string{counterA: "1@3"}},
		},
		"an empty exposition is a complete one": {
			{body: lineA + "5\n"},
			{body: "", present: map[string]string{counterA: "stale@?"}},
			{body: lineA + "4\n", present: map[string]string{counterA: "4@1"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t, nil)
			for i, s := range steps {
				points := g.run(s)
				if s.refuse {
					require.Nil(t, points)
					continue
				}
				require.Equal(t, s.fail == "", points["up[]"].value == 1)
				if s.present != nil {
					assert.Equal(t, s.present, render(withoutReport(points)), "scrape %d", i)
				}
				for _, p := range points {
					require.Equal(t, at(i), p.time)
				}
			}
		})
	}
}

func (g *rig) run(s step) map[string]seen {
	g.body, g.err, g.refuse = s.body, nil, nil
	if s.fail != "" {
		g.body, g.err = "", failf(s.fail, "%s", s.fail)
	}
	if s.refuse {
		g.refuse = errors.New("no room")
	}
	return g.scrapeOnce()
}

// render writes points as value@start, where the start is the number of the scrape that proves it, or ?.
func render(points map[string]seen) map[string]string {
	out := map[string]string{}
	for key, p := range points {
		start := "?"
		for n := range 100 {
			if p.start == after(n) {
				start = fmt.Sprint(n)
			}
		}
		what := fmt.Sprint(p.value)
		if p.stale {
			what = "stale"
		}
		out[key] = what + "@" + start
	}
	return out
}

func TestSetBackClockProvesNothing(t *testing.T) {
	g := newRig(t, nil)
	g.run(step{body: lineA + "5\n"})
	g.clock = g.clock.Add(-time.Hour)
	points := g.run(step{body: lineA + "4\n" + lineB + "1\n"})
	assert.Zero(t, points[counterA].start)
	assert.Zero(t, points[counterB].start)
}

func TestVanishedSeriesAreRememberedForAWhile(t *testing.T) {
	t.Run("forgotten after max(5 min, 10 intervals), its absence being proven", func(t *testing.T) {
		g := newRig(t, nil)
		g.run(step{body: lineA + "5\n"})
		for range 40 {
			g.run(step{body: lineB + "1\n"})
		}
		assert.Equal(t, 1, g.catalog.live())
		assert.Equal(t, "6@40", render(g.run(step{body: lineA + "6\n"}))[counterA])
	})
	t.Run("forgotten while the target timed out, so that nothing is proven", func(t *testing.T) {
		g := newRig(t, nil)
		g.run(step{body: lineA + "5\n"})
		for range 40 {
			g.run(step{fail: reasonTimeout})
		}
		assert.Zero(t, g.catalog.live())
		assert.Empty(t, g.catalog.lines)
		assert.Equal(t, "6@?", render(g.run(step{body: lineA + "6\n"}))[counterA])
	})
	t.Run("nothing of bodies that broke off, however they differ", func(t *testing.T) {
		g := newRig(t, nil)
		g.run(step{body: lineA + "5\n" + lineB + "1\n"})
		for i := range 100 {
			g.broken = fmt.Sprintf("flink_x{a=\"%d\"} 1\n", i) + lineB + "2\n"
			g.run(step{fail: reasonTruncated})
		}
		g.broken = ""
		assert.LessOrEqual(t, len(g.catalog.lines), 2)
		got := render(g.run(step{body: lineA + "6\n" + lineB + "3\n"}))
		assert.Equal(t, "6@?", got[counterA], "100 failures later it is forgotten")
		assert.Len(t, g.catalog.lines, 2)
		assert.Equal(t, 2, g.catalog.live())
	})
	t.Run("no more than limits.series", func(t *testing.T) {
		g := newRig(t, func(c *Config) { c.Limits.Series = 10 })
		for i := range 50 {
			g.run(step{body: fmt.Sprintf("flink_x{a=\"%d\"} 1\nflink_x{b=\"%d\"} 1\n", i, i)})
			require.LessOrEqual(t, g.catalog.live(), 12)
		}
	})
	t.Run("nothing of what the pipeline never took", func(t *testing.T) {
		g := newRig(t, nil)
		for i := range 200 {
			g.run(step{body: fmt.Sprintf("flink_x%d{host=\"%d\"} 1\n", i, i), refuse: true})
		}
		assert.Equal(t, 1, g.catalog.live())
		assert.Len(t, g.catalog.lines, 1)
		assert.Len(t, g.catalog.families, 0)
		assert.Less(t, len(g.catalog.byName)+len(g.catalog.entities), 80)
	})
}

// told is one delivered scrape, as the slow model remembers it.
type told struct {
	t        pcommon.Timestamp
	complete bool
	refused  bool
	exposed  map[string]float64
	starts   map[string]pcommon.Timestamp
	valued   map[string]bool
}

// model decides from the whole log of delivered scrapes what the next one must give.
type slowModel struct{ log []told }

func (m *slowModel) start(series string, v float64, t pcommon.Timestamp) pcommon.Timestamp {
	var proof pcommon.Timestamp
	var last *told
	for i := range m.log {
		e := &m.log[i]
		_, exposed := e.exposed[series]
		if exposed {
			last = e
		}
		if exposed || e.refused || e.complete {
			proof = e.t
		}
	}
	if last != nil && v >= last.exposed[series] {
		return last.starts[series]
	}
	if proof == 0 {
		return 0
	}
	return proof + pcommon.Timestamp(time.Millisecond)
}

// next returns the points that a scrape must give and logs it if it is delivered.
func (m *slowModel) next(e told, delivered bool) map[string]seen {
	points := map[string]seen{}
	e.starts, e.valued = map[string]pcommon.Timestamp{}, map[string]bool{}
	before := told{}
	if len(m.log) > 0 {
		before = m.log[len(m.log)-1]
	}
	for series, v := range e.exposed {
		p := seen{value: v, sum: !strings.Contains(series, "Watermark"), time: e.t}
		if p.sum {
			p.start = m.start(series, v, e.t)
		}
		e.starts[series] = p.start
		if v == sentinel {
			if !before.valued[series] {
				continue
			}
			p.stale, p.value = true, math.NaN()
		} else {
			e.valued[series] = true
		}
		points[series] = p
	}
	for series := range before.valued {
		if _, still := e.exposed[series]; !still {
			points[series] = seen{value: math.NaN(), stale: true, sum: !strings.Contains(series, "Watermark"), start: before.starts[series], time: e.t}
		}
	}
	if delivered {
		m.log = append(m.log, e)
	}
	return points
}

// TestHistoryLaw states: whatever happens to a target and its pipeline, each delivered point has the start time, and
// each vanished series the stale marker, that the log of all delivered scrapes calls for.
func TestHistoryLaw(t *testing.T) {
	names := map[string]string{
		"flink_taskmanager_job_task_numRecordsIn[subtask_index:0]":          "flink_taskmanager_job_task_numRecordsIn{subtask_index=\"0\",}",
		"flink_taskmanager_job_task_numRecordsIn[subtask_index:1]":          "flink_taskmanager_job_task_numRecordsIn{subtask_index=\"1\",}",
		"flink_taskmanager_job_task_numRecordsIn[subtask_index:2]":          "flink_taskmanager_job_task_numRecordsIn{subtask_index=\"2\",}",
		"flink_taskmanager_job_task_currentInputWatermark[subtask_index:0]": "flink_taskmanager_job_task_currentInputWatermark{subtask_index=\"0\",}",
		"flink_taskmanager_job_task_currentInputWatermark[subtask_index:1]": "flink_taskmanager_job_task_currentInputWatermark{subtask_index=\"1\",}",
	}
	series := slices.Sorted(maps.Keys(names))
	rapid.Check(t, func(t *rapid.T) {
		g, m := newRig(t, nil), &slowModel{}
		for range rapid.IntRange(1, 25).Draw(t, "scrapes") {
			event := rapid.SampledFrom([]string{"ok", "ok", "ok", "incomplete", "limit", reasonRefused, reasonTimeout, reasonTruncated}).Draw(t, "event")
			delivered := rapid.IntRange(0, 4).Draw(t, "pipeline") > 0
			e := told{t: pcommon.NewTimestampFromTime(g.clock), exposed: map[string]float64{}, refused: event == reasonRefused, complete: event == "ok"}
			s := step{refuse: !delivered}
			for _, name := range rapid.Permutation(series).Draw(t, "order") {
				v := rapid.SampledFrom([]float64{-1, -1, 0, 1, 2, 3, 4, sentinel}).Draw(t, name)
				if v == -1 {
					continue
				}
				s.body += fmt.Sprintf("%s %v\n", names[name], v)
				e.exposed[name] = v
			}
			switch event {
			case "ok":
			case "incomplete":
				s.body = "flink_bad{ 1\n# TYPE flink_x gauge\n" + s.body
			case "limit":
				s.body += strings.Repeat("flink_x 1\n", 100_001)
				e.exposed = nil
			default:
				s.fail, e.exposed = event, nil
			}
			want := m.next(e, delivered)
			got := g.run(s)
			if !delivered {
				require.Nil(t, got)
				continue
			}
			require.Equal(t, len(e.exposed) > 0 || event == "ok" || event == "incomplete", got["up[]"].value == 1)
			require.Equal(t, fmt.Sprint(want), fmt.Sprint(withoutReport(got)))
		}
	})
}

func scenario(t *testing.T, name string) map[string][]flinktest.Page {
	t.Helper()
	processes, err := flinktest.Scenario("1.20.3", name)
	require.NoError(t, err)
	pages := map[string][]flinktest.Page{}
	for _, p := range processes {
		pages[p.Name] = p.Pages
	}
	return pages
}

// tally counts points by what they are.
func tally(points map[string]seen) (values, stale, started int) {
	for _, p := range withoutReport(points) {
		switch {
		case p.stale:
			stale++
		default:
			values++
			if p.sum && p.start != 0 {
				started++
			}
		}
	}
	return values, stale, started
}

func TestRestartScenario(t *testing.T) {
	g := newRig(t, nil)
	pages := scenario(t, "restart")["taskmanager-1"]
	first := g.page(pages[0])
	_, stale, started := tally(first)
	assert.Zero(t, stale)
	assert.Zero(t, started)
	gap := g.page(pages[1])
	_, stale, _ = tally(gap)
	assert.Positive(t, stale, "the series of the failed region end")
	back := g.page(pages[2])
	_, stale, started = tally(back)
	assert.Zero(t, stale, "each of them once")
	assert.Positive(t, started)
	for key, p := range back {
		old, was := first[key]
		_, between := gap[key]
		if p.sum && !was && !between {
			assert.Equal(t, after(1), p.start, key)
		}
		if p.sum && was && !old.stale && p.value >= old.value {
			assert.Zero(t, p.start, key)
		}
	}
	for i := 3; i < len(pages); i++ {
		points := g.page(pages[i])
		for key, p := range points {
			if before, ok := back[key]; ok && p.sum && !p.stale {
				assert.Equal(t, before.start, p.start, key)
			}
		}
	}
}

func TestCancelScenario(t *testing.T) {
	pages := scenario(t, "cancel")
	for process, gone := range map[string]int{"jobmanager": 26, "taskmanager-1": 366, "taskmanager-2": 366} {
		g := newRig(t, nil)
		before, _, _ := tally(g.page(pages[process][0]))
		after, stale, _ := tally(g.page(pages[process][1]))
		assert.Equal(t, gone, len(strings.Split(string(pages[process][0].Body), "} "))-len(strings.Split(string(pages[process][1].Body), "} ")))
		assert.Equal(t, before-after, stale, process)
		_, stale, _ = tally(g.page(pages[process][2]))
		assert.LessOrEqual(t, stale, 1, process)
	}
}

func TestTaskManagerKillScenario(t *testing.T) {
	g := newRig(t, nil)
	pages := scenario(t, "tm-kill")["taskmanager-2"]
	alive, _, _ := tally(g.page(pages[0]))
	down := g.page(pages[1])
	assert.Zero(t, down["up[]"].value)
	assert.Zero(t, down["scrape_samples_scraped[]"].value)
	values, stale, _ := tally(down)
	assert.Zero(t, values)
	assert.Equal(t, alive, stale, "every series of the target ends")
	for i := 2; i < 9; i++ {
		points := g.page(pages[i])
		assert.Zero(t, points["up[]"].value)
		assert.Empty(t, withoutReport(points), "once")
	}
	back := g.page(pages[9])
	assert.Equal(t, 1.0, back["up[]"].value)
	for key, p := range withoutReport(back) {
		if p.sum {
			assert.Equal(t, after(8), p.start, key)
		}
	}
	assert.Equal(t, 1, g.logs.FilterMessage("target is down").Len())
	assert.Equal(t, 1, g.logs.FilterMessage("target is up again").Len())
}
