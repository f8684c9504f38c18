package flinkprometheusreceiver

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// hostLabel is the reporter's label for the host of a process. It becomes host.name.
const hostLabel = "host"

// id is the position of a series, entity, metric or set of labels in its table.
type id = int32

// none stands for no id.
const none id = -1

// series is one time series of a target. Its identity is composed of what others share. It has no pointers, so that the
// garbage collector need not look at it.
type series struct {
	entity  id // none: the place is free
	metric  id
	extras  id // what the line carries besides its entity
	counter id // if it is or was cumulative and history knows of it

	scan uint32 // the last scrape that exposed it, delivered or not

	// What follows is history: it changes only when a scrape was delivered.
	known   bool // was exposed by one, and is remembered
	exposed bool // by the last one
	valued  bool // its last point was a value, so that it is owed a stale marker
}

// counter is what is known of a cumulative series, which alone need start times.
type counter struct {
	at    pcommon.Timestamp // when it was last exposed
	start pcommon.Timestamp // 0: unknown
	last  float64           // the last value that was a number

	// Where it is stored:
	hash  uint64 // 0: not yet asked for
	place uint32 // in the layout of memory, if it is there
}

// entity is what one Resource describes: a JobManager, TaskManager, job, task and subtask, or operator and subtask.
type entity struct {
	labels []id // Flink's entity labels, sorted by name, and before them the host

	// Scratch of build:
	scan   uint32 // for which points holds
	points int32  // in it
	next   int32  // where the next of them goes
}

// table holds the series of a target. Those without a place in a line or in history are free to be others.
type table struct {
	series []series
	free   []id // places in series
	counts []counter
	freed  []id // places in counts

	entities []entity
	labels   []label // of entities, each once
	metrics  []*metric
	extras   [][]label // sorted by name
}

// live is the number of series.
func (t *table) live() int { return len(t.series) - len(t.free) }

// add makes a new series, which no scrape has exposed.
func (t *table) add(entity, metric, extras id) id {
	s := series{entity: entity, metric: metric, extras: extras, counter: none}
	if n := len(t.free); n > 0 {
		place := t.free[n-1]
		t.free = t.free[:n-1]
		t.series[place] = s
		return place
	}
	t.series = append(t.series, s)
	return id(len(t.series) - 1)
}

// forget takes a series' history from it.
func (t *table) forget(s *series) {
	s.known, s.exposed, s.valued = false, false, false
	t.dropCounter(s)
}

func (t *table) dropCounter(s *series) {
	if s.counter != none {
		t.freed = append(t.freed, s.counter)
		s.counter = none
	}
}

// release frees all series that are not known and not used.
func (t *table) release(used func(mark func(id))) {
	marked := make([]bool, len(t.series))
	used(func(i id) { marked[i] = true })
	for i := range t.series {
		if s := &t.series[i]; s.entity != none && !s.known && !marked[i] {
			t.forget(s)
			s.entity = none
			t.free = append(t.free, id(i))
		}
	}
	if t.live() == 0 {
		t.series, t.free, t.counts, t.freed = nil, nil, nil, nil
	}
}

// counterOf returns the counter of a series, for which it makes one of what is known if there is none.
func (t *table) counterOf(s *series, known entry) *counter {
	if s.counter == none {
		c := counter{at: known.at, start: known.start, last: known.last}
		if n := len(t.freed); n > 0 {
			s.counter, t.freed = t.freed[n-1], t.freed[:n-1]
			t.counts[s.counter] = c
		} else {
			s.counter, t.counts = id(len(t.counts)), append(t.counts, c)
		}
	}
	return &t.counts[s.counter]
}

// sum tells whether a series is cumulative and monotonic.
func (t *table) sum(s *series) bool { return t.metrics[s.metric].sum }

// hostOf splits the labels of an entity.
func (t *table) hostOf(e *entity) (host string, labels []id) {
	if len(e.labels) > 0 && t.labels[e.labels[0]].name == hostLabel {
		return t.labels[e.labels[0]].value, e.labels[1:]
	}
	return "", e.labels
}

// name composes the identity of a series as one string, which is the same in all lives of Weir.
func (t *table) name(s *series) string {
	var b strings.Builder
	host, labels := t.hostOf(&t.entities[s.entity])
	b.WriteString(t.metrics[s.metric].name + separator + host + separator)
	for _, l := range labels {
		writeLabel(&b, t.labels[l])
	}
	b.WriteString(separator)
	for _, l := range t.extras[s.extras] {
		writeLabel(&b, l)
	}
	return b.String()
}

// separator cannot be part of a label, which is valid UTF-8.
const separator = "\xff"

func writeLabel(b *strings.Builder, l label) {
	b.WriteString(l.name)
	b.WriteString(separator)
	b.WriteString(l.value)
	b.WriteString(separator)
}

// clean drops entities, labels, metrics and extras that no series has.
func (t *table) clean() {
	entities, labels, metrics, extras := newKeep(t.entities), newKeep(t.labels), newKeep(t.metrics), newKeep(t.extras)
	for i := range t.series {
		if s := &t.series[i]; s.entity != none {
			s.entity, s.metric, s.extras = entities.take(s.entity), metrics.take(s.metric), extras.take(s.extras)
		}
	}
	for _, e := range entities.kept {
		for i, l := range e.labels {
			e.labels[i] = labels.take(l)
		}
	}
	for i, m := range metrics.kept {
		m.id = id(i)
	}
	t.entities, t.labels, t.metrics, t.extras = entities.kept, labels.kept, metrics.kept, extras.kept
}

// keep moves the elements of a table that are taken to a new one.
type keep[E any] struct {
	all, kept []E
	moved     []id // plus 1; 0: not taken
}

func newKeep[E any](all []E) *keep[E] { return &keep[E]{all: all, moved: make([]id, len(all))} }

func (k *keep[E]) take(i id) id {
	if k.moved[i] == 0 {
		k.kept = append(k.kept, k.all[i])
		k.moved[i] = id(len(k.kept))
	}
	return k.moved[i] - 1
}

// trimmed gives back what append reserved in vain.
func trimmed[E any](s []E) []E {
	if cap(s) > len(s)+len(s)/8 {
		return slices.Clone(s)
	}
	return s
}
