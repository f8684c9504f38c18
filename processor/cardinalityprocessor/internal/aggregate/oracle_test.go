package aggregate

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// The oracle keeps, in rational numbers and with no line of the package's code, what every output must show. A point is
// a vector of components, each a counter of its own: "v" of a number; "count", "sum" and buckets of a distribution.

type components map[string]*big.Rat

func (c components) add(d components) {
	for key, v := range d {
		if c[key] == nil {
			c[key] = new(big.Rat)
		}
		c[key].Add(c[key], v)
	}
}

func (c components) minus(d components) components {
	diff := components{}
	for key, v := range c {
		diff[key] = new(big.Rat).Set(v)
		if d[key] != nil {
			diff[key].Sub(diff[key], d[key])
		}
	}
	for key, v := range d {
		if c[key] == nil {
			diff[key] = new(big.Rat).Neg(v)
		}
	}
	return diff
}

// fell tells whether anything but the sum is lower than before.
func (c components) fell(before components) bool {
	for key, v := range c.minus(before) {
		if key != "sum" && v.Sign() < 0 {
			return true
		}
	}
	return false
}

type oraclePoint struct {
	input, output int
	at, start     int64
	stale, delta  bool
	double        bool
	value         components
	bounds        []float64
	scale         int32
}

type oracleInterval struct{ start, end int64 }

type oracleInput struct {
	seen, delta bool
	at, start   int64
	last        components
	intervals   []oracleInterval
}

type oracleOutput struct {
	total         components
	born, joined  bool
	first         int64
	start         *pcommon.Timestamp
	before        pmetric.Metric // as last shown with a value
	shown, stale  bool
	boundsOfInput [][]float64
	double        bool
}

type oracle struct {
	forgets      bool // the Aggregator may have forgotten inputs: totals are at most those of the oracle
	epoch, floor int64
	inputs       map[int]*oracleInput
	outputs      map[int]*oracleOutput
}

func newOracle(epoch int64) *oracle {
	return &oracle{epoch: epoch, inputs: map[int]*oracleInput{}, outputs: map[int]*oracleOutput{}}
}

func (o *oracle) output(n int) *oracleOutput {
	out := o.outputs[n]
	if out == nil {
		out = &oracleOutput{total: components{}, first: math.MaxInt64}
		if o.epoch != 0 {
			out.born, out.first = true, o.epoch
		}
		o.outputs[n] = out
	}
	return out
}

// acknowledge takes the points of one call, in the order of their times.
func (o *oracle) acknowledge(points []oraclePoint) {
	points = slices.Clone(points)
	sort.SliceStable(points, func(i, j int) bool { return points[i].at < points[j].at })
	for _, p := range points {
		in := o.inputs[p.input]
		if in == nil {
			in = &oracleInput{}
			o.inputs[p.input] = in
		}
		out := o.output(p.output)
		switch {
		case p.stale:
		case p.delta:
			o.delta(in, out, p)
		default:
			o.cumulative(in, out, p)
		}
	}
}

func (o *oracle) cumulative(in *oracleInput, out *oracleOutput, p oraclePoint) {
	if in.seen && p.at <= in.at {
		return
	}
	if !out.born && in.seen {
		out.first = min(out.first, in.at)
	}
	switch {
	case !in.seen:
		inFull := !out.born && !out.joined || p.start != 0 && p.start >= out.first && p.start >= o.floor
		if inFull {
			out.total.add(p.value)
		} else {
			out.total.add(p.value.minus(p.value))
		}
		if !out.born {
			out.first = min(out.first, p.at)
		}
		in.start = p.start
	case p.start != 0 && in.start != 0 && p.start > in.start, p.start != 0 && in.start == 0 && p.start > in.at:
		out.total.add(p.value)
		in.start = p.start
	case p.value.fell(in.last):
		out.total.add(p.value)
		if p.start == 0 {
			in.start = 0
		}
	default:
		out.total.add(p.value.minus(in.last))
		in.start = max(in.start, p.start)
	}
	in.seen, in.at, in.last = true, p.at, p.value
	out.note(p)
}

func (out *oracleOutput) note(p oraclePoint) {
	out.double = out.double || p.double
	if p.bounds != nil {
		out.boundsOfInput = append(out.boundsOfInput, p.bounds)
	}
}

func (o *oracle) delta(in *oracleInput, out *oracleOutput, p oraclePoint) {
	for _, known := range in.intervals {
		if known.end == p.at && (known.start == p.start || known.start == 0 || p.start == 0) {
			return
		}
	}
	var ends []int64
	for _, known := range in.intervals {
		ends = append(ends, known.end)
	}
	slices.Sort(ends)
	if len(ends) > 8 && p.at <= ends[len(ends)-9] {
		return // too old
	}
	in.intervals = append(in.intervals, oracleInterval{p.start, p.at})
	in.seen, in.delta = true, true
	out.total.add(p.value)
	if !out.born {
		out.first = min(out.first, p.at)
	}
	out.note(p)
}

// applyFloor is a JoinFloor.
func (o *oracle) applyFloor(at int64) {
	o.floor = max(o.floor, at)
	for _, out := range o.outputs {
		if !out.born && len(out.total) > 0 {
			out.joined = true
		}
	}
}

// check compares what a tick showed with what it must show.
func (o *oracle) check(t require.TestingT, tick int64, shown pmetric.Metrics) {
	seen := map[int]bool{}
	for _, rm := range shown.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				o.checkMetric(t, tick, m, seen)
			}
		}
	}
	for n, out := range o.outputs {
		if !seen[n] && out.shown {
			require.True(t, out.stale, "output %d fell silent without a stale marker", n)
		}
	}
}

func (o *oracle) checkMetric(t require.TestingT, tick int64, m pmetric.Metric, seen map[int]bool) {
	var n int
	_, err := fmt.Sscanf(m.Name(), "out%d", &n)
	require.NoError(t, err)
	out := o.outputs[n]
	require.NotNil(t, out, "an output nobody wrote to")
	require.False(t, seen[n], "two points of one output in one tick")
	seen[n] = true
	stale, at, start, got := read(t, m)
	require.EqualValues(t, tick, at)
	if stale {
		require.True(t, out.shown && !out.stale, "a stale marker must follow a value")
		out.stale = true
		return
	}
	out.born, out.shown, out.stale = true, true, false
	if out.start != nil {
		require.Equal(t, *out.start, start, "the start time of output %d moved", n)
	}
	out.start = &start
	require.LessOrEqual(t, int64(start), tick)
	out.compare(t, m, got, o.forgets)
	if out.before != (pmetric.Metric{}) {
		_, _, _, before := read(t, out.before)
		out.mustNotFall(t, m, got, before)
	}
	out.before = pmetric.NewMetric()
	m.CopyTo(out.before)
}

// read takes a rendered point apart. Buckets of explicit histograms are cumulative here, keyed by their bound.
func read(t require.TestingT, m pmetric.Metric) (stale bool, at, start pcommon.Timestamp, got components) {
	got = components{}
	switch m.Type() {
	case pmetric.MetricTypeSum:
		require.Equal(t, 1, m.Sum().DataPoints().Len())
		p := m.Sum().DataPoints().At(0)
		if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
			got["v"] = new(big.Rat).SetInt64(p.IntValue())
		} else {
			got["v"] = rat(p.DoubleValue())
		}
		return p.Flags().NoRecordedValue(), p.Timestamp(), p.StartTimestamp(), got
	case pmetric.MetricTypeHistogram:
		p := m.Histogram().DataPoints().At(0)
		got["count"], got["sum"] = whole(p.Count()), rat(p.Sum())
		sum := uint64(0)
		for i, bound := range p.ExplicitBounds().All() {
			sum += p.BucketCounts().At(i)
			got[fmt.Sprintf("le:%g", bound)] = whole(sum)
		}
		return p.Flags().NoRecordedValue(), p.Timestamp(), p.StartTimestamp(), got
	case pmetric.MetricTypeSummary:
		p := m.Summary().DataPoints().At(0)
		got["count"], got["sum"] = whole(p.Count()), rat(p.Sum())
		return p.Flags().NoRecordedValue(), p.Timestamp(), p.StartTimestamp(), got
	}
	p := m.ExponentialHistogram().DataPoints().At(0)
	got["count"], got["sum"], got["zero"] = whole(p.Count()), rat(p.Sum()), whole(p.ZeroCount())
	require.LessOrEqual(t, p.Positive().BucketCounts().Len(), 160)
	for i, count := range p.Positive().BucketCounts().All() {
		if count > 0 {
			got[fmt.Sprintf("exp:%d:%d", p.Scale(), int(p.Positive().Offset())+i)] = whole(count)
		}
	}
	return p.Flags().NoRecordedValue(), p.Timestamp(), p.StartTimestamp(), got
}

func rat(v float64) *big.Rat { return new(big.Rat).SetFloat64(v) }

func whole(v uint64) *big.Rat { return new(big.Rat).SetInt(new(big.Int).SetUint64(v)) }

// compare states the law: what is shown is the sum of all increments so far.
func (out *oracleOutput) compare(t require.TestingT, m pmetric.Metric, got components, atMost bool) {
	want := components{}
	for key, v := range out.total {
		var bound float64
		var index int
		var scale int32
		switch {
		case scan(key, "le:%g", &bound):
			for shownKey := range got { // what is at most a shown bound is part of it
				var shownBound float64
				if scan(shownKey, "le:%g", &shownBound) && bound <= shownBound {
					want.add(components{shownKey: v})
				}
			}
		case scan(key, "exp:%d:%d", &scale, &index):
			shift := scale - m.ExponentialHistogram().DataPoints().At(0).Scale()
			if atMost && shift < 0 {
				continue // none of its points was absorbed, or the scale had fallen
			}
			require.GreaterOrEqual(t, shift, int32(0))
			if v.Sign() != 0 {
				want.add(components{fmt.Sprintf("exp:%d:%d", scale-shift, index>>shift): v})
			}
		case key == "inf":
		default:
			want.add(components{key: v})
		}
	}
	if m.Type() == pmetric.MetricTypeHistogram && !atMost {
		bounds := m.Histogram().DataPoints().At(0).ExplicitBounds().AsRaw()
		for _, of := range out.boundsOfInput {
			require.Subset(t, of, bounds)
		}
	}
	for key := range got {
		if want[key] == nil {
			want[key] = new(big.Rat)
		}
	}
	for key := range want {
		if atMost && got[key] == nil {
			got[key] = new(big.Rat)
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)))
	for key, v := range want {
		if atMost && key == "sum" {
			continue // it may fall where a reset shows in nothing else, or be missed
		}
		if atMost {
			w, _ := v.Float64()
			g, _ := got[key].Float64()
			require.LessOrEqual(t, g, w+1e-9*math.Max(1, w), "%s: counted more than once", key)
			continue
		}
		if out.double || key == "sum" {
			w, _ := v.Float64()
			g, _ := got[key].Float64()
			require.LessOrEqual(t, math.Abs(w-g), 1e-9*math.Max(1, math.Abs(w)), "%s: want %v, got %v", key, w, g)
			continue
		}
		require.Zero(t, v.Cmp(got[key]), "%s: want %v, got %v", key, v, got[key])
	}
}

func scan(key, format string, into ...any) bool {
	n, err := fmt.Sscanf(key, format, into...)
	return err == nil && n == len(into)
}

func (out *oracleOutput) mustNotFall(t require.TestingT, m pmetric.Metric, got, before components) {
	if m.Type() == pmetric.MetricTypeExponentialHistogram || m.Type() == pmetric.MetricTypeSum && !m.Sum().IsMonotonic() {
		return // buckets move with the scale; their sums are compared above
	}
	for key, v := range got {
		if before[key] != nil && key != "sum" {
			require.GreaterOrEqual(t, v.Cmp(before[key]), 0, "%s fell under one start time", key)
		}
	}
}

func TestOracleKnowsAnIncrease(t *testing.T) {
	o := newOracle(0)
	o.acknowledge([]oraclePoint{{at: 2, value: components{"v": rat(7)}}, {at: 1, value: components{"v": rat(5)}}})
	o.acknowledge([]oraclePoint{{at: 3, value: components{"v": rat(1)}}})
	require.Zero(t, rat(8).Cmp(o.outputs[0].total["v"]))
}
