package orderedremotewriteexporter

import (
	"math"
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/series"
)

// shapes remembers, by their _count series, which series histograms and
// summaries consist of: a point that ends one need not name its buckets.
type shapes map[*stream]shape

type shape struct {
	bounds []float64 // finite bucket bounds, or quantiles
	sum    bool
}

func (s shapes) sweep(now series.Generation) {
	for count := range s {
		if now-count.State.seen > idleGenerations {
			delete(s, count)
		}
	}
}

// shapeOf returns the shape of a point, or of the one before if it has none.
func (in *intake) shapeOf(e *entity, name *metricName, plain *series.Set, stale bool, now shape) shape {
	last := in.last
	count := in.find(e, in.compose(e, plain), name.count)
	in.last = last // where it stands in the order is told when it is offered
	was, known := in.shapes[count]
	switch {
	case stale && known && len(now.bounds) == 0:
		return was
	case !stale && (!known || was.sum != now.sum || !slices.Equal(was.bounds, now.bounds)):
		in.shapes[count] = shape{slices.Clone(now.bounds), now.sum}
	}
	return now
}

// histogram offers a histogram of explicit buckets.
func (in *intake) histogram(e *entity, name *metricName, p pmetric.HistogramDataPoint) {
	at := in.moment(p.StartTimestamp(), p.Timestamp(), p.Flags())
	plain := in.extras(p.Attributes(), "", nil)
	examples := in.exemplars(p.Exemplars(), at)
	if in.custom {
		fields, ok := customBuckets(p)
		in.native(e, name, plain, at, &more{histogram: fields, exemplars: examples}, ok)
		return
	}
	if plain == nil || at.ms == 0 {
		in.refuse(plain, samplesOfHistogram(p), examples)
		return
	}
	now := shape{bounds: in.bounds[:0], sum: p.HasSum()}
	for i := range finiteBuckets(p) {
		now.bounds = append(now.bounds, p.ExplicitBounds().At(i))
	}
	in.bounds = now.bounds
	now = in.shapeOf(e, name, plain, at.stale, now)
	if now.sum {
		in.offer(e, name.sum, plain, at, p.Sum(), nil)
	}
	in.offer(e, name.count, plain, at, float64(p.Count()), nil)
	total := uint64(0)
	for i, bound := range now.bounds {
		if i < p.BucketCounts().Len() {
			total += p.BucketCounts().At(i)
		}
		examples = in.bucket(e, name, p.Attributes(), at, bound, total, examples)
	}
	in.bucket(e, name, p.Attributes(), at, math.Inf(1), p.Count(), examples)
}

// bucket offers one classic bucket with the exemplars that fell into it, and
// returns the others.
func (in *intake) bucket(e *entity, name *metricName, attrs pcommon.Map, at moment, bound float64, total uint64, examples []exemplar) []exemplar {
	var mine, others []exemplar
	for _, x := range examples {
		if v := math.Float64frombits(x.bits); v <= bound || math.IsInf(bound, 1) {
			mine = append(mine, x)
		} else {
			others = append(others, x)
		}
	}
	in.text = strconv.AppendFloat(in.text[:0], bound, 'f', -1, 64)
	in.offer(e, name.bucket, in.extras(attrs, "le", in.text), at, float64(total), withExemplars(mine))
	return others
}

// exponential offers an exponential histogram as a native one.
func (in *intake) exponential(e *entity, name *metricName, p pmetric.ExponentialHistogramDataPoint) {
	at := in.moment(p.StartTimestamp(), p.Timestamp(), p.Flags())
	fields, ok := exponentialBuckets(p)
	m := &more{histogram: fields, exemplars: in.exemplars(p.Exemplars(), at)}
	in.native(e, name, in.extras(p.Attributes(), "", nil), at, m, ok)
}

// native offers a histogram that is one sample.
func (in *intake) native(e *entity, name *metricName, plain *series.Set, at moment, m *more, ok bool) {
	if !ok {
		in.reject(invalidHistogram, m)
		return
	}
	in.offer(e, name.plain, plain, at, 0, m)
}

func (in *intake) summary(e *entity, name *metricName, p pmetric.SummaryDataPoint) {
	at := in.moment(p.StartTimestamp(), p.Timestamp(), p.Flags())
	plain := in.extras(p.Attributes(), "", nil)
	if plain == nil || at.ms == 0 {
		in.refuse(plain, samplesOfSummary(p), nil)
		return
	}
	now := shape{bounds: in.bounds[:0], sum: true}
	for _, q := range p.QuantileValues().All() {
		now.bounds = append(now.bounds, q.Quantile())
	}
	in.bounds = now.bounds
	now = in.shapeOf(e, name, plain, at.stale, now)
	in.offer(e, name.sum, plain, at, p.Sum(), nil)
	in.offer(e, name.count, plain, at, float64(p.Count()), nil)
	for i, quantile := range now.bounds {
		value := 0.0
		if i < p.QuantileValues().Len() {
			value = p.QuantileValues().At(i).Value()
		}
		in.text = strconv.AppendFloat(in.text[:0], quantile, 'f', -1, 64)
		in.offer(e, name.plain, in.extras(p.Attributes(), "quantile", in.text), at, value, nil)
	}
}

// refuse drops all n samples of a point that has no valid labels, or no time.
func (in *intake) refuse(labels *series.Set, n int, examples []exemplar) {
	why := noTimestamp
	if labels == nil {
		why = invalidName
	}
	in.drop(why, n)
	in.exemplarsDropped[why] += len(examples)
}
