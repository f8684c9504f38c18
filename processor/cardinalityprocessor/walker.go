package cardinalityprocessor

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/series"
	"weir.example/processor/cardinalityprocessor/internal/aggregate"
	"weir.example/processor/cardinalityprocessor/internal/rules"
	"weir.example/processor/cardinalityprocessor/internal/supersede"
)

const (
	// idleTime is a generation: what was used in neither this one nor the one before is forgotten.
	idleTime = 10 * time.Minute
	// maxPlans (about 200 bytes each), maxResources (about 1000) and maxRoutes (about 70) bound what is remembered; when
	// there was more, everything is found out anew. That costs time, never correctness.
	maxPlans     = 1_000_000
	maxResources = 1_000_000
	maxRoutes    = 2_000_000
)

// walker leads the metrics of one call through rename, rules and supersede. It remembers what the rules say about each
// metric of each class of resources, so that what is known costs a comparison. The core's mutex guards all of it.
type walker struct {
	rename     *renamer // nil: the stage is off
	rules      *rules.Set
	aggregator *aggregate.Aggregator
	owners     *supersede.Owners
	function   func(metric string) aggregate.Function // of gauges that are merged
	commit     func(record []byte) error              // logs and applies a record of owners
	now        func() time.Time
	witness    *witness // nil: the values of labels are not measured

	entities   *series.Memo[*entity]
	classes    map[string]*class // by keys and the values that rules read
	contenders map[contenderKey]*contender
	plans      int    // how many there are
	resources  int    // in entities
	routes     counts // in trails of entities
	newest     uint64 // id that a plan got
	pointwise  bool   // labels of points were superseded
	hasher     hasher
	generation series.Generation
	call       uint64

	// Of the present call.
	lent   bool // its texts may be kept, and what is spent goes back
	steps  []step
	found  []found // of each resource
	seen   []*contender
	taken  []*route // of the points of routed steps
	record supersede.Record
	editor *editor
}

// counts are those of what was used in this generation, and in the one before but not yet in this one.
type counts struct{ now, before int }

// turn goes on to a later generation.
func (c *counts) turn(generations series.Generation) {
	if c.before = 0; generations == 1 {
		c.before = c.now
	}
	c.now = 0
}

// newWalker makes a walker of its stages, state and functions.
func newWalker(given walker) *walker {
	w := &given
	w.hasher = newHasher()
	w.editor = newEditor(w)
	w.forget()
	return w
}

// swapRules puts other rules in force. Nothing that was found out about the old ones remains.
func (w *walker) swapRules(set *rules.Set) {
	w.rules = set
	w.forget()
}

func (w *walker) forget() {
	w.entities = series.NewMemo[*entity]()
	w.entities.Sweep(w.generation, 1)
	w.classes = map[string]*class{}
	w.contenders = map[contenderKey]*contender{}
	w.plans, w.resources, w.routes = 0, 0, counts{}
}

// walk edits md in place. What merges is taken out of it and encoded into the batch, which is nil if there is none. An
// error means that nothing but names was changed and nothing may pass.
func (w *walker) walk(md pmetric.Metrics, t *tally) (*aggregate.Batch, error) {
	w.sweep()
	w.call++
	w.entities.KeepTexts(w.lent)
	if w.rename != nil {
		w.rename.keeps = w.lent
	}
	unchanged := w.survey(md, t)
	if w.witness != nil {
		w.witness.observe(md, w.rules, w.now()) // names are those that rules see, labels as they arrived
	}
	if unchanged {
		return nil, nil
	}
	if err := w.decide(t); err != nil {
		return nil, err
	}
	return w.editor.run(md, t), nil
}

// sweep forgets what was not used for a while.
func (w *walker) sweep() {
	if w.routes.now+w.routes.before > maxRoutes || w.plans > maxPlans || w.resources > maxResources {
		w.forget()
	}
	now := series.Generation(w.now().UnixNano() / int64(idleTime))
	if now == w.generation {
		return
	}
	w.routes.turn(now - w.generation)
	w.generation = now
	w.entities.Sweep(now, 1)
	w.resources = w.entities.Len()
	for key, c := range w.classes {
		if now-c.used > 1 {
			w.plans -= len(c.plans)
			delete(w.classes, key)
		}
	}
	for key, c := range w.contenders {
		if now-c.used > 1 {
			delete(w.contenders, key)
		}
	}
}

// decide logs and applies what the call showed of incarnations, and asks who owns what.
func (w *walker) decide(t *tally) error {
	defer func() { clear(w.seen); w.seen = w.seen[:0] }()
	if len(w.seen) == 0 {
		return nil
	}
	w.record.Begin(pcommon.NewTimestampFromTime(w.now()))
	for _, c := range w.seen {
		w.record.Add(c.sighting())
	}
	before := w.owners.Takeovers()
	if err := w.commit(w.record.Bytes()); err != nil {
		return err
	}
	t.takeovers += int(w.owners.Takeovers() - before)
	for _, c := range w.seen {
		c.from, c.owns = w.owners.Verdict(c.key, c.id)
	}
	return nil
}
