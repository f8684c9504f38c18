package flinkprometheusreceiver

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"weir.example/receiver/flinkprometheusreceiver/internal/metadata"
)

// shelf is a storage extension in memory whose disk can be full or broken.
type shelf struct {
	component.StartFunc
	component.ShutdownFunc
	entries      map[string][]byte
	full, broken bool
	written      int
}

func newShelf() *shelf { return &shelf{entries: map[string][]byte{}} }

func (s *shelf) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return s, nil
}

func (s *shelf) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := s.Batch(ctx, op)
	return op.Value, err
}

func (s *shelf) Set(ctx context.Context, key string, value []byte) error {
	return s.Batch(ctx, storage.SetOperation(key, value))
}

func (s *shelf) Delete(ctx context.Context, key string) error {
	return s.Batch(ctx, storage.DeleteOperation(key))
}

func (s *shelf) Batch(_ context.Context, ops ...*storage.Operation) error {
	for _, op := range ops {
		if s.broken || (s.full && op.Type == storage.Set) {
			return storage.ErrStorageFull
		}
	}
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = slices.Clone(s.entries[op.Key])
		case storage.Set:
			s.entries[op.Key] = slices.Clone(op.Value)
			s.written += len(op.Value)
		case storage.Delete:
			delete(s.entries, op.Key)
		}
	}
	return nil
}

func (*shelf) Close(context.Context) error { return nil }

// life starts a scraper that remembers on a shelf.
func life(t testingT, s *shelf, clock time.Time, edit func(*Config)) *rig {
	t.Helper()
	g := newRig(t, edit)
	g.clock = clock
	g.remember(t, s, edit)
	return g
}

func (g *rig) remember(t testingT, s *shelf, edit func(*Config)) {
	cfg := createDefaultConfig().(*Config)
	if edit != nil {
		edit(cfg)
	}
	parsed, err := parseTargets([]string{"tm:9249"})
	require.NoError(t, err)
	a := &archive{client: s, log: zap.New(g.core), now: g.scraper.now}
	g.scraper.recall(a.memory(parsed[0], fingerprint(cfg)))
}

func TestRestarts(t *testing.T) {
	type life = []step
	for name, lives := range map[string][]life{
		"a series that the last complete scrape lacked starts after it": {
			{{body: lineA + "5\n"}},
			{{body: lineA + "6\n" + lineB + "1\n", present: map[string]string{counterA: "6@?", counterB: "1@0"}}},
		},
		"a known start is kept": {
			{{body: ""}, {body: lineA + "5\n", present: map[string]string{counterA: "5@0"}}},
			{{body: lineA + "5\n", present: map[string]string{counterA: "5@0"}}, {body: lineA + "6\n", present: map[string]string{counterA: "6@0"}}},
			{{body: lineA + "6\n", present: map[string]string{counterA: "6@0"}}},
		},
		"a value that fell is a new start": {
			{{body: lineA + "5\n"}},
			{{body: lineA + "4\n", present: map[string]string{counterA: "4@0"}}},
			{{body: lineA + "3\n", present: map[string]string{counterA: "3@1"}}},
		},
		"a series that had vanished and returns no lower keeps its start": {
			{{body: ""}, {body: lineA + "5\n"}, {body: ""}},
			{{body: lineA + "5\n", present: map[string]string{counterA: "5@0"}}},
		},
		"a series that had vanished and returns lower starts after the last scrape that lacked it": {
			{{body: ""}, {body: lineA + "5\n"}, {body: ""}},
			{{body: lineA + "4\n", present: map[string]string{counterA: "4@2"}}},
		},
		"what did not come back yet is known two lives later": {
			{{body: ""}, {body: lineA + "5\n"}},
			{{fail: reasonTimeout}},
			{{body: lineA + "5\n" + lineB + "1\n", present: map[string]string{counterA: "5@0", counterB: "1@1"}}},
		},
		"a refused connection is remembered": {
			{{fail: reasonRefused}},
			{{body: lineA + "4\n", present: map[string]string{counterA: "4@0"}}},
		},
		"an incomplete scrape proves nothing": {
			{{body: "bad{\n" + lineA + "5\n"}},
			{{body: lineA + "5\n" + lineB + "1\n", present: map[string]string{counterA: "5@?", counterB: "1@?"}}},
		},
		"a value that is no number does not hide a fall": {
			{{body: lineA + "5\n"}},
			{{body: lineA + "NaN\n"}},
			{{body: lineA + "1\n", present: map[string]string{counterA: "1@1"}}},
		},
		"a gauge that is a sum since is not new": {
			{{body: "# TYPE x gauge\nx 1\n"}},
			{{body: "# TYPE x counter\nx 2\ny_count 1\n", present: map[string]string{"x[]": "2@?", "y_count[]": "1@?"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, clock, n := newShelf(), time.Unix(1_800_000_000, 0), 0
			for _, steps := range lives {
				g := newRig(t, nil)
				g.clock = clock
				g.remember(t, s, nil)
				for _, step := range steps {
					points := g.run(step)
					if step.present != nil {
						assert.Equal(t, step.present, render(withoutReport(points)), "scrape %d", n)
					}
					n++
				}
				clock = g.clock
				require.Zero(t, g.logs.FilterMessageSnippet("stored").Len())
			}
		})
	}
}

func TestOtherFiltersProveNothing(t *testing.T) {
	s := newShelf()
	g := life(t, s, time.Unix(1_800_000_000, 0), nil)
	g.run(step{body: ""})
	g.run(step{body: lineA + "5\n"})
	g = life(t, s, g.clock, func(c *Config) { c.Limits.LineLength = 5000 })
	got := render(withoutReport(g.run(step{body: lineA + "5\n" + lineB + "1\n"})))
	assert.Equal(t, map[string]string{counterA: "5@0", counterB: "1@?"}, got, "a start that was known is still true")
	seen := map[uint64]bool{}
	for _, edit := range []func(*Config){
		func(*Config) {}, func(c *Config) { c.Metrics.Include = []string{"a"} }, func(c *Config) { c.Metrics.Exclude = []string{"a"} },
		func(c *Config) { c.Limits.Series = 7 }, func(c *Config) { c.Counters = []string{"a"} },
		func(c *Config) { c.EntityAttributes = attributesPoint },
	} {
		cfg := createDefaultConfig().(*Config)
		edit(cfg)
		seen[fingerprint(cfg)] = true
	}
	assert.Len(t, seen, 6)
}

func TestWhatIsADayOldCountsAsNothing(t *testing.T) {
	s := newShelf()
	g := life(t, s, time.Unix(1_800_000_000, 0), nil)
	g.run(step{body: ""})
	g = life(t, s, g.clock.Add(forgetAfter), nil)
	assert.Zero(t, g.run(step{body: lineA + "5\n"})[counterA].start)
}

func TestRecordsThatCannotBeReadCountAsNothing(t *testing.T) {
	for name, spoil := range map[string]func(layout, values []byte) ([]byte, []byte){
		"an empty layout":   func(_, v []byte) ([]byte, []byte) { return nil, v },
		"a short layout":    func(l, v []byte) ([]byte, []byte) { return l[:len(l)-1], v },
		"a flipped bit":     func(l, v []byte) ([]byte, []byte) { v[20] ^= 1; return l, v },
		"another version":   func(l, v []byte) ([]byte, []byte) { l[0] = 9; return l, v },
		"values of another": func(l, _ []byte) ([]byte, []byte) { return l, newSealed(77, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			g := life(t, s, time.Unix(1_800_000_000, 0), nil)
			g.run(step{body: ""})
			g.run(step{body: lineA + "5\n"})
			m := g.memory
			s.entries[m.layoutKey()], s.entries[m.valuesKey()] = spoil(s.entries[m.layoutKey()], s.entries[m.valuesKey()])
			g = life(t, s, g.clock, nil)
			assert.Equal(t, 1, g.logs.FilterMessage("what is stored of the target cannot be read: nothing counts as known").Len())
			assert.Zero(t, g.run(step{body: lineA + "5\n"})[counterA].start)
			g = life(t, s, g.clock, nil)
			assert.Zero(t, g.logs.Len(), "and all is well")
		})
	}
}

func newSealed(generation uint64, n int) []byte {
	v := newValues(nil, &layout{generation: generation, series: make([]entry, n)})
	seal(v, 1, 2, 3)
	return v
}

func TestStorageThatFailsCostsProofsAndIsToldOnce(t *testing.T) {
	s := newShelf()
	g := life(t, s, time.Unix(1_800_000_000, 0), nil)
	g.run(step{body: ""})
	s.full = true
	for range 3 {
		assert.Len(t, withoutReport(g.run(step{body: lineA + "5\n"})), 1, "scrapes go on")
	}
	assert.Empty(t, s.entries, "what is older than what was delivered is removed")
	s.full = false
	g.run(step{body: lineA + "6\n"})
	assert.Equal(t, 2, g.logs.Len())
	g = life(t, s, g.clock, nil)
	assert.Equal(t, "6@0", render(g.run(step{body: lineA + "6\n"}))[counterA])
}

func TestOnlyValuesAreWrittenWhileNothingBeginsOrEnds(t *testing.T) {
	s := newShelf()
	g := life(t, s, time.Unix(1_800_000_000, 0), nil)
	pages := scenario(t, "parallelism")["taskmanager-1"]
	sums := 0
	for _, p := range g.page(pages[1]) {
		if p.sum {
			sums++
		}
	}
	first := s.written
	g.page(pages[1])
	assert.Equal(t, valuesHeadSize+8*sums+crcSize, s.written-first)
	t.Logf("%d sums: %d bytes with a new layout, %d bytes each scrape", sums, first, s.written-first)
}

func TestTargetsThatAreGoneForADayAreRemoved(t *testing.T) {
	s := newShelf()
	now := time.Unix(1_800_000_000, 0)
	a := &archive{client: s, log: zap.NewNop(), now: func() time.Time { return now }}
	scraped := func(names ...string) {
		targets, err := parseTargets(names)
		require.NoError(t, err)
		a.enrol(context.Background(), targets)
		for _, target := range targets {
			m := a.memory(target, 1)
			s.entries[m.layoutKey()] = nil
			v := newSealed(1, 0)
			seal(v, 0, 0, pcommon.NewTimestampFromTime(now))
			s.entries[m.valuesKey()] = v
		}
	}
	scraped("a:1", "b:1")
	now = now.Add(forgetAfter - time.Hour)
	scraped("a:1", "c:1")
	assert.Len(t, s.entries, 7)
	now = now.Add(2 * time.Hour)
	scraped("a:1")
	assert.Equal(t, "http://a:1/metrics\nhttp://c:1/metrics\n", string(s.entries[indexKey]))
	assert.Len(t, s.entries, 5)
	s.broken = true
	a.enrol(context.Background(), nil)
}

type other struct {
	component.StartFunc
	component.ShutdownFunc
}

type extensions map[component.ID]component.Component

func (e extensions) GetExtensions() map[component.ID]component.Component { return e }

func TestStorageMustBeAStorageExtension(t *testing.T) {
	host := extensions{component.MustNewID("zpages"): &other{}, component.MustNewID("shelf"): newShelf()}
	for name, want := range map[string]string{
		"none":   `storage: must be an extension that service.extensions lists (got "none")`,
		"zpages": `storage: must be a storage extension such as pebblestorage (got "zpages", which stores nothing)`,
		"shelf":  "",
	} {
		cfg, err := load(t, "{targets: ['127.0.0.1:9'], storage: "+name+"}")
		require.NoError(t, err)
		r, err := NewFactory().CreateMetrics(context.Background(), receivertest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
		require.NoError(t, err)
		err = r.Start(context.Background(), host)
		if want == "" {
			require.NoError(t, err)
		} else {
			require.EqualError(t, err, want)
		}
		require.NoError(t, r.Shutdown(context.Background()))
	}
}

// FuzzDecodePast: whatever is stored, decoding neither panics nor takes more memory than the record has bytes for.
func FuzzDecodePast(f *testing.F) {
	l := &layout{generation: 3, fingerprint: 4, exposed: 1, series: []entry{{1, 2, 0, 5}, {6, 7, 8, 9}}, gauges: []uint64{10}}
	v := newValues(nil, l)
	seal(v, 11, 12, 13)
	f.Add(appendLayout(nil, l), v)
	f.Add([]byte{}, []byte{1})
	f.Add([]byte{recordVersion, 0, 0}, v)
	f.Fuzz(func(t *testing.T, layoutRecord, values []byte) {
		p, err := decodePast(layoutRecord, values)
		if err != nil {
			return
		}
		again := newValues(nil, &p.layout)
		seal(again, p.complete, p.refused, p.at)
		require.Equal(t, values, again)
		require.Len(t, appendLayout(nil, &p.layout), len(layoutRecord))
	})
}

func TestRecordsAreReadAsTheyWereWritten(t *testing.T) {
	l := &layout{generation: 3, fingerprint: 4, exposed: 1, series: []entry{{1, 2, 0, 5}, {6, 7, 8, math.Inf(-1)}}, gauges: []uint64{10}}
	v := newValues(nil, l)
	putLast(v, 0, 6)
	seal(v, 11, 12, 13)
	got, err := decodePast(appendLayout(nil, l), v)
	require.NoError(t, err)
	l.series[0].last, l.series[0].at = 6, 13
	assert.Equal(t, &past{layout: *l, complete: 11, refused: 12, at: 13}, got)
}

// lawCounter is the truth about one counter of the law: what the process knows, and what was delivered of it.
type lawCounter struct {
	there       bool
	incarnation int
	born        pcommon.Timestamp
	value       float64

	delivered   bool
	at, start   pcommon.Timestamp
	last        float64
	of          int               // incarnation of the last delivered sample
	absent      pcommon.Timestamp // the last complete scrape delivered that lacked it
	sighted     bool              // scrapes since then had it and were not delivered
	interrupted bool              // a scrape lacked it since the last delivered sample
}

var errKilled = errors.New("kill -9")

// TestStartTimeLaw states, over any history of counters that begin, grow, fall, vanish and return, of scrapes that fail
// or are refused, of kill -9 before, in and after a delivery, and of downtimes. For each delivered sample:
//
//  1. its start is not after its counter really began;
//  2. if it is lower than the sample before, its start is after that sample;
//  3. if its counter went on since the sample before, it has the same start;
//  4. if its counter is new or fell, its start is after the last delivered complete scrape that lacked it, unless it
//     was seen in between by a scrape that was not delivered: what returns no lower may keep the start it had there.
//
// Storage that failed may cost a start, which is 0 then, but never makes a wrong one.
func TestStartTimeLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &lawRig{shelf: newShelf(), counters: map[string]*lawCounter{}}
		for i := range 3 {
			l.counters[fmt.Sprintf("flink_taskmanager_job_task_numRecordsIn[subtask_index:%d]", i)] = &lawCounter{}
		}
		l.g = life(t, l.shelf, time.Unix(1_800_000_000, 0), nil)
		for range rapid.IntRange(2, 25).Draw(t, "scrapes") {
			l.live(t)
			l.scrape(t)
			if l.killed || rapid.IntRange(0, 5).Draw(t, "stop") == 0 {
				downtime := rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour}).Draw(t, "downtime")
				l.g = life(t, l.shelf, l.g.clock.Add(downtime), nil)
			}
		}
	})
}

type lawRig struct {
	g        *rig
	shelf    *shelf
	counters map[string]*lawCounter
	before   pcommon.Timestamp // the last scrape, whatever became of it
	killed   bool
	lost     bool // storage failed at some time
}

// live lets the counters do what counters do between two scrapes.
func (l *lawRig) live(t *rapid.T) {
	now := pcommon.NewTimestampFromTime(l.g.clock)
	begin := func(c *lawCounter) {
		c.there, c.value, c.born = true, float64(rapid.IntRange(0, 5).Draw(t, "first")), now
		c.incarnation++
		if l.before > 0 {
			c.born = l.before + pcommon.Timestamp(time.Millisecond)
		}
	}
	for _, key := range l.names() {
		c := l.counters[key]
		switch rapid.SampledFrom([]string{"grow", "grow", "rest", "reset", "vanish", "return", "begin"}).Draw(t, key) {
		case "grow":
			c.value += float64(rapid.IntRange(0, 5).Draw(t, "growth"))
		case "reset":
			if c.there {
				begin(c)
			}
		case "vanish":
			c.there = false
		case "return": // which is a beginning to those who cannot remember it
			known := c.delivered && c.of == c.incarnation && !l.lost && now-c.at < pcommon.Timestamp(4*time.Minute)
			if !c.there && c.incarnation > 0 && !known {
				c.incarnation++
				c.born = l.before + pcommon.Timestamp(time.Millisecond)
			}
			c.there = c.incarnation > 0
		case "begin":
			if !c.there {
				begin(c)
			}
		}
	}
}

func (l *lawRig) names() []string {
	var names []string
	for i := range len(l.counters) {
		names = append(names, fmt.Sprintf("flink_taskmanager_job_task_numRecordsIn[subtask_index:%d]", i))
	}
	return names
}

// scrape scrapes once, and is killed at some point of it or not.
func (l *lawRig) scrape(t *rapid.T) {
	event := rapid.SampledFrom([]string{"ok", "ok", "ok", "incomplete", reasonTimeout}).Draw(t, "event")
	fate := rapid.SampledFrom([]string{"", "", "", "refused", "killed before", "killed after"}).Draw(t, "fate")
	l.shelf.full = rapid.IntRange(0, 15).Draw(t, "storage") == 0
	l.lost = l.lost || l.shelf.full
	s := step{refuse: fate == "refused"}
	for i, key := range l.names() {
		if c := l.counters[key]; c.there {
			s.body += fmt.Sprintf("flink_taskmanager_job_task_numRecordsIn{subtask_index=\"%d\",} %v\n", i, c.value)
		}
	}
	switch event {
	case "ok":
	case "incomplete":
		s.body = "flink_bad{ 1\n# TYPE flink_x gauge\n" + s.body
	default:
		s.fail = event
	}
	now := pcommon.NewTimestampFromTime(l.g.clock)
	got := l.runUntil(s, fate)
	l.before, l.killed = now, strings.HasPrefix(fate, "killed")
	for _, key := range l.names() {
		l.check(t, key, got, event, now)
	}
}

// runUntil runs a step until the process is killed, if that is its fate. It returns what was delivered.
func (l *lawRig) runUntil(s step, fate string) (got map[string]seen) {
	deliver := l.g.next
	l.g.next = sinkFunc(func(md pmetric.Metrics) error {
		if fate == "killed before" {
			panic(errKilled)
		}
		err := deliver.ConsumeMetrics(context.Background(), md)
		if fate == "killed after" {
			got = flatten(md)
			panic(errKilled)
		}
		return err
	})
	defer func() {
		l.g.next = deliver
		if p := recover(); p != nil {
			if p != errKilled {
				panic(p)
			}
			l.g.clock = l.g.clock.Add(l.g.interval)
		}
	}()
	return l.g.run(s)
}

func (l *lawRig) check(t *rapid.T, key string, got map[string]seen, event string, now pcommon.Timestamp) {
	c := l.counters[key]
	if !c.there || event == reasonTimeout {
		c.interrupted = true
	}
	if got == nil {
		c.sighted = c.sighted || c.there
		return
	}
	p, ok := got[key]
	if event == "ok" && !ok {
		c.absent = now
	}
	if !ok || p.stale {
		if p.stale && event == "ok" {
			c.absent = now
		}
		return
	}
	say := fmt.Sprintf("%s %v at %d start %d", key, p.value, p.time, p.start)
	unknown := p.start == 0 && (l.lost || !c.delivered)
	require.LessOrEqual(t, p.start, c.born, "law 1: "+say)
	fell := c.delivered && p.value < c.last
	if fell && !unknown {
		require.Greater(t, p.start, c.at, "law 2: "+say)
	}
	if c.delivered && c.of == c.incarnation && !unknown && (!c.interrupted || p.time-c.at < pcommon.Timestamp(4*time.Minute)) {
		require.Equal(t, c.start, p.start, "law 3: "+say)
	}
	if (fell || !c.delivered) && c.absent > 0 && !l.lost && !c.sighted {
		require.Greater(t, p.start, c.absent, "law 4: "+say)
	}
	c.delivered, c.at, c.start, c.last, c.of, c.interrupted = true, p.time, p.start, p.value, c.incarnation, false
	c.sighted = false
}
