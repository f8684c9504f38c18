package aggregate

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// explicit sends a point of an explicit histogram with count and sum from its buckets, and returns the tally.
func (d *desk) explicit(in string, at float64, bounds []float64, change func(pmetric.HistogramDataPoint), buckets ...uint64) Tally {
	p := pmetric.NewHistogramDataPoint()
	p.SetTimestamp(moment(at))
	p.SetStartTimestamp(moment(1))
	p.ExplicitBounds().FromRaw(bounds)
	p.BucketCounts().FromRaw(buckets)
	for _, n := range buckets {
		p.SetCount(p.Count() + n)
	}
	p.SetSum(float64(p.Count()) / 2)
	if change != nil {
		change(p)
	}
	return d.batch(at, func(b *Batch) { b.Histogram(d.resolve(in, ""), p, pmetric.AggregationTemporalityCumulative) })
}

func (d *desk) batch(at float64, fill func(*Batch)) Tally {
	b := d.a.Begin()
	defer b.Release()
	fill(b)
	d.tally = Tally{}
	d.apply(b.Record(moment(at)))
	return d.tally
}

// shown ticks and returns the one metric that is shown.
func (d *desk) shown(at float64) pmetric.Metric {
	record, due := d.a.Tick(moment(at))
	require.True(d.t, due)
	d.apply(record)
	md := d.render(0)
	d.apply(d.a.Done())
	require.Equal(d.t, 1, md.DataPointCount())
	return md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0)
}

func (d *desk) shownHistogram(at float64) pmetric.HistogramDataPoint {
	return d.shown(at).Histogram().DataPoints().At(0)
}

func TestExplicitHistograms(t *testing.T) {
	t.Run("equal bounds add bucket by bucket", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeHistogram)
		d.explicit("a", 10, []float64{1, 5}, nil, 1, 2, 3)
		d.explicit("b", 10, []float64{1, 5}, nil, 4, 0, 1)
		d.explicit("a", 20, []float64{1, 5}, nil, 2, 2, 4)
		p := d.shownHistogram(25)
		require.Equal(t, []uint64{6, 2, 5}, p.BucketCounts().AsRaw())
		require.EqualValues(t, 13, p.Count())
		require.InDelta(t, 6.5, p.Sum(), 0)
		require.Equal(t, moment(1), p.StartTimestamp())
		require.False(t, p.HasMin() || p.HasMax())
	})
	t.Run("other bounds leave those in common", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeHistogram)
		d.explicit("a", 10, []float64{1, 5, 10}, nil, 1, 2, 3, 4)
		tally := d.explicit("b", 10, []float64{2, 5, 20}, nil, 10, 20, 30, 40)
		require.EqualValues(t, 1, tally[Narrowed])
		p := d.shownHistogram(15)
		require.Equal(t, []float64{5}, p.ExplicitBounds().AsRaw())
		require.Equal(t, []uint64{33, 77}, p.BucketCounts().AsRaw())
		tally = d.explicit("a", 20, []float64{1, 5, 10}, nil, 1, 3, 3, 4)
		require.Zero(t, tally[Narrowed], "told once")
		require.Equal(t, []uint64{34, 77}, d.shownHistogram(25).BucketCounts().AsRaw())
	})
	t.Run("none in common leaves count and sum", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeHistogram)
		d.explicit("a", 10, []float64{1}, nil, 1, 2)
		d.explicit("b", 10, []float64{2}, nil, 3, 4)
		p := d.shownHistogram(15)
		require.Zero(t, p.BucketCounts().Len()+p.ExplicitBounds().Len())
		require.EqualValues(t, 10, p.Count())
		d.explicit("a", 20, []float64{1}, nil, 2, 2)
		require.EqualValues(t, 11, d.shownHistogram(25).Count())
	})
	t.Run("an input may change its bounds", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeHistogram)
		d.explicit("a", 10, []float64{1, 5, 10}, nil, 1, 2, 3, 4)
		d.explicit("a", 20, []float64{5, 7}, nil, 4, 2, 6)
		p := d.shownHistogram(25)
		require.Equal(t, []float64{5}, p.ExplicitBounds().AsRaw())
		require.Equal(t, []uint64{4, 8}, p.BucketCounts().AsRaw())
	})
	t.Run("a bucket that falls is a reset though the count rises", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeHistogram)
		d.explicit("a", 10, []float64{1}, nil, 5, 0)
		tally := d.explicit("a", 20, []float64{1}, nil, 4, 9)
		require.EqualValues(t, 1, tally[InferredReset])
		require.Equal(t, []uint64{9, 9}, d.shownHistogram(25).BucketCounts().AsRaw())
	})
	t.Run("a missing sum removes it for good", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeHistogram)
		d.explicit("a", 10, []float64{1}, nil, 5, 0)
		tally := d.explicit("b", 10, []float64{1}, func(p pmetric.HistogramDataPoint) { p.RemoveSum() }, 4, 9)
		require.EqualValues(t, 1, tally[SumLost])
		tally = d.explicit("b", 20, []float64{1}, func(p pmetric.HistogramDataPoint) { p.SetSum(math.NaN()) }, 4, 9)
		require.Zero(t, tally[SumLost])
		require.False(t, d.shownHistogram(25).HasSum())
	})
	t.Run("buckets that do not fit, and bounds that do not ascend, are malformed", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeHistogram)
		for _, bounds := range [][]float64{{1, 2}, {1, 2, 3, 4}, {2, 1, 3}, {1, 1, 2}, {1, math.NaN(), 3}} {
			tally := d.explicit("a", 10, bounds, nil, 1, 2, 3, 4)
			require.EqualValues(t, 1, tally[Malformed], bounds)
		}
	})
	t.Run("the same point again is a duplicate", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeHistogram)
		d.explicit("a", 10, []float64{1}, nil, 5, 0)
		require.EqualValues(t, 1, d.explicit("a", 10, []float64{1}, nil, 5, 0)[Duplicate])
		require.EqualValues(t, 1, d.explicit("a", 10, []float64{1}, nil, 5, 1)[Late])
		require.EqualValues(t, 1, d.explicit("a", 10, []float64{2}, nil, 5, 0)[Late])
	})
	t.Run("a number in a histogram's place is mismatched", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeHistogram)
		tally := d.batch(10, func(b *Batch) {
			b.Number(d.resolve("a", ""), number1(step{at: 10, v: 1}), pmetric.AggregationTemporalityCumulative)
		})
		require.EqualValues(t, 1, tally[Mismatched])
	})
	t.Run("deltas add up, a stale marker ends", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeHistogram)
		for i := range 3 {
			p := pmetric.NewHistogramDataPoint()
			p.SetStartTimestamp(moment(float64(10 * (i + 1))))
			p.SetTimestamp(moment(float64(10 * (i + 2))))
			p.SetCount(3)
			p.SetSum(1)
			p.ExplicitBounds().FromRaw([]float64{1})
			p.BucketCounts().FromRaw([]uint64{1, 2})
			d.batch(40, func(b *Batch) { b.Histogram(d.resolve("a", ""), p, pmetric.AggregationTemporalityDelta) })
		}
		p := d.shownHistogram(45)
		require.Equal(t, []uint64{3, 6}, p.BucketCounts().AsRaw())
		require.Equal(t, moment(10), p.StartTimestamp())
		d.explicit("a", 50, nil, func(p pmetric.HistogramDataPoint) { p.SetFlags(p.Flags().WithNoRecordedValue(true)) })
		p = d.shownHistogram(55)
		require.True(t, p.Flags().NoRecordedValue())
		require.Zero(t, p.Count()+uint64(p.BucketCounts().Len()))
	})
}

func TestSummaries(t *testing.T) {
	d := newDesk(t, Options{}, pmetric.MetricTypeSummary)
	for i, in := range []string{"a", "b", "a"} {
		p := pmetric.NewSummaryDataPoint()
		p.SetStartTimestamp(moment(1))
		p.SetTimestamp(moment(float64(10 + i)))
		p.SetCount(uint64(10 + i))
		p.SetSum(float64(20 + i))
		p.QuantileValues().AppendEmpty().SetQuantile(0.5)
		tally := d.batch(15, func(b *Batch) { b.Summary(d.resolve(in, ""), p) })
		require.EqualValues(t, 1, tally[Quantiles])
	}
	p := d.shown(20).Summary().DataPoints().At(0)
	require.EqualValues(t, 23, p.Count())
	require.InDelta(t, 43, p.Sum(), 0)
	require.Zero(t, p.QuantileValues().Len())
	require.True(t, d.shown(1000).Summary().DataPoints().At(0).Flags().NoRecordedValue())
}

// exponentialPoint describes a point whose count is that of its buckets.
type exponentialPoint struct {
	scale     int32
	threshold float64
	zero      uint64
	offset    int32
	positive  []uint64
	negative  []uint64
}

func (d *desk) exponential(in string, at float64, of exponentialPoint) Tally {
	p := pmetric.NewExponentialHistogramDataPoint()
	p.SetTimestamp(moment(at))
	p.SetStartTimestamp(moment(1))
	p.SetScale(of.scale)
	p.SetZeroThreshold(of.threshold)
	p.SetZeroCount(of.zero)
	p.Positive().SetOffset(of.offset)
	p.Positive().BucketCounts().FromRaw(of.positive)
	p.Negative().SetOffset(of.offset)
	p.Negative().BucketCounts().FromRaw(of.negative)
	p.SetCount(of.zero)
	for _, n := range append(of.positive, of.negative...) {
		p.SetCount(p.Count() + n)
	}
	return d.batch(at, func(b *Batch) { b.Exponential(d.resolve(in, ""), p, pmetric.AggregationTemporalityCumulative) })
}

func (d *desk) shownExponential(at float64) exponentialPoint {
	p := d.shown(at).ExponentialHistogram().DataPoints().At(0)
	sum := p.ZeroCount()
	of := exponentialPoint{
		scale: p.Scale(), threshold: p.ZeroThreshold(), zero: p.ZeroCount(), offset: p.Positive().Offset(),
		positive: p.Positive().BucketCounts().AsRaw(), negative: p.Negative().BucketCounts().AsRaw(),
	}
	for _, n := range append(of.positive, of.negative...) {
		sum += n
	}
	require.Equal(d.t, p.Count(), sum, "every observation is in a bucket")
	return of
}

func TestExponentialHistograms(t *testing.T) {
	t.Run("the lowest scale of all inputs", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeExponentialHistogram)
		d.exponential("a", 10, exponentialPoint{scale: 2, offset: -2, positive: []uint64{1, 2, 3, 4, 5}})
		d.exponential("b", 10, exponentialPoint{scale: 1, offset: 0, zero: 2, positive: []uint64{10, 20}, negative: []uint64{0, 7}})
		require.Equal(t, exponentialPoint{scale: 1, zero: 2, offset: -1, positive: []uint64{3, 17, 25}, negative: []uint64{7}}, d.shownExponential(15))
		d.exponential("a", 20, exponentialPoint{scale: 2, offset: -2, positive: []uint64{1, 2, 3, 4, 6, 1}})
		require.Equal(t, []uint64{3, 17, 27}, d.shownExponential(25).positive)
	})
	t.Run("an input may lower its own scale", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeExponentialHistogram)
		d.exponential("a", 10, exponentialPoint{scale: 3, positive: []uint64{1, 2, 3, 4}})
		tally := d.exponential("a", 20, exponentialPoint{scale: 2, positive: []uint64{4, 7, 1}})
		require.Zero(t, tally[InferredReset])
		require.Equal(t, exponentialPoint{scale: 2, positive: []uint64{4, 7, 1}}, d.shownExponential(25))
	})
	t.Run("a bucket that falls is a reset", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeExponentialHistogram)
		d.exponential("a", 10, exponentialPoint{scale: 3, positive: []uint64{5}})
		tally := d.exponential("a", 20, exponentialPoint{scale: 3, positive: []uint64{4, 9}})
		require.EqualValues(t, 1, tally[InferredReset])
		require.Equal(t, []uint64{9, 9}, d.shownExponential(25).positive)
	})
	t.Run("the highest zero threshold, raised to the end of its bucket", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeExponentialHistogram)
		d.exponential("a", 10, exponentialPoint{scale: 0, offset: 0, positive: []uint64{1, 2, 4, 8}, negative: []uint64{1}})
		d.exponential("b", 10, exponentialPoint{scale: 0, threshold: 3, zero: 100, offset: 2, positive: []uint64{16}})
		require.Equal(t, exponentialPoint{scale: 0, threshold: 4, zero: 104, offset: 2, positive: []uint64{20, 8}}, d.shownExponential(15))
		d.exponential("a", 20, exponentialPoint{scale: 0, offset: 0, positive: []uint64{2, 2, 4, 9}, negative: []uint64{1}})
		require.Equal(t, exponentialPoint{scale: 0, threshold: 4, zero: 105, offset: 2, positive: []uint64{20, 9}}, d.shownExponential(25))
	})
	t.Run("at most 160 buckets by lowering the scale", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeExponentialHistogram)
		d.exponential("a", 10, exponentialPoint{scale: 5, offset: 0, positive: []uint64{1}})
		d.exponential("b", 10, exponentialPoint{scale: 5, offset: 160, positive: []uint64{1}})
		require.EqualValues(t, 4, d.shownExponential(15).scale)
		d.exponential("c", 20, exponentialPoint{scale: 20, offset: math.MinInt32, positive: []uint64{1}})
		d.exponential("d", 20, exponentialPoint{scale: 20, offset: math.MaxInt32 - 1, positive: []uint64{1}})
		p := d.shownExponential(25)
		require.LessOrEqual(t, len(p.positive), 160)
	})
	t.Run("impossible ones are malformed", func(t *testing.T) {
		d := newDesk(t, Options{}, pmetric.MetricTypeExponentialHistogram)
		for _, p := range []exponentialPoint{{scale: 33}, {scale: -33}, {threshold: -1}, {threshold: math.NaN()}, {threshold: math.Inf(1)}, {positive: make([]uint64, 5000)}} {
			require.EqualValues(t, 1, d.exponential("a", 10, p)[Malformed])
		}
	})
}

func TestEdgeOf(t *testing.T) {
	for _, scale := range []int32{-10, -1, 0, 1, 5, 20, 32} {
		for _, threshold := range []float64{5e-324, 1e-300, 1e-9, 0.3, 1, 1.5, 2, 1e9, 1e300} {
			edge := edgeOf(threshold, scale)
			require.GreaterOrEqual(t, boundary(edge, scale), threshold)
			require.LessOrEqual(t, boundary(edge-2, scale), threshold, "%d %g", scale, threshold)
		}
	}
}

func TestExemplars(t *testing.T) {
	d := newDesk(t, Options{}, pmetric.MetricTypeSum)
	send := func(at float64, times ...float64) {
		p := number1(step{at: at, start: 5, v: int(at)})
		for _, time := range times {
			e := p.Exemplars().AppendEmpty()
			e.SetTimestamp(moment(time))
			e.SetDoubleValue(time)
			e.SetTraceID([16]byte{1})
			e.SetSpanID([8]byte{2})
			e.FilteredAttributes().PutStr("k", "v")
		}
		d.batch(at, func(b *Batch) { b.Number(d.resolve("a", ""), p, pmetric.AggregationTemporalityCumulative) })
	}
	times := func(at float64) (shown []float64) {
		for _, e := range d.shown(at).Sum().DataPoints().At(0).Exemplars().All() {
			require.Equal(t, moment(e.DoubleValue()), e.Timestamp())
			require.Equal(t, map[string]any{"k": "v"}, e.FilteredAttributes().AsRaw())
			require.False(t, e.TraceID().IsEmpty() || e.SpanID().IsEmpty())
			shown = append(shown, e.DoubleValue())
		}
		return shown
	}
	send(10, 1, 2, 9, 3, 4, 5)
	send(11, 8, 1)
	require.Equal(t, []float64{4, 5, 8, 9}, times(15), "the newest four")
	require.Empty(t, times(16), "each goes out once")
	send(20, 17)
	require.Equal(t, []float64{17}, times(25))
	send(20, 18)
	require.Empty(t, times(26), "those of a dropped point are dropped")
	require.NotPanics(t, func() { require.True(t, d.shown(1000).Sum().DataPoints().At(0).Flags().NoRecordedValue()) })
}
