package aggregate

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"
)

const second = int64(time.Second)

// source is a series that comes in, as its instrument has it.
type source struct {
	kind    pmetric.MetricType
	delta   bool
	double  bool
	bounds  []float64
	scale   int32
	output  int
	known   bool // it tells its start
	started int64
	at      int64 // of its last point
	value   components
	lastEnd int64
	sent    []oraclePoint // to be sent again
}

// life is one history: sources, the process with its log, and the oracle.
type life struct {
	t            *rapid.T
	now          int64
	epoch        int64
	a            *Aggregator
	log          [][]byte
	from         int // log position of the snapshot
	snapshot     []byte
	oracle       *oracle
	sources      []*source
	pendingShown *pmetric.Metrics
}

var boundsChoices = [][]float64{{1, 2, 5, 10}, {1, 5, 10}, {2, 5, 20}, {7}, nil}

func newLife(t *rapid.T, forgets bool) *life {
	l := &life{t: t, now: 1_000_000 * second}
	if rapid.Bool().Draw(t, "lost") {
		l.epoch = l.now - 10*second
	}
	l.oracle = newOracle(l.epoch)
	l.oracle.forgets = forgets
	l.a = l.fresh()
	kinds := []pmetric.MetricType{pmetric.MetricTypeSum, pmetric.MetricTypeHistogram, pmetric.MetricTypeExponentialHistogram, pmetric.MetricTypeSummary}
	for output := range rapid.IntRange(1, 3).Draw(t, "outputs") {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		for range rapid.IntRange(1, 3).Draw(t, "inputs") {
			s := &source{
				kind: kind, output: output, known: rapid.Bool().Draw(t, "known"),
				double: rapid.Bool().Draw(t, "double"), delta: kind != pmetric.MetricTypeSummary && rapid.IntRange(0, 3).Draw(t, "delta") == 0,
				bounds: rapid.SampledFrom(boundsChoices).Draw(t, "bounds"), scale: int32(rapid.IntRange(0, 5).Draw(t, "scale")),
			}
			s.restart(l.now - rapid.Int64Range(0, 100).Draw(t, "age")*second)
			l.sources = append(l.sources, s)
		}
	}
	return l
}

func (l *life) fresh() *Aggregator {
	options := Options{Epoch: pcommon.Timestamp(l.epoch), BirthDelay: 20 * time.Second}
	if l.oracle.forgets {
		options.MaxTombstones = 1
	}
	return New(options)
}

func (s *source) restart(at int64) {
	s.started, s.value = at, components{}
	s.lastEnd = at
	switch s.kind {
	case pmetric.MetricTypeSum:
		s.value["v"] = new(big.Rat)
	case pmetric.MetricTypeHistogram:
		for _, b := range s.bounds {
			s.value[fmt.Sprintf("le:%g", b)] = new(big.Rat)
		}
		if len(s.bounds) > 0 {
			s.value["inf"] = new(big.Rat)
		}
		fallthrough
	default:
		s.value["count"], s.value["sum"] = new(big.Rat), new(big.Rat)
		if s.kind == pmetric.MetricTypeExponentialHistogram {
			s.value["zero"] = new(big.Rat)
		}
	}
}

// grow lets the source count.
func (s *source) grow(t *rapid.T) {
	n := rapid.Int64Range(0, 1000).Draw(t, "grows")
	if s.kind == pmetric.MetricTypeSum {
		v := new(big.Rat).SetInt64(n)
		if s.double {
			v = rat(float64(n) * 0.1)
		} else if n == 1000 {
			v.SetInt64(1 << 53)
		}
		s.value.add(components{"v": v})
		if s.double { // it counts in doubles
			f, _ := s.value["v"].Float64()
			s.value["v"] = rat(f)
		}
		return
	}
	sum, _ := s.value["sum"].Float64()
	s.value["sum"] = rat(sum + float64(n)*0.3)
	count := big.NewRat(n%7, 1)
	s.value.add(components{"count": count})
	switch {
	case s.kind == pmetric.MetricTypeHistogram && len(s.bounds) > 0:
		i := int(n) % (len(s.bounds) + 1)
		key := "inf"
		if i < len(s.bounds) {
			key = fmt.Sprintf("le:%g", s.bounds[i])
		}
		s.value.add(components{key: count})
	case s.kind == pmetric.MetricTypeExponentialHistogram && n%5 == 0:
		s.value.add(components{"zero": count})
	case s.kind == pmetric.MetricTypeExponentialHistogram:
		s.value.add(components{fmt.Sprintf("exp:%d:%d", s.scale, n-500): count})
	}
}

// point is what the source shows at a time.
func (s *source) point(input int, at int64, tellStart bool) oraclePoint {
	p := oraclePoint{
		input: input, output: s.output, at: at, double: s.double || s.kind == pmetric.MetricTypeSummary, delta: s.delta,
		value: components{}, scale: s.scale,
	}
	if s.kind == pmetric.MetricTypeHistogram {
		p.bounds = slices.Concat([]float64{}, s.bounds)
	}
	p.value.add(s.value)
	switch {
	case s.delta:
		if tellStart {
			p.start = s.lastEnd
		}
		s.lastEnd = at
		s.restart(s.started)
		s.lastEnd = at
	case tellStart:
		p.start = s.started
	}
	s.at = max(s.at, at)
	return p
}

func (s *source) describe() *Output {
	o := &Output{
		Resource: pcommon.NewMap(), Attributes: pcommon.NewMap(), Name: fmt.Sprintf("out%d", s.output), Type: s.kind,
		Monotonic: s.kind == pmetric.MetricTypeSum,
	}
	o.Resource.PutStr("service.name", "flink")
	o.Attributes.PutStr("a", "b")
	return o
}

// encode adds a point to a batch.
func (s *source) encode(b *Batch, ref Ref, p oraclePoint) {
	temporality := pmetric.AggregationTemporalityCumulative
	if p.delta {
		temporality = pmetric.AggregationTemporalityDelta
	}
	float := func(key string) float64 { f, _ := p.value[key].Float64(); return f }
	integer := func(key string) uint64 {
		if p.value[key] == nil {
			return 0
		}
		return p.value[key].Num().Uint64()
	}
	switch s.kind {
	case pmetric.MetricTypeSum:
		dp := pmetric.NewNumberDataPoint()
		dp.SetTimestamp(pcommon.Timestamp(p.at))
		dp.SetStartTimestamp(pcommon.Timestamp(p.start))
		switch {
		case p.stale:
			dp.SetFlags(dp.Flags().WithNoRecordedValue(true))
		case p.double:
			dp.SetDoubleValue(float("v"))
		default:
			dp.SetIntValue(p.value["v"].Num().Int64())
		}
		b.Number(ref, dp, temporality)
	case pmetric.MetricTypeHistogram:
		dp := pmetric.NewHistogramDataPoint()
		dp.SetTimestamp(pcommon.Timestamp(p.at))
		dp.SetStartTimestamp(pcommon.Timestamp(p.start))
		dp.SetFlags(dp.Flags().WithNoRecordedValue(p.stale))
		if !p.stale {
			dp.SetCount(integer("count"))
			dp.SetSum(float("sum"))
			for _, bound := range s.bounds {
				dp.ExplicitBounds().Append(bound)
				dp.BucketCounts().Append(integer(fmt.Sprintf("le:%g", bound)))
			}
			dp.BucketCounts().Append(integer("inf"))
		}
		b.Histogram(ref, dp, temporality)
	case pmetric.MetricTypeSummary:
		dp := pmetric.NewSummaryDataPoint()
		dp.SetTimestamp(pcommon.Timestamp(p.at))
		dp.SetStartTimestamp(pcommon.Timestamp(p.start))
		dp.SetFlags(dp.Flags().WithNoRecordedValue(p.stale))
		if !p.stale {
			dp.SetCount(integer("count"))
			dp.SetSum(float("sum"))
		}
		b.Summary(ref, dp)
	default:
		dp := pmetric.NewExponentialHistogramDataPoint()
		dp.SetTimestamp(pcommon.Timestamp(p.at))
		dp.SetStartTimestamp(pcommon.Timestamp(p.start))
		dp.SetFlags(dp.Flags().WithNoRecordedValue(p.stale))
		if !p.stale {
			dp.SetScale(s.scale)
			dp.SetCount(integer("count"))
			dp.SetZeroCount(integer("zero"))
			dp.SetSum(float("sum"))
			dp.Positive().SetOffset(-500)
			counts := make([]uint64, 1501)
			for i := range counts {
				counts[i] = integer(fmt.Sprintf("exp:%d:%d", s.scale, i-500))
			}
			dp.Positive().BucketCounts().FromRaw(counts)
		}
		b.Exponential(ref, dp, temporality)
	}
}

// call sends points, which end in the log and the state, in the log alone, or nowhere.
func (l *life) call() {
	var points []oraclePoint
	for range rapid.IntRange(1, 6).Draw(l.t, "points") {
		n := rapid.IntRange(0, len(l.sources)-1).Draw(l.t, "source")
		s := l.sources[n]
		at := max(l.now-rapid.Int64Range(0, 5).Draw(l.t, "old")*second, s.at-3*second, s.started) + int64(len(points))
		switch rapid.IntRange(0, 9).Draw(l.t, "event") {
		case 0:
			points = append(points, oraclePoint{input: n, output: s.output, at: at, stale: true})
			continue
		case 1:
			if len(s.sent) > 0 { // redelivery
				p := rapid.SampledFrom(s.sent).Draw(l.t, "again")
				p.output = s.output
				points = append(points, p)
			}
			continue
		case 2:
			if !s.delta && at > s.started {
				s.restart(max(s.started+1, at-rapid.Int64Range(0, 4).Draw(l.t, "up")*second))
			}
		case 3: // a rule changes: to any output of the same type
			other := rapid.SampledFrom(l.sources).Draw(l.t, "like")
			if other.kind == s.kind && !l.oracle.forgets {
				s.output = other.output
			}
		}
		s.grow(l.t)
		if s.delta && at <= s.lastEnd {
			at = s.lastEnd + 1
		}
		p := s.point(n, at, s.known && rapid.IntRange(0, 5).Draw(l.t, "starts") > 0)
		s.sent = append(s.sent, p)
		if s.delta && rapid.IntRange(0, 4).Draw(l.t, "delayed") == 0 {
			continue // comes later, as a redelivery, or never
		}
		points = append(points, p)
	}
	for i := range points { // one call knows one set of rules
		points[i].output = l.sources[points[i].input].output
	}
	points = rapid.Permutation(points).Draw(l.t, "order")
	l.deliver(points, rapid.IntRange(0, 12).Draw(l.t, "fate"))
}

func (l *life) deliver(points []oraclePoint, fate int) {
	b := l.a.Begin()
	defer b.Release()
	for _, p := range points {
		s := *l.sources[p.input]
		s.output = p.output
		ref, err := l.a.Resolve(ID{byte(p.input)}, s.describe())
		require.NoError(l.t, err)
		s.encode(b, ref, p)
	}
	require.Equal(l.t, len(points), b.points)
	record := b.Record(pcommon.Timestamp(l.now))
	switch fate {
	case 0: // killed before it is logged
		l.restart()
		return
	case 1: // the log is full: the caller gets an error
		return
	case 2: // killed between log and state
		l.append(record)
		l.restart()
	default:
		l.append(record)
		l.apply(record)
	}
	l.oracle.acknowledge(points)
}

func (l *life) append(record []byte) { l.log = append(l.log, bytes.Clone(record)) }

func (l *life) apply(record []byte) {
	_, err := l.a.Apply(record)
	require.NoError(l.t, err)
}

// restart loses all but snapshot and log.
func (l *life) restart() {
	a := l.fresh()
	if l.snapshot != nil {
		require.NoError(l.t, a.Load(bytes.NewReader(l.snapshot)))
	}
	for _, record := range l.log[l.from:] {
		_, err := a.Apply(record)
		require.NoError(l.t, err)
	}
	l.a = a
}

func (l *life) save() []byte {
	var b bytes.Buffer
	require.NoError(l.t, l.a.Save(&b))
	return b.Bytes()
}

// compareRestart restarts and requires the very same state.
func (l *life) compareRestart() {
	before := l.save()
	l.restart()
	require.True(l.t, bytes.Equal(before, l.save()), "the state after a restart differs")
}

func (l *life) takeSnapshot() { l.snapshot, l.from = l.save(), len(l.log) }

// tick computes and shows, and may be killed between any two steps.
func (l *life) tick() {
	if !l.a.Pending() {
		record, due := l.a.Tick(pcommon.Timestamp(l.now))
		if !due {
			return
		}
		switch rapid.IntRange(0, 9).Draw(l.t, "tick fate") {
		case 0:
			l.restart()
			return
		case 1:
			l.append(record)
			l.restart()
		default:
			l.append(record)
			l.apply(record)
		}
	}
	l.show()
	if l.a.Pending() && rapid.IntRange(0, 3).Draw(l.t, "done") > 0 {
		record := l.a.Done()
		l.append(record)
		l.apply(record)
		l.pendingShown = nil
	}
}

// show renders the pending tick; the first time, the oracle looks at it, later it must be the same.
func (l *life) show() {
	shown := l.render(0)
	if l.pendingShown != nil {
		require.Equal(l.t, marshal(l.t, *l.pendingShown), marshal(l.t, shown), "a tick was rendered differently")
		return
	}
	l.pendingShown = &shown
	l.oracle.check(l.t, int64(l.a.tick), shown)
}

func (l *life) render(maxPoints int) pmetric.Metrics {
	all := pmetric.NewMetrics()
	require.NoError(l.t, l.a.Render(maxPoints, func(md pmetric.Metrics) error {
		md.ResourceMetrics().MoveAndAppendTo(all.ResourceMetrics())
		return nil
	}))
	return all
}

func marshal(t require.TestingT, md pmetric.Metrics) string {
	b, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
	require.NoError(t, err)
	return string(b)
}

// TestLaw: between any two ticks every output rises by exactly what its acknowledged inputs rose, through resets, gaps,
// late and repeated points, restarts and kills at every step, rule changes and clock steps.
func TestLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { newLife(t, false).pass() })
}

// TestLawWithoutMemory: what is forgotten early for want of room may be missed, and is never counted twice.
func TestLawWithoutMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { newLife(t, true).pass() })
}

func (l *life) pass() {
	t := l.t
	for range rapid.IntRange(1, 60).Draw(t, "steps") {
		switch rapid.IntRange(0, 19).Draw(t, "step") {
		default:
			l.call()
		case 0, 1, 2, 3, 4, 5:
			l.tick()
		case 6:
			l.compareRestart()
		case 7:
			l.takeSnapshot()
		case 8:
			l.now -= rapid.Int64Range(0, 60).Draw(t, "back") * second
		case 9:
			l.now += rapid.Int64Range(0, 1000).Draw(t, "gap") * second
		case 10:
			record := l.a.JoinFloor(pcommon.Timestamp(l.now))
			l.append(record)
			l.apply(record)
			l.oracle.applyFloor(l.now)
		}
		l.now += rapid.Int64Range(1, 10).Draw(t, "pace") * second
	}
	l.now += 1000 * second // whatever is still gestating is shown in the end
	l.finish()
}

func (l *life) finish() {
	for range 2 {
		if !l.a.Pending() {
			record, due := l.a.Tick(pcommon.Timestamp(l.now))
			require.True(l.t, due)
			l.append(record)
			l.apply(record)
		}
		l.show()
		failing := errors.New("down")
		if l.a.Stats().Outputs > 0 && len(l.a.shown) > 0 {
			require.ErrorIs(l.t, l.a.Render(1, func(pmetric.Metrics) error { return failing }), failing)
		}
		record := l.a.Done()
		l.append(record)
		l.apply(record)
		l.pendingShown = nil
		l.compareRestart()
		l.now += second
	}
	for n, out := range l.oracle.outputs {
		if !out.shown && !l.oracle.forgets {
			for key, v := range out.total {
				require.Zero(l.t, v.Sign(), "output %d was never shown with its %s", n, key)
			}
		}
	}
}
