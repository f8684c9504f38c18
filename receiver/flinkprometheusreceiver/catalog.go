package flinkprometheusreceiver

import (
	"hash/maphash"
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
	points      int
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

// extras are attributes of points, and their joined form.
type extras struct {
	joined string
	labels []label
}

// line remembers what the bytes before the value of a sample line mean. Of the bytes it holds only hash and length: they
// would be most of the memory of a target, and to compare them costs more than to hash the ones at hand. The seed of the
// hash is random, so that no input can be made to collide.
type line struct {
	hash   uint64
	size   int        // bytes
	series *series    // nil: no sample
	why    dropReason // of a line without series, empty if a filter excludes it
	pos    int32      // in the scrape that had it last
	scan   uint32
}

var lineSeed = maphash.MakeSeed()

// is tells whether these are the line's bytes.
func (l *line) is(key []byte) bool {
	return l.size == len(key) && l.hash == maphash.Bytes(lineSeed, key)
}

// catalog knows the lines, entities, metrics and series of one target. It is a cache of what text means: everything in
// it but the history in its series can be dropped at any time.
type catalog struct {
	naming
	entityOnPoints bool

	scan     uint32
	parsed   uint32           // the scan that order is of
	lines    map[uint64]*line // by hash
	order    []*line          // the lines of the last scrape, which predict those of this one
	current  []*line          // the lines of this one so far
	learned  []*line          // those of them that the last one did not have
	entities map[string]*entity
	extras   map[string]extras
	series   map[identity]*series

	labels []label // scratch of parseSeries
}

func newCatalog(n naming, entityOnPoints bool) *catalog {
	return &catalog{
		naming:         n,
		entityOnPoints: entityOnPoints,
		lines:          map[uint64]*line{},
		entities:       map[string]*entity{},
		extras:         map[string]extras{},
		series:         map[identity]*series{},
	}
}

// begin opens a scrape.
func (c *catalog) begin() {
	c.scan++
	c.current, c.learned = c.current[:0], nil
}

// expect returns the line of the last scrape at position predicted, if body begins with its bytes and a blank, or nil.
func (c *catalog) expect(body []byte, predicted int) *line {
	if predicted >= len(c.order) {
		return nil
	}
	l := c.order[predicted]
	if l.size >= len(body) || body[l.size] != ' ' || !l.is(body[:l.size]) {
		return nil
	}
	return l
}

// resolve returns what a sample line means, given its bytes up to the value.
func (c *catalog) resolve(key []byte, predicted int) *line {
	l := c.lines[maphash.Bytes(lineSeed, key)]
	if l == nil || !l.is(key) {
		l = c.learn(key)
		l.pos = int32(predicted) - 1
		c.lines[l.hash] = l
		c.learned = append(c.learned, l)
	}
	return l
}

// meet notes that a line was found. It returns where the next line is expected: behind it, as in the last scrape.
func (c *catalog) meet(l *line) (predicted int) {
	predicted = int(l.pos) + 1
	if l.scan != c.scan {
		l.pos, l.scan = int32(len(c.current)), c.scan
		c.current = append(c.current, l)
	}
	return predicted
}

// learn parses a line that the last scrape did not have.
func (c *catalog) learn(key []byte) *line {
	l := &line{hash: maphash.Bytes(lineSeed, key), size: len(key)}
	name, labels, why := parseSeries(string(key), c.labels[:0])
	c.labels = labels
	if why != kept {
		l.why = why
	} else if m := c.metric(name); m.wanted {
		l.series = c.find(m, labels)
	}
	return l
}

// find returns the series of a metric with these labels, which are sorted by name, and adds it if it is new.
func (c *catalog) find(m *metric, labels []label) *series {
	var host string
	var own, beyond []label
	for _, l := range labels {
		switch {
		case l.name == hostLabel:
			host = l.value
		case !c.entityOnPoints && flinkname.IsEntityLabel(l.name):
			own = append(own, l)
		default:
			beyond = append(beyond, l)
		}
	}
	e, x := c.entity(host, own), c.intern(exportReserved(beyond))
	id := identity{e, m, x.joined}
	s := c.series[id]
	if s == nil {
		s = &series{entity: e, metric: m, attributes: x.labels, last: math.Inf(-1)}
		c.series[id] = s
	}
	return s
}

// intern returns the one copy of such labels, which many entities have, in memory of its own: that of a line is larger.
func (c *catalog) intern(labels []label) extras {
	joined := join(labels)
	x, known := c.extras[joined]
	if !known {
		x = extras{joined, cloned(labels)}
		c.extras[joined] = x
	}
	return x
}

func cloned(labels []label) []label {
	labels = slices.Clone(labels)
	for i, l := range labels {
		labels[i] = label{strings.Clone(l.name), strings.Clone(l.value)}
	}
	return labels
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
// the history, which holds remembered series, knows. It returns an error if the body was something else.
func (c *catalog) end(r *reading, remembered int) error {
	if r.samples > 0 && !r.understood {
		return &failure{reasonNotMetrics, errNoMetrics}
	}
	r.exposed, r.complete = len(r.points), r.drops[malformed] == 0
	for _, l := range c.order {
		if l.scan != c.scan {
			delete(c.lines, l.hash)
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
	if known := len(c.order) + len(c.series); len(c.metrics)+len(c.entities)+len(c.extras) > 3*known+64 {
		c.sweep()
	}
	return nil
}

// abandon closes a scrape that failed, perhaps within its body: what it had does not count.
func (c *catalog) abandon() {
	for _, l := range c.learned {
		delete(c.lines, l.hash)
	}
	for i, l := range c.order {
		l.pos = int32(i)
	}
	c.begin()
}

// forget drops a series, and all lines if one of them leads to it, which is so if the target could not be read since.
func (c *catalog) forget(s *series) {
	delete(c.series, identity{s.entity, s.metric, join(s.attributes)})
	if s.scan >= c.parsed {
		clear(c.lines)
		c.order = c.order[:0]
	}
}

// sweep drops entities, metrics and extras that no series has.
func (c *catalog) sweep() {
	entities, metrics, used := map[*entity]bool{}, map[*metric]bool{}, map[string]extras{}
	for id := range c.series {
		entities[id.entity], metrics[id.metric] = true, true
		used[id.extras] = c.extras[id.extras]
	}
	c.extras = used
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
