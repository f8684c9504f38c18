package orderedremotewriteexporter

import (
	"strings"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/series"
)

// names gives metrics the names of the chosen translation strategy, each
// translated once.
type names struct {
	namer    otlptranslator.MetricNamer
	interner *series.Interner
	known    map[nameKey]*metricName
	last     *metricName    // the one before, never nil
	metas    map[meta]*meta // one of each, so that series share it
	unit     otlptranslator.UnitNamer
	now      series.Generation
	keep     bool // texts of metrics
}

// nameKey holds all that a name may depend on; unit and kind stay empty where
// the strategy adds no suffixes.
type nameKey struct {
	name, unit string
	kind       otlptranslator.MetricType
}

// metricName holds the name labels a metric's series may have. All are nil
// when the metric has no valid name.
type metricName struct {
	key                       nameKey
	plain, bucket, sum, count *series.Set
	next, other               *metricName // those that followed, the last one first: often one of them will
	seen                      series.Generation

	said said  // by the last metric of this name
	meta *meta // what that means
}

// said is what a metric says of itself. Whoever lends data has one string of each, so that
// their bytes need not be read.
type said struct {
	name, help, unit string
	kind             otlptranslator.MetricType
}

// again tells whether a metric says the same. Where its texts may be kept, those that are
// other strings take the place of these.
func (s *said) again(m pmetric.Metric, kind otlptranslator.MetricType, keep bool) bool {
	return s.kind == kind && same(&s.name, m.Name(), keep) && same(&s.help, m.Description(), keep) && same(&s.unit, m.Unit(), keep)
}

func same(was *string, now string, keep bool) bool {
	if series.Identical(*was, now) {
		return true
	}
	if *was != now {
		return false
	}
	if keep {
		*was = now
	}
	return true
}

func newNames(strategy string, interner *series.Interner) *names {
	return &names{
		namer:    otlptranslator.NewMetricNamer("", otlptranslator.TranslationStrategyOption(strategy)),
		interner: interner,
		known:    map[nameKey]*metricName{},
		last:     &metricName{},
		metas:    map[meta]*meta{},
		unit:     otlptranslator.UnitNamer{UTF8Allowed: !otlptranslator.TranslationStrategyOption(strategy).ShouldEscape()},
	}
}

// of returns the name of a metric, with what the metric says of itself. It expects names
// in the order in which they came before.
func (n *names) of(m pmetric.Metric, kind otlptranslator.MetricType) *metricName {
	name := n.last.next
	if name == nil || !name.said.again(m, kind, n.keep) {
		name = n.find(m, kind)
	}
	n.last = name
	if name.seen != n.now {
		n.touch(name)
	}
	return name
}

// find is for a name that does not follow as it did last.
func (n *names) find(m pmetric.Metric, kind otlptranslator.MetricType) *metricName {
	name := n.last.other
	if name == nil || !name.said.again(m, kind, n.keep) {
		name = n.get(m, kind)
		n.describe(name, m, kind)
	}
	if name != n.last.next {
		n.last.next, n.last.other = name, n.last.next
	}
	return name
}

func (n *names) get(m pmetric.Metric, kind otlptranslator.MetricType) *metricName {
	key := nameKey{name: m.Name()}
	if n.namer.WithMetricSuffixes {
		key.unit, key.kind = m.Unit(), kind
	}
	name := n.known[key]
	if name == nil {
		key.name, key.unit = strings.Clone(key.name), strings.Clone(key.unit)
		name = n.translate(key)
		name.key = key
		n.known[key] = name
	}
	return name
}

func (n *names) touch(name *metricName) {
	name.seen = n.now
	for _, set := range []*series.Set{name.plain, name.bucket, name.sum, name.count} {
		if set != nil {
			n.interner.Touch(set)
		}
	}
}

func (n *names) translate(key nameKey) *metricName {
	text, err := n.namer.Build(otlptranslator.Metric{Name: key.name, Unit: key.unit, Type: key.kind})
	if err != nil || text == "" {
		return &metricName{}
	}
	set := func(suffix string) *series.Set {
		return n.interner.Intern([]series.Label{{Name: series.NameLabel, Value: validText(text + suffix)}})
	}
	return &metricName{plain: set(""), bucket: set("_bucket"), sum: set("_sum"), count: set("_count")}
}

// describe notes what a metric says of itself. Metrics of one name mostly agree.
func (n *names) describe(name *metricName, m pmetric.Metric, kind otlptranslator.MetricType) {
	if name.said.again(m, kind, n.keep) {
		return
	}
	name.said = said{m.Name(), m.Description(), m.Unit(), kind}
	if !n.keep {
		name.said = said{name.key.name, strings.Clone(m.Description()), strings.Clone(m.Unit()), kind}
	}
	now := meta{kind: typeOf(kind), unit: validText(n.unit.Build(name.said.unit)), help: validText(name.said.help)}
	if n.metas[now] == nil {
		n.metas[now] = &now
	}
	name.meta = n.metas[now]
}

// sweep forgets names unused for more than idle generations.
func (n *names) sweep(now, idle series.Generation) {
	n.now, n.last = now, &metricName{}
	clear(n.metas)
	for key, name := range n.known {
		name.next, name.other = nil, nil // they may be gone
		if now-name.seen > idle {
			delete(n.known, key)
		}
	}
}

// numbersOf returns the points of a gauge or cumulative sum, and its kind; unknown for
// others.
func numbersOf(m pmetric.Metric) (pmetric.NumberDataPointSlice, otlptranslator.MetricType) {
	if gauge := m.Gauge(); gauge != (pmetric.Gauge{}) {
		return gauge.DataPoints(), otlptranslator.MetricTypeGauge
	}
	sum := m.Sum()
	switch {
	case sum == pmetric.Sum{} || sum.AggregationTemporality() != pmetric.AggregationTemporalityCumulative:
		return pmetric.NumberDataPointSlice{}, otlptranslator.MetricTypeUnknown
	case sum.IsMonotonic():
		return sum.DataPoints(), otlptranslator.MetricTypeMonotonicCounter
	default:
		return sum.DataPoints(), otlptranslator.MetricTypeNonMonotonicCounter
	}
}

// distributionOf returns the kind of all others.
func distributionOf(m pmetric.Metric) otlptranslator.MetricType {
	switch m.Type() {
	case pmetric.MetricTypeHistogram:
		return otlptranslator.MetricTypeHistogram
	case pmetric.MetricTypeExponentialHistogram:
		return otlptranslator.MetricTypeExponentialHistogram
	case pmetric.MetricTypeSummary:
		return otlptranslator.MetricTypeSummary
	default:
		return otlptranslator.MetricTypeUnknown
	}
}

// typeOf returns the type that Prometheus knows for a kind of metric.
func typeOf(kind otlptranslator.MetricType) metricType {
	switch kind {
	case otlptranslator.MetricTypeMonotonicCounter:
		return typeCounter
	case otlptranslator.MetricTypeNonMonotonicCounter, otlptranslator.MetricTypeGauge:
		return typeGauge
	case otlptranslator.MetricTypeHistogram, otlptranslator.MetricTypeExponentialHistogram:
		return typeHistogram
	case otlptranslator.MetricTypeSummary:
		return typeSummary
	default:
		return typeUnknown
	}
}

// validText makes s valid UTF-8, as protobuf strings and Prometheus demand.
func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
