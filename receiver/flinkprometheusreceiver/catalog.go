package flinkprometheusreceiver

import (
	"math"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/internal/flinkname"
)

// hostLabel is the reporter's label for the host of a process. It becomes host.name.
const hostLabel = "host"

// entity is what one Resource describes: a JobManager, TaskManager, job, task and subtask, or operator and subtask.
type entity struct {
	host   string
	labels []label // Flink's entity labels, sorted by name

	// Scratch of build: the chain of this entity's points in one scrape.
	scan        uint32
	first, last int32
}

// series is one time series of a target. Its identity is composed: the entity's labels are held once.
type series struct {
	entity     *entity
	metric     *metric
	attributes []label // what the line carries besides its entity, sorted by name

	scan uint32 // the last scrape that exposed it, delivered or not

	// What follows is history: it changes only when a scrape was delivered.
	at     pcommon.Timestamp // when it was last exposed; 0: never
	start  pcommon.Timestamp // 0: unknown
	last   float64           // the last value that was a number
	valued bool              // its last point was a value, so that it is owed a stale marker

	// Where it is stored.
	hash  uint64
	place uint32 // in the layout of memory, if it is there
}

// identity composes what makes a series: extras are its attributes, joined.
type identity struct {
	entity *entity
	metric *metric
	extras string
}

// line remembers what the bytes before the value of a sample line mean.
type line struct {
	key    string
	series *series    // nil: no sample
	why    dropReason // of a line without series, empty if a filter excludes it
	pos    int        // in the scrape that had it last
	scan   uint32
}

// catalog knows the lines, entities, metrics and series of one target. It is a cache of what text means: everything in
// it but the history in its series can be dropped at any time.
type catalog struct {
	naming
	entityOnPoints bool

	scan     uint32
	parsed   uint32 // the scan that order is of
	lines    map[string]*line
	order    []*line // the lines of the last scrape, which predict those of this one
	current  []*line // the lines of this one so far
	entities map[string]*entity
	series   map[identity]*series

	labels []label // scratch of parseSeries
}

func newCatalog(n naming, entityOnPoints bool) *catalog {
	return &catalog{
		naming:         n,
		entityOnPoints: entityOnPoints,
		lines:          map[string]*line{},
		entities:       map[string]*entity{},
		series:         map[identity]*series{},
	}
}

// begin opens a scrape.
func (c *catalog) begin() {
	c.scan++
	c.current = c.current[:0]
}

// resolve returns what a sample line means, given its bytes up to the value. predicted is the position of the line of
// the last scrape that is expected here; the next one follows it.
func (c *catalog) resolve(key []byte, predicted int) (l *line, next int) {
	if predicted < len(c.order) && c.order[predicted].key == string(key) {
		l = c.order[predicted]
	} else if l = c.lines[string(key)]; l == nil {
		l = c.learn(string(key))
		c.lines[l.key] = l
		l.pos = predicted - 1
	}
	next = l.pos + 1
	if l.scan != c.scan {
		l.pos, l.scan = len(c.current), c.scan
		c.current = append(c.current, l)
	}
	return l, next
}

// learn parses a line that the last scrape did not have.
func (c *catalog) learn(key string) *line {
	name, labels, why := parseSeries(key, c.labels[:0])
	c.labels = labels
	if why != kept {
		return &line{key: key, why: why}
	}
	m := c.metric(name)
	if !m.wanted {
		return &line{key: key}
	}
	return &line{key: key, series: c.find(m, labels)}
}

// find returns the series of a metric with these labels, which are sorted by name, and adds it if it is new.
func (c *catalog) find(m *metric, labels []label) *series {
	var host string
	var own, extras []label
	for _, l := range labels {
		switch {
		case l.name == hostLabel:
			host = l.value
		case !c.entityOnPoints && flinkname.IsEntityLabel(l.name):
			own = append(own, l)
		default:
			extras = append(extras, l)
		}
	}
	extras = exportReserved(extras)
	e := c.entity(host, own)
	id := identity{e, m, join(extras)}
	s := c.series[id]
	if s == nil {
		s = &series{entity: e, metric: m, attributes: extras, last: math.Inf(-1)}
		c.series[id] = s
	}
	return s
}

func (c *catalog) entity(host string, labels []label) *entity {
	key := host + separator + join(labels)
	e := c.entities[key]
	if e == nil {
		e = &entity{host: host, labels: labels}
		c.entities[key] = e
	}
	return e
}

// end closes a scrape whose body was read: the lines it did not have are forgotten, and series that neither it nor
// the history, which holds remembered series, knows.
func (c *catalog) end(remembered int) {
	for _, l := range c.order {
		if l.scan != c.scan {
			delete(c.lines, l.key)
		}
	}
	c.order, c.current, c.parsed = c.current, c.order[:0], c.scan
	c.forgetFamilies(c.scan)
	if len(c.series) > len(c.order)+remembered {
		for id, s := range c.series {
			if s.at == 0 && s.scan != c.scan {
				delete(c.series, id)
			}
		}
	}
	if known := len(c.order) + len(c.series); len(c.metrics)+len(c.entities) > 2*known+64 {
		c.sweep()
	}
}

// forget drops a series, and all lines if one of them leads to it, which is so if the target could not be read since.
func (c *catalog) forget(s *series) {
	delete(c.series, identity{s.entity, s.metric, join(s.attributes)})
	if s.scan == c.parsed {
		clear(c.lines)
		c.order = c.order[:0]
	}
}

// sweep drops entities and metrics that no series has.
func (c *catalog) sweep() {
	entities, metrics := map[*entity]bool{}, map[*metric]bool{}
	for id := range c.series {
		entities[id.entity], metrics[id.metric] = true, true
	}
	for key, e := range c.entities {
		if !entities[e] {
			delete(c.entities, key)
		}
	}
	for name, m := range c.metrics {
		if !metrics[m] {
			delete(c.metrics, name)
		}
	}
}

// separator cannot be part of a label, which is valid UTF-8.
const separator = "\xff"

func join(labels []label) string {
	if len(labels) == 0 {
		return ""
	}
	var b strings.Builder
	for _, l := range labels {
		b.WriteString(l.name)
		b.WriteString(separator)
		b.WriteString(l.value)
		b.WriteString(separator)
	}
	return b.String()
}

// exportReserved renames labels that would collide with the job and instance every series gets at its store, as
// Prometheus does: job becomes exported_job.
func exportReserved(labels []label) []label {
	has := func(name string) bool {
		return slices.ContainsFunc(labels, func(l label) bool { return l.name == name })
	}
	renamed := false
	for i, l := range labels {
		if l.name != "job" && l.name != "instance" {
			continue
		}
		name := l.name
		for has(name) {
			name = "exported_" + name
		}
		labels[i].name = name
		renamed = true
	}
	if renamed {
		slices.SortFunc(labels, func(a, b label) int { return strings.Compare(a.name, b.name) })
	}
	return labels
}
