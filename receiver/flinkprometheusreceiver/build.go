package flinkprometheusreceiver

import (
	"slices"
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
	entities   []id    // those of the scrape at hand, in the order of their first points; none for the target itself
	attributes []label // of the resource at hand
	attempt    []label // of them, those that come last
}

func newBuilder(service, instance string, t *table) *builder {
	return &builder{service: service, instance: instance, table: t, fill: newFiller()}
}

// build returns one Resource per entity with its points, and one for the target itself with the report, and the number
// of points. It makes them from what s has.
func (b *builder) build(s *stock, r *reading, rep report, t pcommon.Timestamp, scan uint32) (md pmetric.Metrics, points int) {
	md = pmetric.NewMetrics()
	s.cells = b.arrange(s.cells[:0], r, scan)
	resources := md.ResourceMetrics()
	s.lend(resources, len(b.entities))
	for i, id := range b.entities {
		e := &entity{}
		if id != none {
			e = &b.table.entities[id]
		}
		metrics := b.describe(resources.At(i), e)
		used := b.addPoints(metrics, r, s.cells[points:points+int(e.points)], id, t, scan)
		points += int(e.points)
		if e.isTarget() {
			used = b.addReport(metrics, used, rep, t)
		}
		lease.Cut(metrics, used)
	}
	return md, points + reportSize
}

// isTarget tells whether the entity is the target itself, which is so for lines without host and entity labels.
func (e *entity) isTarget() bool { return len(e.labels) == 0 }

// cell is a point, and what build must know of its series.
type cell struct {
	point          int32
	metric, extras id
}

// arrange returns the points of a scrape, those of an entity one after the other: Flink lists them metric by metric, so
// that they lie scattered.
func (b *builder) arrange(cells []cell, r *reading, scan uint32) []cell {
	t := b.table
	b.entities = b.entities[:0]
	for i := range r.points {
		p := &r.points[i]
		if p.form == hidden {
			continue
		}
		id := t.series[p.series].entity
		e := &t.entities[id]
		if e.scan != scan {
			e.scan, e.points = scan, 0
			b.entities = append(b.entities, id)
		}
		e.points++
	}
	n := int32(0)
	target := false
	for _, id := range b.entities {
		e := &t.entities[id]
		e.next = n
		n += e.points
		target = target || e.isTarget()
	}
	if !target {
		b.entities = append(b.entities, none)
	}
	cells = slices.Grow(cells, int(n))[:n]
	for i := range r.points {
		p := &r.points[i]
		if p.form == hidden {
			continue
		}
		s := &t.series[p.series]
		e := &t.entities[s.entity]
		c := &cells[e.next]
		e.next++
		c.point, c.metric, c.extras = int32(i), s.metric, s.extras
	}
	return cells
}

// describe makes rm the Resource of an entity and returns its list of metrics, which is to be filled. The attributes
// that the pipeline takes away most often come last: so the others are found where they were.
func (b *builder) describe(rm pmetric.ResourceMetrics, e *entity) pmetric.MetricSlice {
	all := append(b.attributes[:0], label{"service.name", b.service}, label{"service.instance.id", b.instance})
	host, labels := b.table.hostOf(e)
	if host != "" {
		all = append(all, label{"host.name", host})
	}
	b.attempt = b.attempt[:0]
	for _, i := range labels {
		if l := b.table.labels[i]; namesAttempt(l.name) {
			b.attempt = append(b.attempt, l)
		} else {
			all = append(all, l)
		}
	}
	all = append(all, b.attempt...)
	b.attributes = all
	return b.fill.resourceMetrics(rm, all, metadata.ScopeName)
}

func namesAttempt(label string) bool { return strings.HasPrefix(label, "task_attempt_") }

// addPoints fills metrics from the first one on with the points of an entity, and returns how many it used.
func (b *builder) addPoints(metrics pmetric.MetricSlice, r *reading, cells []cell, entity id, t pcommon.Timestamp, scan uint32) (used int) {
	metrics.EnsureCapacity(len(cells))
	for i := 0; i < len(cells); {
		metric := cells[i].metric
		m := b.table.metrics[metric]
		again := m.scan == scan && m.entity == entity // which no page has whose metrics stand together
		if !again {
			m.scan, m.entity, m.position = scan, entity, used
			used++
		}
		points, n := b.fill.metric(lease.MetricAt(metrics, m.position), m), 0
		if again {
			n = points.Len()
		}
		for ; i < len(cells) && cells[i].metric == metric; i++ {
			b.fill.point(lease.PointAt(points, n), &r.points[cells[i].point], b.table.extras[cells[i].extras], t)
			n++
		}
		if points.Len() > n {
			lease.Cut(points, n)
		}
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
		points := b.fill.metric(lease.MetricAt(metrics, used), &metric{name: g.name, unit: g.unit, description: g.description})
		b.fill.point(lease.PointAt(points, 0), &point{value: g.value}, nil, t)
		lease.Cut(points, 1)
		used++
	}
	return used
}
