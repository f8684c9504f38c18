package flinkprometheusreceiver

import (
	"math"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// departed is a series that is no longer exposed, but remembered.
type departed struct {
	series id
	at     pcommon.Timestamp // when it was last exposed
}

// history is what is known of a target from scrapes that were delivered. It decides start times and stale markers.
type history struct {
	keepSentinels bool
	retention     pcommon.Timestamp // how long vanished series are remembered
	maxGone       int

	table    *table
	at       pcommon.Timestamp // the last scrape that was delivered
	complete pcommon.Timestamp // the last one that proves the absence of what it lacked; 0: none
	refused  pcommon.Timestamp // the last time that nothing was there; 0: never
	exposed  int               // series of the last scrape, 0 if it failed
	gone     []departed        // series that vanished before, oldest first

	// What was stored in an earlier life, until this one has seen for itself.
	earlier map[uint64]entry    // series by hash
	gauges  map[uint64]struct{} // hashes of names of metrics whose series were not stored
}

func newHistory(cfg *Config, t *table) *history {
	return &history{
		table:         t,
		keepSentinels: cfg.Sentinels == sentinelsKeep,
		retention:     pcommon.Timestamp(max(5*time.Minute, 10*cfg.CollectionInterval)),
		maxGone:       cfg.Limits.Series,
	}
}

// remembered is the number of series that the history holds.
func (h *history) remembered() int { return h.exposed + len(h.gone) }

// judge gives each point of a scrape at time t its form and start time, and adds the stale markers of the series that
// the scrape, number scan of the target, lacks. It changes nothing but r.
func (h *history) judge(r *reading, t pcommon.Timestamp, scan uint32) {
	for i := range r.points {
		p := &r.points[i]
		s := &h.table.series[p.series]
		if s.exposed {
			r.still++
		}
		if h.table.sum(s) {
			p.start = h.startOf(s, p.value, t)
		}
		if p.value == sentinel && !h.keepSentinels {
			r.sentinels++
			p.form = hidden
			if s.valued {
				p.form = ended
			}
		}
	}
	h.eachVanished(r, scan, func(i id, s *series) {
		if s.valued {
			r.points = append(r.points, point{series: i, form: ended, start: h.known(s).start})
		}
	})
}

// eachVanished visits the series of the last delivered scrape that r, which was judged, lacks.
func (h *history) eachVanished(r *reading, scan uint32, visit func(i id, s *series)) {
	if r.still == h.exposed {
		return
	}
	for i := range h.table.series {
		if s := &h.table.series[i]; s.exposed && s.scan != scan {
			visit(id(i), s)
		}
	}
}

// startOf returns the start time of a cumulative series that has value v at time t, or 0 if it is unknown. A series
// that has not fallen keeps its start whatever happened in between; for others the start follows the last proof that
// the series, or its higher value, was not there.
func (h *history) startOf(s *series, v float64, t pcommon.Timestamp) pcommon.Timestamp {
	k := h.known(s)
	start := k.start
	if k.at == 0 || v < k.last {
		start = 0
		if proof := max(h.absence(s), h.refused, k.at); proof > 0 {
			start = proof + pcommon.Timestamp(time.Millisecond)
		}
	}
	if start > t { // the clock was set back, so that nothing is known
		return 0
	}
	return start
}

// known returns what is known of a series, in this life or an earlier one. Of one that was a gauge until now it is only
// that it was there.
func (h *history) known(s *series) entry {
	switch {
	case s.known && s.counter != none:
		c := &h.table.counts[s.counter]
		return entry{at: c.at, start: c.start, last: c.last}
	case s.known:
		return entry{at: h.at, last: math.Inf(-1)}
	case len(h.earlier) > 0:
		if k, ok := h.earlier[h.identify(s)]; ok {
			return k
		}
	}
	return entry{last: math.Inf(-1)}
}

// identify returns the hash by which a series is found again in another life.
func (h *history) identify(s *series) uint64 {
	if s.counter == none {
		return xxhash.Sum64String(h.table.name(s))
	}
	c := &h.table.counts[s.counter]
	if c.hash == 0 {
		c.hash = xxhash.Sum64String(h.table.name(s))
	}
	return c.hash
}

// absence returns when a series that is not known was absent, 0 if nothing proves that it was. An earlier life stored no
// gauges, so what has become a sum since may have been there.
func (h *history) absence(s *series) pcommon.Timestamp {
	if !s.known && len(h.gauges) > 0 {
		if _, gauge := h.gauges[xxhash.Sum64String(h.table.metrics[s.metric].name)]; gauge {
			return 0
		}
	}
	return h.complete
}

// restore begins with what an earlier life knew.
func (h *history) restore(p *past) {
	h.complete, h.refused = p.complete, p.refused
	h.earlier, h.gauges = map[uint64]entry{}, map[uint64]struct{}{}
	for _, k := range p.series {
		h.earlier[k.hash] = k
	}
	for _, hash := range p.gauges {
		h.gauges[hash] = struct{}{}
	}
}

// proofs returns the times of absence that hold once a scrape at time t is delivered.
func (h *history) proofs(r *reading, t pcommon.Timestamp) (complete, refused pcommon.Timestamp) {
	complete, refused = h.complete, h.refused
	if r.complete {
		complete = t
	}
	if r.refused {
		refused = t
	}
	return complete, refused
}

// commit takes in a scrape at time t that was judged and delivered. It returns the series that are no longer remembered.
func (h *history) commit(r *reading, t pcommon.Timestamp, scan uint32) (forgotten []id) {
	h.depart(r, scan)
	for i := range r.points[:r.exposed] {
		h.keep(&r.points[i], t)
	}
	h.at, h.exposed = t, r.exposed
	h.complete, h.refused = h.proofs(r, t)
	if r.complete {
		h.gauges = nil
	}
	h.expireEarlier(t, r.complete)
	return h.expire(t)
}

// depart renews the list of series that are gone.
func (h *history) depart(r *reading, scan uint32) {
	gone := h.gone[:0]
	for _, d := range h.gone {
		if h.table.series[d.series].scan != scan {
			gone = append(gone, d)
		}
	}
	h.gone = gone
	h.eachVanished(r, scan, func(i id, s *series) {
		s.exposed, s.valued = false, false
		h.gone = append(h.gone, departed{i, h.at})
	})
}

// keep takes in one point.
func (h *history) keep(p *point, t pcommon.Timestamp) {
	s := &h.table.series[p.series]
	if h.table.sum(s) {
		known := h.known(s)
		c := h.table.counterOf(s, known)
		c.at, c.start, c.last = t, p.start, p.value
		if math.IsNaN(p.value) {
			c.last = known.last
		}
	} else {
		h.table.dropCounter(s)
	}
	if !s.known && len(h.earlier) > 0 {
		delete(h.earlier, h.identify(s))
	}
	s.known, s.exposed, s.valued = true, true, p.form == value
}

// expireEarlier forgets series of an earlier life: like others once this life has a complete scrape, else after a day.
func (h *history) expireEarlier(t pcommon.Timestamp, complete bool) {
	for hash, k := range h.earlier {
		if (complete && k.at+h.retention < t) || k.at+pcommon.Timestamp(forgetAfter) < t {
			delete(h.earlier, hash)
			if k.at >= h.complete {
				h.complete = 0
			}
		}
	}
}

// expire forgets vanished series that are too old or too many. Once a series is forgotten that the last complete
// scrape had, that scrape proves no absence any more.
func (h *history) expire(t pcommon.Timestamp) (forgotten []id) {
	n := max(0, len(h.gone)-h.maxGone)
	for n < len(h.gone) && h.gone[n].at+h.retention < t {
		n++
	}
	for _, d := range h.gone[:n] {
		forgotten = append(forgotten, d.series)
		if d.at >= h.complete {
			h.complete = 0
		}
	}
	h.gone = slices.Delete(h.gone, 0, n)
	return forgotten
}
