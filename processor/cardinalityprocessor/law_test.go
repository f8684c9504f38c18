package cardinalityprocessor

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processortest"
	"pgregory.net/rapid"

	"weir.example/internal/disktest"
	"weir.example/internal/seglog"
	"weir.example/processor/cardinalityprocessor/internal/keeper"
	"weir.example/processor/cardinalityprocessor/internal/metadata"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// TestTheLawHoldsOverKills: lives of calls and ticks that end at any operation of the disk, or before or after any call
// of the next consumer. Whoever got an error repeats the call. Then at every tick the merged series have exactly what was
// acknowledged, at most what is being repeated more; a time never has two values; and values never fall.
func TestTheLawHoldsOverKills(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, remove := newLaw(t, seglog.SyncNever)
		defer remove()
		for range rapid.IntRange(1, 4).Draw(t, "lives") {
			l.live(rapid.IntRange(1, 40).Draw(t, "dies after"), rapid.SampledFrom([]int{0, 9, 1 << 20}).Draw(t, "torn"))
		}
		l.live(-1, 0)
		l.finish()
	})
}

// TestNoTotalFallsAfterALossOfPower: the same lives, whose end takes with it what was not forced to the disk. What was
// acknowledged within the last second may be lost, but nothing that was shown.
func TestNoTotalFallsAfterALossOfPower(t *testing.T) {
	for _, fsync := range []seglog.Sync{seglog.SyncInterval, seglog.SyncAlways} {
		rapid.Check(t, func(t *rapid.T) {
			l, remove := newLaw(t, fsync)
			defer remove()
			l.power = true
			for range rapid.IntRange(1, 5).Draw(t, "lives") {
				l.live(rapid.IntRange(1, 40).Draw(t, "dies after"), 0)
				require.NoError(t, l.disk.LosePower())
			}
			if fsync == seglog.SyncAlways {
				l.finish()
			}
		})
	}
}

func newLaw(t *rapid.T, fsync seglog.Sync) (l *law, remove func()) {
	dir, err := os.MkdirTemp("", "law")
	require.NoError(t, err)
	return &law{
		t: t, dir: dir, fsync: fsync, clock: time.Unix(1_800_000_000, 0), inputs: map[string]*lawInput{},
		rules: lawRules, count: 6, input: inputOfLaw,
		acknowledged: map[string]float64{}, seen: map[lawOutput]map[pcommon.Timestamp]string{}, last: map[lawOutput]float64{},
	}, func() { require.NoError(t, os.RemoveAll(dir)) }
}

// lawRules take turns: the inputs of a metric make two series or one.
var lawRules = [2]string{
	"rules: [{labels: [input], action: drop}]",
	"rules: [{labels: [input, zone], action: drop}]",
}

// law is a history and what it must lead to.
type law struct {
	t     *rapid.T
	dir   string
	fsync seglog.Sync
	power bool // it is lost when a life ends
	clock time.Time
	rules [2]string
	now   int                  // which of them are in force
	count int                  // of inputs
	input func(i int) lawInput // makes them
	learn func(core *core)     // a step of some histories; nil: none

	inputs       map[string]*lawInput
	pending      []lawPoint         // of a call that was not acknowledged
	acknowledged map[string]float64 // by metric
	seen         map[lawOutput]map[pcommon.Timestamp]string
	last         map[lawOutput]float64 // value that went out

	disk *disktest.Disk
	core *core
}

// lawOutput is a series that others merge into.
type lawOutput struct{ metric, labels string }

// lawPoint is one point and what it adds.
type lawPoint struct {
	input string
	lawInput
	adds float64
}

func (l *law) live(diesAfter, torn int) {
	l.disk = disktest.NewWith(disktest.Faults{Left: diesAfter, Torn: torn})
	cfg := mergingConfig(l.dir)
	cfg.Rules = l.parse()
	cfg.Aggregate.Fsync = l.fsync
	set := processortest.NewNopSettings(metadata.Type)
	p, err := NewFactory().CreateMetrics(context.Background(), set, cfg, l.sink())
	require.NoError(l.t, err)
	l.core = p.(*pipeline).core
	l.core.keeping = keeper.Options{Disk: l.disk, SnapshotBytes: int64(rapid.IntRange(1, 2000).Draw(l.t, "snapshot bytes"))}
	l.core.now = func() time.Time { return l.clock }
	if err := l.core.open(l.host()); err != nil {
		require.True(l.t, l.disk.Dead(), err)
		return
	}
	defer l.core.close()
	defer p.Shutdown(context.Background())
	if l.power {
		defer l.disk.Die() // before close forces the rest
	}
	l.deliver()
	l.repeat(p)
	for range rapid.IntRange(1, 25).Draw(l.t, "steps") {
		if l.disk.Dead() {
			return
		}
		l.clock = l.clock.Add(time.Duration(rapid.IntRange(1, 20_000).Draw(l.t, "ms")) * time.Millisecond)
		switch rapid.IntRange(0, 7).Draw(l.t, "what") {
		case 0, 1:
			l.core.tick(floor(l.clock, l.core.cfg.Aggregate.Interval))
			l.deliver()
		case 2:
			if err := l.core.keeper.Snapshot(); err != nil {
				require.True(l.t, l.disk.Dead(), err)
			}
		case 3:
			l.now = 1 - l.now
			require.NoError(l.t, l.core.swapRules([]byte(l.rules[l.now])))
		case 4:
			if l.learn != nil {
				l.learn(l.core)
			}
		default:
			l.pending = l.draw()
			l.repeat(p)
		}
	}
}

// parse returns the rules in force.
func (l *law) parse() []rules.Rule {
	var text rulesText
	require.NoError(l.t, text.parse([]byte(l.rules[l.now])))
	return text.Rules
}

// deliver sends the last tick, if it was not sent.
func (l *law) deliver() {
	if !l.core.pending() || l.disk.Dead() {
		return
	}
	if l.core.sendTick(context.Background()) == nil {
		_ = l.core.settle()
	}
}

// draw makes points of some inputs: old ones that grow or begin anew, and new ones.
func (l *law) draw() (points []lawPoint) {
	for i := range l.count {
		name := fmt.Sprint("input-", i)
		if rapid.IntRange(0, 2).Draw(l.t, name) > 0 {
			continue
		}
		in := l.inputs[name]
		by := float64(rapid.IntRange(0, 1000).Draw(l.t, "by"))
		if in == nil {
			made := l.input(i)
			in = &made
			in.start = l.clock.Add(-time.Millisecond)
			l.inputs[name] = in
		}
		switch {
		case in.delta:
			if !in.at.IsZero() {
				in.start = in.at
			}
			in.value = by
		case !in.passes && rapid.IntRange(0, 6).Draw(l.t, "begins anew") == 0 && !in.at.IsZero():
			in.start, in.value = l.clock.Add(-time.Microsecond), by
		default:
			in.value += by
		}
		in.at = l.clock
		points = append(points, lawPoint{name, *in, by})
	}
	return points
}

// repeat sends what is pending; half of the time the whole of it a second time.
func (l *law) repeat(p consumer.Metrics) {
	if len(l.pending) == 0 || l.disk.Dead() {
		return
	}
	if err := p.ConsumeMetrics(context.Background(), metricsOfLaw(l.pending)); err != nil {
		require.True(l.t, l.disk.Dead(), err)
		return
	}
	// What was answered by a process that is dead was not answered.
	if l.disk.Dead() {
		return
	}
	for _, point := range l.pending {
		l.acknowledged[point.metric] += point.adds
	}
	if rapid.Bool().Draw(l.t, "twice") {
		_ = p.ConsumeMetrics(context.Background(), metricsOfLaw(l.pending))
	}
	l.pending = nil
}

// sink takes what a living process sends and holds it against the law.
func (l *law) sink() consumer.Metrics {
	next, err := consumer.NewMetrics(func(_ context.Context, md pmetric.Metrics) error {
		if err := l.disk.Step(); err != nil {
			return err
		}
		for _, rm := range md.ResourceMetrics().All() {
			for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
				l.read(rm.Resource().Attributes(), m)
			}
		}
		err := l.disk.Step()
		return err
	})
	require.NoError(l.t, err)
	return next
}

// read checks every point of a metric that came out.
func (l *law) read(resource pcommon.Map, m pmetric.Metric) {
	if m.Type() == pmetric.MetricTypeHistogram {
		for _, p := range m.Histogram().DataPoints().All() {
			l.check(lawOutput{m.Name(), labelsOfLaw(resource, p.Attributes())}, p, float64(p.Count()), p.BucketCounts().AsRaw(), p.Sum())
		}
		return
	}
	for _, p := range numbersOf(m).All() {
		l.check(lawOutput{m.Name(), labelsOfLaw(resource, p.Attributes())}, p, p.DoubleValue())
	}
}

func (l *law) check(output lawOutput, p timed, value float64, more ...any) {
	text := fmt.Sprint(value, " ", p.StartTimestamp(), p.Flags(), more)
	times := l.seen[output]
	if times == nil {
		times = map[pcommon.Timestamp]string{}
		l.seen[output] = times
	}
	if before, repeated := times[p.Timestamp()]; repeated {
		require.Equal(l.t, before, text, "%v at %v", output, p.Timestamp())
		return
	}
	for at := range times {
		require.Less(l.t, at, p.Timestamp(), "%v goes back", output)
	}
	times[p.Timestamp()] = text
	switch gauge := output.metric == "queue_length"; {
	case gauge && p.Flags().NoRecordedValue():
		delete(l.last, output)
	case gauge:
		l.last[output] = value
	case !p.Flags().NoRecordedValue():
		require.GreaterOrEqual(l.t, value, l.last[output], "%v", output)
		l.last[output] = value
		starts := slices.Compact(slices.Sorted(maps.Values(l.startsOf(output))))
		require.LessOrEqual(l.t, len(starts), 1, "the start of %v changed", output)
	}
}

func (l *law) startsOf(output lawOutput) map[pcommon.Timestamp]string {
	starts := map[pcommon.Timestamp]string{}
	for at, text := range l.seen[output] {
		var value float64
		var start string
		_, err := fmt.Sscan(text, &value, &start)
		require.NoError(l.t, err)
		starts[at] = start
	}
	return starts
}

// finish revives all inputs and compares the totals.
func (l *law) finish() {
	l.disk = disktest.New()
	cfg := mergingConfig(l.dir)
	cfg.Rules = l.parse()
	p, err := NewFactory().CreateMetrics(context.Background(), processortest.NewNopSettings(metadata.Type), cfg, l.sink())
	require.NoError(l.t, err)
	l.core = p.(*pipeline).core
	l.core.now = func() time.Time { return l.clock }
	require.NoError(l.t, l.core.open(l.host()))
	defer l.core.close()
	defer p.Shutdown(context.Background())
	l.deliver()
	l.repeat(p)
	l.clock = l.clock.Add(time.Minute)
	for _, name := range slices.Sorted(maps.Keys(l.inputs)) {
		in := l.inputs[name]
		if in.delta {
			in.start, in.value = in.at, 1
		} else {
			in.value++
		}
		in.at = l.clock
		l.pending = append(l.pending, lawPoint{name, *in, 1})
	}
	l.repeat(p)
	l.core.tick(l.clock)
	l.deliver()
	shown := map[string]float64{}
	for output, value := range l.last {
		shown[output.metric] += value
	}
	delete(l.acknowledged, "queue_length")
	for _, in := range l.inputs {
		if in.metric == "queue_length" {
			l.acknowledged[in.metric] += in.value
		}
	}
	require.Equal(l.t, l.acknowledged, shown)
}

func (l *law) host() *storageHost {
	return &storageHost{extensions: map[component.ID]component.Component{logsID: logStorage{dir: l.dir}}}
}
