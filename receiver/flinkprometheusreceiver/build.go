package flinkprometheusreceiver

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/lease"
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

	table *table
	fill  *filler

	// Scratch:
	entities   []id      // those of the scrape at hand, in the order of their first points
	attributes []label   // of the resource at hand
	open       []*metric // those of the resource at hand whose points are more than one
}

func newBuilder(service, instance string, t *table) *builder {
	return &builder{service: service, instance: instance, table: t, fill: newFiller()}
}

// build returns one Resource per entity with its points, and one for the target itself with the report, and the number
// of points. It makes them from what s has.
func (b *builder) build(s *stock, r *reading, rep report, t pcommon.Timestamp, scan uint32) (md pmetric.Metrics, points int) {
	md = pmetric.NewMetrics()
	b.chain(r, scan)
	resources := md.ResourceMetrics()
	resources.EnsureCapacity(len(b.entities) + 1)
	reported := false
	for _, i := range b.entities {
		e := &b.table.entities[i]
		points += int(e.points)
		metrics := b.describe(s.next(resources), e)
		used := b.addPoints(metrics, r, i, t)
		if e.isTarget() {
			used = b.addReport(metrics, used, rep, t)
			reported = true
		}
		lease.Cut(metrics, used)
	}
	if !reported {
		metrics := b.describe(s.next(resources), &entity{})
		lease.Cut(metrics, b.addReport(metrics, 0, rep, t))
	}
	return md, points + reportSize
}

// isTarget tells whether the entity is the target itself, which is so for lines without host and entity labels.
func (e *entity) isTarget() bool { return len(e.labels) == 0 }

// chain links the points of each entity, which lie scattered over the scrape.
func (b *builder) chain(r *reading, scan uint32) {
	b.entities = b.entities[:0]
	for i := range r.points {
		p := &r.points[i]
		if p.form == hidden {
			continue
		}
		p.next = -1
		entity := b.table.series[p.series].entity
		e := &b.table.entities[entity]
		if e.scan != scan {
			e.scan, e.first, e.points = scan, int32(i), 0
			b.entities = append(b.entities, entity)
		} else {
			r.points[e.last].next = int32(i)
		}
		e.last = int32(i)
		e.points++
	}
}

// describe makes rm the Resource of an entity and returns its list of metrics, which is to be filled. The attributes
// that the pipeline takes away most often come last: so the others are found where they were.
func (b *builder) describe(rm pmetric.ResourceMetrics, e *entity) pmetric.MetricSlice {
	all := append(b.attributes[:0], label{"service.name", b.service}, label{"service.instance.id", b.instance})
	host, labels := b.table.hostOf(e)
	if host != "" {
		all = append(all, label{"host.name", host})
	}
	for _, i := range labels {
		if l := b.table.labels[i]; !namesAttempt(l.name) {
			all = append(all, l)
		}
	}
	for _, i := range labels {
		if l := b.table.labels[i]; namesAttempt(l.name) {
			all = append(all, l)
		}
	}
	b.attributes = all
	return b.fill.resourceMetrics(rm, all, metadata.ScopeName)
}

func namesAttempt(label string) bool { return strings.HasPrefix(label, "task_attempt_") }

// addPoints fills metrics from the first one on, and returns how many it used.
func (b *builder) addPoints(metrics pmetric.MetricSlice, r *reading, entity id, t pcommon.Timestamp) (used int) {
	e := &b.table.entities[entity]
	b.open = b.open[:0]
	metrics.EnsureCapacity(int(e.points))
	for i := e.first; i >= 0; i = r.points[i].next {
		p := &r.points[i]
		s := &b.table.series[p.series]
		m, attributes := b.table.metrics[s.metric], b.table.extras[s.extras]
		if m.scan != e.scan || m.entity != entity {
			m.scan, m.entity, m.used = e.scan, entity, 0
			m.points = b.fill.metric(lease.Element(metrics, used), m)
			used++
			if m.points.Len() > 1 {
				b.open = append(b.open, m)
			}
		}
		dp := lease.Element(m.points, m.used)
		m.used++
		if p.form == ended {
			b.fill.marker(dp, attributes, p.start, t)
		} else {
			b.fill.value(dp, attributes, p.start, t, p.value)
		}
	}
	for _, m := range b.open {
		lease.Cut(m.points, m.used)
	}
	return used
}

// reportSize is the number of points that addReport adds.
const reportSize = 4

// addReport fills metrics from position used on, and returns the position behind.
func (b *builder) addReport(metrics pmetric.MetricSlice, used int, rep report, t pcommon.Timestamp) int {
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
		points := b.fill.metric(lease.Element(metrics, used), &metric{name: g.name, unit: g.unit, description: g.description})
		b.fill.value(lease.Element(points, 0), nil, 0, t, g.value)
		lease.Cut(points, 1)
		used++
	}
	return used
}
