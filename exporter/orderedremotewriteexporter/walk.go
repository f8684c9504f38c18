package orderedremotewriteexporter

import (
	"math"

	"github.com/prometheus/otlptranslator"
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
	table  *series.Table[progress, meta]
	last   *stream // of the current entity; nil: none yet
	shapes shapes
	now    int64 // ns since the exporter was made
	custom bool  // histograms of explicit buckets stay one series each

	pass    bool       // samples that are out of order
	staged  [][]sample // by slot
	before  [][]past   // by slot, of the series of staged
	spare   []buffer   // not in use now
	offered int
	dropped [reasons]int
	newest  int64     // ms; of the current resource's values
	touched []*target // with values in this call
	meta    *meta     // of the metric that find is asked for
	text    []byte    // le or quantile
	bounds  []float64 // of the current point

	exemplarsDropped [reasons]int

	onConflict    func(*stream)
	onDescribed   func(s *stream, was *meta) // its metadata changed
	onUnsupported func(reason, pmetric.Metric)
	onRefused     func(why reason, tenant string)
}

func newIntake(cfg *Config) *intake {
	return &intake{
		translator:    newTranslator(cfg),
		table:         series.NewTable[progress, meta](),
		shapes:        shapes{},
		custom:        cfg.Histograms == histogramsCustom,
		pass:          cfg.OnOutOfOrder == onOutOfOrderPass,
		staged:        make([][]sample, cfg.Shards),
		before:        make([][]past, cfg.Shards),
		onConflict:    func(*stream) {},
		onDescribed:   func(*stream, *meta) {},
		onUnsupported: func(reason, pmetric.Metric) {},
		onRefused:     func(reason, string) {},
	}
}

func (in *intake) walk(md pmetric.Metrics) {
	resources := md.ResourceMetrics()
	for i := range resources.Len() {
		rm := resources.At(i)
		who := in.whose(rm)
		if who == nil {
			continue
		}
		e := in.entity(who, rm.Resource().Attributes())
		in.last = nil
		in.newest = math.MinInt64
		scopes := rm.ScopeMetrics()
		for k := range scopes.Len() {
			in.metrics(e, scopes.At(k).Metrics())
		}
		if e != nil && e.target != nil && in.newest > math.MinInt64 {
			in.touch(e)
		}
	}
	for _, t := range in.touched {
		in.targetInfo(t)
	}
	in.last = nil
	in.touched = in.touched[:0]
}

func (in *intake) metrics(e *entity, list pmetric.MetricSlice) {
	for i := range list.Len() {
		m := list.At(i)
		points, kind := numbersOf(m)
		if kind == otlptranslator.MetricTypeUnknown {
			in.distribution(e, m)
			continue
		}
		name := in.of(m, kind)
		if e == nil || name.plain == nil {
			in.drop(invalidName, points.Len())
			continue
		}
		for k := range points.Len() {
			in.number(e, name, points.At(k))
		}
	}
}

// number offers a point of a gauge or sum. Only what counts up has a start.
func (in *intake) number(e *entity, name *metricName, p pmetric.NumberDataPoint) {
	at := in.moment(p.StartTimestamp(), p.Timestamp(), p.Flags())
	if name.said.kind != otlptranslator.MetricTypeMonotonicCounter {
		at.start = 0
	}
	value := p.DoubleValue() // 0 where it is none
	if value == 0 && p.ValueType() == pmetric.NumberDataPointValueTypeInt {
		value = float64(p.IntValue())
	}
	var m *more
	if p.Exemplars().Len() > 0 {
		m = withExemplars(in.exemplars(p.Exemplars(), at))
	}
	extras := in.none
	if p.Attributes().Len() > 0 {
		extras = in.extras(p.Attributes(), "", nil)
	}
	if s := in.next(e, name, extras); s != nil && at.ms > s.State.last && at.ms != 0 {
		in.reach(s)
		in.stage(s, at, at.bits(value), m)
		return
	}
	in.meta = name.meta
	in.offer(e, name.plain, extras, at, value, m)
}

// distribution offers the points of all other metrics.
func (in *intake) distribution(e *entity, m pmetric.Metric) {
	if r, ok := unsupported(m); ok {
		in.drop(r, samplesOf(m))
		in.onUnsupported(r, m)
		return
	}
	name := in.of(m, distributionOf(m))
	if e == nil || name.plain == nil {
		in.drop(invalidName, samplesOf(m))
		return
	}
	in.meta = name.meta
	switch m.Type() {
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			in.histogram(e, name, p)
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			in.exponential(e, name, p)
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			in.summary(e, name, p)
		}
	}
}

// unsupported tells what remote write has no form for. Deltas would need a
// total that outlives restarts and idle series to be summed up exactly.
func unsupported(m pmetric.Metric) (reason, bool) {
	temporality := pmetric.AggregationTemporalityCumulative
	switch m.Type() {
	case pmetric.MetricTypeEmpty:
		return unsupportedType, true
	case pmetric.MetricTypeSum:
		temporality = m.Sum().AggregationTemporality()
	case pmetric.MetricTypeHistogram:
		temporality = m.Histogram().AggregationTemporality()
	case pmetric.MetricTypeExponentialHistogram:
		temporality = m.ExponentialHistogram().AggregationTemporality()
	}
	return unsupportedTemporality, temporality != pmetric.AggregationTemporalityCumulative
}

// moment is a point's time and whether its series ends there.
type moment struct {
	ms    int64 // 0: the point has no timestamp
	start int64 // ms, before ms, 0: unknown
	stale bool
}

func (in *intake) moment(start, ts pcommon.Timestamp, flags pmetric.DataPointFlags) moment {
	m := moment{ms: int64(uint64(ts) / 1e6), start: startMs(start), stale: flags.NoRecordedValue()}
	if m.start >= m.ms {
		m.start = 0
	}
	if !m.stale && m.ms > in.newest && m.ms > 0 {
		in.newest = m.ms
	}
	return m
}

// startMs rounds to microseconds before it cuts: a start that was once seconds in a float (OpenMetrics' _created) may lie
// 120 ns before its millisecond.
func startMs(start pcommon.Timestamp) int64 { return int64((uint64(start) + 500) / 1e6) }

// bits tells values of a series at equal times apart.
func (m moment) bits(value float64) uint64 {
	switch {
	case m.stale:
		return staleMarker
	case value != value:
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

var infoMeta = &meta{kind: typeInfo, help: "Resource attributes that are not labels of other series."}

// targetInfo offers the target's series at the newest time of the call, unless
// an earlier call was already there.
func (in *intake) targetInfo(t *target) {
	c := in.compose(t.entity, in.union(t))
	clear(t.infos)
	in.meta = infoMeta
	in.last = nil
	s := in.find(t.entity, c, in.infoName)
	if t.newest > s.State.last {
		in.admit(s, moment{ms: t.newest}, math.Float64bits(1), nil)
	}
}
