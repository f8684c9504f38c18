package flinkprometheusreceiver

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/receiver/flinkprometheusreceiver/internal/metadata"
)

// report is what is told about a scrape itself, under the names that Prometheus uses.
type report struct {
	up       bool
	duration time.Duration
	samples  int
	added    int
}

// builder turns readings of one target into pdata.
type builder struct {
	service, instance string

	entities []*entity // those of the scrape at hand, in the order of their first points
}

func newBuilder(service, instance string) *builder {
	return &builder{service: service, instance: instance}
}

// build returns one Resource per entity with its points, and one for the target itself with the report, and the number
// of points.
func (b *builder) build(r *reading, rep report, t pcommon.Timestamp, scan uint32) (md pmetric.Metrics, points int) {
	md = pmetric.NewMetrics()
	b.chain(r, scan)
	resources := md.ResourceMetrics()
	resources.EnsureCapacity(len(b.entities) + 1)
	reported := false
	for _, e := range b.entities {
		points += e.points
		metrics := b.addResource(resources, e)
		b.addPoints(metrics, r, e, t)
		if e.isTarget() {
			addReport(metrics, rep, t)
			reported = true
		}
	}
	if !reported {
		addReport(b.addResource(resources, &entity{}), rep, t)
	}
	return md, points + reportSize
}

// isTarget tells whether the entity is the target itself, which is so for lines without host and entity labels.
func (e *entity) isTarget() bool { return e.host == "" && len(e.labels) == 0 }

// chain links the points of each entity, which lie scattered over the scrape.
func (b *builder) chain(r *reading, scan uint32) {
	b.entities = b.entities[:0]
	for i := range r.points {
		p := &r.points[i]
		if p.form == hidden {
			continue
		}
		p.next = -1
		e := p.series.entity
		if e.scan != scan {
			e.scan, e.first, e.points = scan, int32(i), 0
			b.entities = append(b.entities, e)
		} else {
			r.points[e.last].next = int32(i)
		}
		e.last = int32(i)
		e.points++
	}
}

// addResource adds the Resource of an entity and returns its empty list of metrics.
func (b *builder) addResource(resources pmetric.ResourceMetricsSlice, e *entity) pmetric.MetricSlice {
	rm := resources.AppendEmpty()
	attributes := rm.Resource().Attributes()
	attributes.EnsureCapacity(len(e.labels) + 3)
	attributes.PutStr("service.name", b.service)
	attributes.PutStr("service.instance.id", b.instance)
	if e.host != "" {
		attributes.PutStr("host.name", e.host)
	}
	for _, l := range e.labels {
		attributes.PutStr(l.name, l.value)
	}
	scope := rm.ScopeMetrics().AppendEmpty()
	scope.Scope().SetName(metadata.ScopeName)
	return scope.Metrics()
}

func (b *builder) addPoints(metrics pmetric.MetricSlice, r *reading, e *entity, t pcommon.Timestamp) {
	metrics.EnsureCapacity(e.points)
	for i := e.first; i >= 0; i = r.points[i].next {
		p := &r.points[i]
		m := p.series.metric
		if m.scan != e.scan || m.entity != e {
			m.scan, m.entity, m.points = e.scan, e, newPoints(metrics, m)
		}
		dp := m.points.AppendEmpty()
		dp.SetTimestamp(t)
		dp.SetStartTimestamp(p.start)
		if p.form == ended {
			dp.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
		} else {
			dp.SetDoubleValue(p.value)
		}
		for _, l := range p.series.attributes {
			dp.Attributes().PutStr(l.name, l.value)
		}
	}
}

func newPoints(metrics pmetric.MetricSlice, m *metric) pmetric.NumberDataPointSlice {
	out := metrics.AppendEmpty()
	out.SetName(m.name)
	out.SetDescription(m.description)
	out.SetUnit(m.unit)
	if !m.sum {
		return out.SetEmptyGauge().DataPoints()
	}
	sum := out.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return sum.DataPoints()
}

// reportSize is the number of points that addReport adds.
const reportSize = 4

func addReport(metrics pmetric.MetricSlice, rep report, t pcommon.Timestamp) {
	up := 0.0
	if rep.up {
		up = 1
	}
	for _, g := range [reportSize]struct {
		name, unit, description string
		value                   float64
	}{
		{"up", "1", "1 if the last scrape of the target succeeded, else 0.", up},
		{"scrape_duration_seconds", "s", "How long the last scrape of the target took.", rep.duration.Seconds()},
		{"scrape_samples_scraped", "{sample}", "Number of samples that the target exposed.", float64(rep.samples)},
		{"scrape_series_added", "{series}", "Number of series that the scrape before did not have.", float64(rep.added)},
	} {
		points := newPoints(metrics, &metric{name: g.name, unit: g.unit, description: g.description})
		dp := points.AppendEmpty()
		dp.SetTimestamp(t)
		dp.SetDoubleValue(g.value)
	}
}
