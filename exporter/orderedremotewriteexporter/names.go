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
	last     *metricName    // the one before
	metas    map[meta]*meta // one of each, so that series share it
	unit     otlptranslator.UnitNamer
	now      series.Generation
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
	next                      *metricName // the one that followed, often the one that will
	seen                      series.Generation

	meta *meta // what the last metric of this name said, with
	unit string
}

func newNames(strategy string, interner *series.Interner) *names {
	return &names{
		namer:    otlptranslator.NewMetricNamer("", otlptranslator.TranslationStrategyOption(strategy)),
		interner: interner,
		known:    map[nameKey]*metricName{},
		metas:    map[meta]*meta{},
		unit:     otlptranslator.UnitNamer{UTF8Allowed: !otlptranslator.TranslationStrategyOption(strategy).ShouldEscape()},
	}
}

func (n *names) of(m pmetric.Metric) *metricName {
	key := nameKey{name: m.Name()}
	if n.namer.WithMetricSuffixes {
		key.unit, key.kind = m.Unit(), kindOf(m)
	}
	name := n.find(key)
	if name.seen != n.now {
		name.seen = n.now
		for _, set := range []*series.Set{name.plain, name.bucket, name.sum, name.count} {
			if set != nil {
				n.interner.Touch(set)
			}
		}
	}
	return name
}

// find expects names in the order in which they came last.
func (n *names) find(key nameKey) *metricName {
	if n.last != nil && n.last.next != nil && n.last.next.key == key {
		n.last = n.last.next
		return n.last
	}
	name := n.known[key]
	if name == nil {
		key.name, key.unit = strings.Clone(key.name), strings.Clone(key.unit)
		name = n.translate(key)
		name.key = key
		n.known[key] = name
	}
	if n.last != nil {
		n.last.next = name
	}
	n.last = name
	return name
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

// describe returns what m says of itself. Metrics of one name mostly agree.
func (n *names) describe(name *metricName, m pmetric.Metric) *meta {
	kind := metricTypeOf(m)
	if was := name.meta; was != nil && was.kind == kind && was.help == m.Description() && name.unit == m.Unit() {
		return was
	}
	now := meta{kind: kind, unit: validText(n.unit.Build(m.Unit())), help: validText(strings.Clone(m.Description()))}
	if n.metas[now] == nil {
		n.metas[now] = &now
	}
	name.meta, name.unit = n.metas[now], strings.Clone(m.Unit())
	return name.meta
}

// sweep forgets names unused for more than idle generations.
func (n *names) sweep(now, idle series.Generation) {
	n.now, n.last = now, nil
	clear(n.metas)
	for key, name := range n.known {
		name.next = nil // it may be gone
		if now-name.seen > idle {
			delete(n.known, key)
		}
	}
}

func kindOf(m pmetric.Metric) otlptranslator.MetricType {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return otlptranslator.MetricTypeGauge
	case pmetric.MetricTypeSum:
		if m.Sum().IsMonotonic() {
			return otlptranslator.MetricTypeMonotonicCounter
		}
		return otlptranslator.MetricTypeNonMonotonicCounter
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

// metricTypeOf returns the type that Prometheus knows for a metric.
func metricTypeOf(m pmetric.Metric) metricType {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		if m.Sum().IsMonotonic() {
			return typeCounter
		}
		return typeGauge
	case pmetric.MetricTypeGauge:
		return typeGauge
	case pmetric.MetricTypeHistogram, pmetric.MetricTypeExponentialHistogram:
		return typeHistogram
	case pmetric.MetricTypeSummary:
		return typeSummary
	default:
		return typeUnknown
	}
}

// validText makes s valid UTF-8, as protobuf strings and Prometheus demand.
func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
