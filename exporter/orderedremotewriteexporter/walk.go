package orderedremotewriteexporter

import (
	"math"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/series"
)

const (
	// staleMarker is the NaN by which Prometheus knows that a series ended.
	staleMarker uint64 = 0x7ff0000000000002
	// ordinaryNaN replaces every other NaN, lest one be taken for the marker.
	ordinaryNaN uint64 = 0x7ff8000000000001
)

// intake takes one call in: it walks the data and offers each sample to its
// series. It is used under exporter.mu and holds buffers that are used again.
type intake struct {
	*translator
	table *series.Table[progress]
	now   int64 // ns since the exporter was made

	staged  [][]sample // by slot
	offered int
	dropped [reasons]int
	newest  int64     // ms; of the current resource's values
	touched []*target // with values in this call
	text    []byte    // le or quantile

	onConflict    func(*stream)
	onUnsupported func(reason, pmetric.Metric)
}

func newIntake(cfg *Config) *intake {
	return &intake{
		translator:    newTranslator(cfg),
		table:         series.NewTable[progress](),
		staged:        make([][]sample, cfg.Shards),
		onConflict:    func(*stream) {},
		onUnsupported: func(reason, pmetric.Metric) {},
	}
}

func (in *intake) walk(md pmetric.Metrics) {
	for _, rm := range md.ResourceMetrics().All() {
		e := in.entity(rm.Resource().Attributes())
		in.newest = math.MinInt64
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				in.metric(e, m)
			}
		}
		if e != nil && e.target != nil && in.newest > math.MinInt64 {
			in.touch(e)
		}
	}
	for _, t := range in.touched {
		in.targetInfo(t)
	}
	in.touched = in.touched[:0]
}

func (in *intake) metric(e *entity, m pmetric.Metric) {
	if r, ok := unsupported(m); ok {
		in.drop(r, samplesOf(m))
		in.onUnsupported(r, m)
		return
	}
	name := in.of(m)
	if e == nil || name.plain == nil {
		in.drop(invalidName, samplesOf(m))
		return
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		in.numbers(e, name, m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		in.numbers(e, name, m.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			in.histogram(e, name, p)
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			in.summary(e, name, p)
		}
	}
}

// unsupported tells what remote write 1.0 has no form for.
func unsupported(m pmetric.Metric) (reason, bool) {
	switch m.Type() {
	case pmetric.MetricTypeExponentialHistogram:
		return unsupportedType, true
	case pmetric.MetricTypeSum:
		return unsupportedTemporality, m.Sum().AggregationTemporality() != pmetric.AggregationTemporalityCumulative
	case pmetric.MetricTypeHistogram:
		return unsupportedTemporality, m.Histogram().AggregationTemporality() != pmetric.AggregationTemporalityCumulative
	default:
		return 0, false
	}
}

func (in *intake) numbers(e *entity, name *metricName, points pmetric.NumberDataPointSlice) {
	for _, p := range points.All() {
		value := p.DoubleValue()
		if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
			value = float64(p.IntValue())
		}
		at := in.moment(p.StartTimestamp(), p.Timestamp(), p.Flags())
		in.offer(e, name.plain, in.extras(p.Attributes(), "", nil), at, value)
	}
}

func (in *intake) histogram(e *entity, name *metricName, p pmetric.HistogramDataPoint) {
	at := in.moment(p.StartTimestamp(), p.Timestamp(), p.Flags())
	plain := in.extras(p.Attributes(), "", nil)
	if p.HasSum() {
		in.offer(e, name.sum, plain, at, p.Sum())
	}
	in.offer(e, name.count, plain, at, float64(p.Count()))
	total := uint64(0)
	for i := range finiteBuckets(p) {
		total += p.BucketCounts().At(i)
		in.text = strconv.AppendFloat(in.text[:0], p.ExplicitBounds().At(i), 'f', -1, 64)
		in.offer(e, name.bucket, in.extras(p.Attributes(), "le", in.text), at, float64(total))
	}
	in.text = append(in.text[:0], "+Inf"...)
	in.offer(e, name.bucket, in.extras(p.Attributes(), "le", in.text), at, float64(p.Count()))
}

func (in *intake) summary(e *entity, name *metricName, p pmetric.SummaryDataPoint) {
	at := in.moment(p.StartTimestamp(), p.Timestamp(), p.Flags())
	plain := in.extras(p.Attributes(), "", nil)
	in.offer(e, name.sum, plain, at, p.Sum())
	in.offer(e, name.count, plain, at, float64(p.Count()))
	for _, q := range p.QuantileValues().All() {
		in.text = strconv.AppendFloat(in.text[:0], q.Quantile(), 'f', -1, 64)
		in.offer(e, name.plain, in.extras(p.Attributes(), "quantile", in.text), at, q.Value())
	}
}

// moment is a point's time and whether its series ends there.
type moment struct {
	ms    int64 // 0: the point has no timestamp
	start int64 // ms, 0: unknown
	stale bool
}

func (in *intake) moment(start, ts pcommon.Timestamp, flags pmetric.DataPointFlags) moment {
	m := moment{ms: int64(uint64(ts) / 1e6), start: int64(uint64(start) / 1e6), stale: flags.NoRecordedValue()}
	if !m.stale && m.ms > in.newest && m.ms > 0 {
		in.newest = m.ms
	}
	return m
}

func (m moment) bits(value float64) uint64 {
	switch {
	case m.stale:
		return staleMarker
	case math.IsNaN(value):
		return ordinaryNaN
	default:
		return math.Float64bits(value)
	}
}

// touch notes that a target had values in this call.
func (in *intake) touch(e *entity) {
	t := e.target
	if len(t.infos) == 0 {
		t.newest = in.newest
		in.touched = append(in.touched, t)
	}
	t.newest = max(t.newest, in.newest)
	t.infos[e.info] = struct{}{}
}

// targetInfo offers the target's series at the newest time of the call, unless
// an earlier call was already there.
func (in *intake) targetInfo(t *target) {
	c := in.compose(t.entity, in.union(t))
	clear(t.infos)
	s := in.find(t.entity, c, in.infoName)
	if t.newest > s.State.last {
		in.admit(s, moment{ms: t.newest}, math.Float64bits(1))
	}
}
