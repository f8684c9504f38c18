package orderedremotewriteexporter

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"

	"weir.example/internal/series"
)

// exponentialPoint adds an exponential histogram of these positive buckets.
func exponentialPoint(b *batch, ms int64, scale int32, counts []uint64) pmetric.ExponentialHistogramDataPoint {
	h := b.metric("e").SetEmptyExponentialHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := h.DataPoints().AppendEmpty()
	p.SetTimestamp(stamp(ms))
	p.SetStartTimestamp(stamp(ms / 2))
	p.SetScale(scale)
	p.Positive().BucketCounts().FromRaw(counts)
	for _, n := range counts {
		p.SetCount(p.Count() + n)
	}
	return p
}

func native(t require.TestingT, md pmetric.Metrics, change func(*Config)) (*histogram.FloatHistogram, *intake) {
	cfg := createDefaultConfig().(*Config)
	cfg.Shards, cfg.TargetInfo = 1, false
	if change != nil {
		change(cfg)
	}
	in := newIntake(cfg)
	in.walk(md)
	if len(in.staged[0]) == 0 {
		return nil, in
	}
	require.Len(t, in.staged[0], 1)
	h := decode2(t, newEncoder(newRW2()), in.staged[0]).Timeseries[0].Histograms[0]
	return h.ToFloatHistogram(), in
}

// The law: every bucket's observations end up in the one native bucket that
// holds the same range, and Prometheus finds nothing wrong.
func TestExponentialHistogramsKeepEveryObservationInItsRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBatch().resource()
		scale := rapid.Int32Range(minScale, 14).Draw(t, "scale")
		p := exponentialPoint(b, 1, scale, nil)
		counts := rapid.SliceOfN(rapid.Uint64Range(0, 2), 0, 60)
		want := map[string]float64{}
		down := max(0, scale-maxScale)
		fill := func(side string, to pmetric.ExponentialHistogramDataPointBuckets) {
			to.SetOffset(rapid.Int32Range(-40, 40).Draw(t, side+" offset"))
			to.BucketCounts().FromRaw(counts.Draw(t, side))
			for i, n := range to.BucketCounts().All() {
				p.SetCount(p.Count() + n)
				if n > 0 {
					want[fmt.Sprint(side, (to.Offset()+int32(i))>>down+1)] += float64(n)
				}
			}
		}
		fill("+", p.Positive())
		fill("-", p.Negative())
		p.SetZeroCount(rapid.Uint64Range(0, 3).Draw(t, "zero"))
		p.SetCount(p.Count() + p.ZeroCount())
		p.SetSum(rapid.Float64().Draw(t, "sum"))

		h, _ := native(t, b.md, nil)
		require.NoError(t, h.Validate())
		require.Equal(t, min(scale, maxScale), h.Schema)
		got := map[string]float64{}
		for it := h.PositiveBucketIterator(); it.Next(); {
			if at := it.At(); at.Count > 0 {
				got[fmt.Sprint("+", at.Index)] = at.Count
			}
		}
		for it := h.NegativeBucketIterator(); it.Next(); {
			if at := it.At(); at.Count > 0 {
				got[fmt.Sprint("-", at.Index)] = at.Count
			}
		}
		require.Equal(t, want, got)
		require.EqualValues(t, p.Count(), h.Count)
		require.EqualValues(t, p.ZeroCount(), h.ZeroCount)
		require.Equal(t, p.Sum(), h.Sum)
	})
}

func TestHistogramsThatContradictThemselvesAreCounted(t *testing.T) {
	for name, spoil := range map[string]func(pmetric.ExponentialHistogramDataPoint){
		"too coarse":            func(p pmetric.ExponentialHistogramDataPoint) { p.SetScale(-5) },
		"more in buckets":       func(p pmetric.ExponentialHistogramDataPoint) { p.SetCount(1) },
		"less in buckets":       func(p pmetric.ExponentialHistogramDataPoint) { p.SetCount(9) },
		"buckets without index": func(p pmetric.ExponentialHistogramDataPoint) { p.Positive().SetOffset(math.MaxInt32 - 1) },
		"count without sign":    func(p pmetric.ExponentialHistogramDataPoint) { p.SetZeroCount(math.MaxUint64) },
	} {
		b := newBatch().resource()
		spoil(exponentialPoint(b, 1, 3, []uint64{1, 2}))
		h, in := native(t, b.md, nil)
		assert.Nil(t, h, name)
		assert.Equal(t, 1, in.dropped[invalidHistogram], name)
	}
}

func TestCustomBuckets(t *testing.T) {
	custom := func(c *Config) { c.Histograms = histogramsCustom }
	h, in := native(t, histogramBatch(false).md, custom)
	require.NoError(t, h.Validate())
	assert.EqualValues(t, histogram.CustomBucketsSchema, h.Schema)
	assert.Equal(t, []float64{0.5, 10}, h.CustomValues)
	assert.Equal(t, []float64{1, 2, 3}, h.PositiveBuckets)
	assert.Equal(t, 12.5, h.Sum)
	assert.Equal(t, `{__name__="h", job="a", le="mine"}`, labelText(in.staged[0][0].series))

	for name, raw := range map[string][]float64{"falling": {2, 1}, "not a number": {1, math.NaN()}, "infinite": {math.Inf(1), math.Inf(1)}} {
		b := histogramBatch(false)
		b.last.ScopeMetrics().At(0).Metrics().At(0).Histogram().DataPoints().At(0).ExplicitBounds().FromRaw(raw)
		_, in := native(t, b.md, custom)
		assert.Equal(t, 1, in.dropped[invalidHistogram], name)
	}
}

func labelText(s *stream) string {
	var parts []string
	for _, l := range s.Labels() {
		parts = append(parts, fmt.Sprintf("%s=%q", l.Name, l.Value))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func TestTheEndOfANativeHistogramIsAStaleSum(t *testing.T) {
	for _, change := range []func(*Config){nil, func(c *Config) { c.Histograms = histogramsCustom }} {
		b := newBatch().resource()
		if change == nil {
			exponentialPoint(b, 1, 3, nil).SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
		} else {
			b = histogramBatch(true)
		}
		h, in := native(t, b.md, change)
		assert.Equal(t, staleMarker, math.Float64bits(h.Sum))
		assert.Equal(t, staleMarker, in.staged[0][0].bits)
	}
}

// The point that ends a histogram or summary need not say what it consisted of.
func TestAllSeriesOfAHistogramEnd(t *testing.T) {
	end := newBatch().resource("service.name", "a")
	h := end.metric("h").SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := h.DataPoints().AppendEmpty()
	p.SetTimestamp(stamp(6))
	p.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	p.Attributes().PutStr("le", "mine")
	s := end.metric("s").SetEmptySummary().DataPoints().AppendEmpty()
	s.SetTimestamp(stamp(6))
	s.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))

	b := histogramBatch(false)
	q := b.metric("s").SetEmptySummary().DataPoints().AppendEmpty()
	q.SetTimestamp(stamp(5))
	q.QuantileValues().AppendEmpty().SetQuantile(0.9)
	in := newIntake(oneSlot())
	in.walk(b.md)
	in.walk(end.md)
	require.Len(t, in.staged[0], 2*(5+3))
	for _, s := range in.staged[0][8:] {
		assert.Equal(t, staleMarker, s.bits)
		assert.Equal(t, staleMarker, s.series.State.bits)
	}
	in.sweep(3*idleGenerations, func(*stream) bool { return false })
	assert.Empty(t, in.shapes)
}

func oneSlot() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Shards = 1
	return cfg
}

func TestExemplars(t *testing.T) {
	b := histogramBatch(false)
	p := b.last.ScopeMetrics().At(0).Metrics().At(0).Histogram().DataPoints().At(0)
	add := func(ms int64, v float64, attrs ...string) pmetric.Exemplar {
		x := p.Exemplars().AppendEmpty()
		x.SetTimestamp(stamp(ms))
		x.SetDoubleValue(v)
		put(x.FilteredAttributes(), attrs)
		return x
	}
	add(3, 7, "user.id", "u").SetTraceID(pcommon.TraceID{1})
	add(2, 0.1, "long", strings.Repeat("x", 200)).SetSpanID(pcommon.SpanID{2})
	add(0, 1000)
	in := newIntake(oneSlot())
	in.walk(b.md)
	var got []exemplar
	for _, s := range in.staged[0] {
		if s.more != nil {
			require.Len(t, s.more.exemplars, 1)
			got = append(got, s.more.exemplars...)
			assert.NotEmpty(t, s.series.Labels())
		}
	}
	assert.Equal(t, []exemplar{
		{labels: []series.Label{{Name: "span_id", Value: "0200000000000000"}}, ts: 2, bits: math.Float64bits(0.1)},
		{labels: []series.Label{{Name: "trace_id", Value: "01000000000000000000000000000000"}, {Name: "user_id", Value: "u"}}, ts: 3, bits: math.Float64bits(7)},
		{ts: 5, bits: math.Float64bits(1000)},
	}, got, "each in its bucket, labels that are too long left out, a missing time filled in")

	for i := range int64(30) {
		add(100-i, 0.2)
	}
	in = newIntake(oneSlot())
	in.walk(b.md)
	assert.Equal(t, 33-maxExemplars, in.exemplarsDropped[exemplarLimit])
}
