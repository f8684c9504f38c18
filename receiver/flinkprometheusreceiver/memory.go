package flinkprometheusreceiver

import (
	"context"
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"
)

// rulesVersion is part of the fingerprint. It is raised when a line that was left out before becomes a series, or a
// metric that was a gauge becomes a sum: what an older Weir did not see was not absent.
const rulesVersion = 1

// memory is what is stored of one target. It is written before a scrape is handed on, not after: of each point that
// anyone has, value and start must be known to the next life, or a kill in between could give one counter two starts,
// or two counters one. What is written and then not delivered does no harm, since what it proves was seen.
type memory struct {
	client      storage.Client
	log         *zap.Logger
	name        string // of the target
	fingerprint uint64

	generation uint64
	entries    []entry // as in the layout
	exposed    int     // of them; below 0: there is no layout
	values     []byte
	failing    bool
}

func (m *memory) layoutKey() string { return "layout " + m.name }

func (m *memory) valuesKey() string { return "values " + m.name }

// load returns what an earlier life knew of the target, nil if nothing.
func (m *memory) load(ctx context.Context, now pcommon.Timestamp) *past {
	layout, values := storage.GetOperation(m.layoutKey()), storage.GetOperation(m.valuesKey())
	err := m.client.Batch(ctx, layout, values)
	if err == nil && layout.Value == nil && values.Value == nil {
		return nil
	}
	var p *past
	if err == nil {
		p, err = decodePast(layout.Value, values.Value)
	}
	if err != nil {
		m.log.Warn("what is stored of the target cannot be read: nothing counts as known", zap.Error(err))
		return nil
	}
	m.generation = p.generation
	if p.at+pcommon.Timestamp(forgetAfter) < now {
		return nil
	}
	if p.fingerprint != m.fingerprint {
		p.complete = 0 // what other filters left out was not absent
	}
	return p
}

// save stores what a scrape at time t will have taught once it is delivered.
func (m *memory) save(ctx context.Context, c *catalog, h *history, r *reading, t pcommon.Timestamp) {
	ops := make([]*storage.Operation, 0, 2)
	if !m.put(h, r) {
		l := m.arrange(c, h, r)
		ops = append(ops, storage.SetOperation(m.layoutKey(), appendLayout(nil, l)))
		m.values = newValues(m.values, l)
		m.put(h, r)
	}
	complete, refused := h.proofs(r, t)
	seal(m.values, complete, refused, t)
	err := m.client.Batch(ctx, append(ops, storage.SetOperation(m.valuesKey(), m.values))...)
	if err != nil {
		m.abandon(ctx, err)
		return
	}
	if m.failing {
		m.failing = false
		m.log.Info("what is known of the target is stored again")
	}
}

// abandon removes what is stored of the target, for it is older than what is about to be delivered.
func (m *memory) abandon(ctx context.Context, cause error) {
	m.entries, m.exposed = nil, -1
	err := m.client.Batch(ctx, storage.DeleteOperation(m.layoutKey()), storage.DeleteOperation(m.valuesKey()))
	if !m.failing {
		m.failing = true
		m.log.Warn("cannot store what is known of the target; after a restart its first scrape would prove nothing",
			zap.Error(cause), zap.NamedError("removal", err))
	}
}

// put writes the last values of a reading into the record. It returns false if the layout is not that of the reading.
func (m *memory) put(h *history, r *reading) bool {
	n := 0
	for i := range r.points[:r.exposed] {
		p := &r.points[i]
		s := &h.table.series[p.series]
		if metric := h.table.metrics[s.metric]; !metric.sum {
			if !metric.stored {
				return false
			}
			continue
		}
		if s.counter == none {
			return false
		}
		c := &h.table.counts[s.counter]
		place := int(c.place)
		if place >= m.exposed || m.entries[place].hash != c.hash || m.entries[place].start != p.start {
			return false
		}
		last := p.value
		if math.IsNaN(last) {
			last = h.known(s).last
		}
		putLast(m.values, place, last)
		n++
	}
	return n == m.exposed
}

// arrange makes a new layout: the series of the reading, those that vanished, and those of an earlier life that did not
// come back yet.
func (m *memory) arrange(c *catalog, h *history, r *reading) *layout {
	m.generation++
	m.entries = m.entries[:0]
	back := map[uint64]bool{}
	for _, p := range r.points[:r.exposed] {
		if s := &h.table.series[p.series]; h.table.sum(s) {
			m.add(h, s, entry{start: p.start, last: h.known(s).last})
			back[h.identify(s)] = true
		}
	}
	m.exposed = len(m.entries)
	for _, d := range h.gone {
		m.addVanished(h, &h.table.series[d.series], c.scan)
	}
	h.eachVanished(r, c.scan, func(_ id, s *series) { m.addVanished(h, s, c.scan) })
	for _, k := range h.earlier {
		if !back[k.hash] {
			m.entries = append(m.entries, k)
		}
	}
	l := &layout{generation: m.generation, fingerprint: m.fingerprint, series: m.entries, exposed: m.exposed}
	for _, known := range c.byName {
		if known.stored = !known.sum; known.stored {
			l.gauges = append(l.gauges, xxhash.Sum64String(known.name))
		}
	}
	for hash := range h.gauges {
		l.gauges = append(l.gauges, hash)
	}
	return l
}

func (m *memory) add(h *history, s *series, k entry) {
	c := h.table.counterOf(s, k)
	c.place, k.hash = uint32(len(m.entries)), h.identify(s)
	m.entries = append(m.entries, k)
}

// addVanished adds a series that is not in the reading of scrape scan, if it is cumulative.
func (m *memory) addVanished(h *history, s *series, scan uint32) {
	if k := h.known(s); h.table.sum(s) && s.scan != scan {
		m.add(h, s, k)
	}
}

// fingerprint is of all that decides which lines of a target are series, and which series are the same.
func fingerprint(cfg *Config) uint64 {
	return xxhash.Sum64String(fmt.Sprintf("%d %q %q %+v %q %q",
		rulesVersion, cfg.Metrics.Include, cfg.Metrics.Exclude, cfg.Limits, cfg.Counters, cfg.EntityAttributes))
}
