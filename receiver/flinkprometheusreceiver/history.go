package flinkprometheusreceiver

import (
	"math"
	"time"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// history is what is known of a target from scrapes that were delivered. It decides start times and stale markers.
type history struct {
	keepSentinels bool
	retention     pcommon.Timestamp // how long vanished series are remembered
	maxGone       int

	complete pcommon.Timestamp // the last scrape that proves the absence of what it lacked; 0: none
	refused  pcommon.Timestamp // the last time that nothing was there; 0: never
	exposed  []*series         // the series of the last scrape, none if it failed
	gone     []*series         // those that vanished before, oldest first

	// What was stored in an earlier life, until this one has seen for itself.
	earlier map[uint64]entry    // series by hash
	gauges  map[uint64]struct{} // hashes of names of metrics whose series were not stored
}

func newHistory(cfg *Config) *history {
	return &history{
		keepSentinels: cfg.Sentinels == sentinelsKeep,
		retention:     pcommon.Timestamp(max(5*time.Minute, 10*cfg.CollectionInterval)),
		maxGone:       cfg.Limits.Series,
	}
}

// remembered is the number of series that the history holds.
func (h *history) remembered() int { return len(h.exposed) + len(h.gone) }

// judge gives each point of a scrape at time t its form and start time, and adds the stale markers of the series that
// the scrape, number scan of the target, lacks. It changes nothing but r.
func (h *history) judge(r *reading, t pcommon.Timestamp, scan uint32) {
	for i := range r.points {
		p := &r.points[i]
		if p.series.metric.sum {
			p.start = h.startOf(p.series, p.value, t)
		}
		if p.value == sentinel && !h.keepSentinels {
			r.sentinels++
			p.form = hidden
			if p.series.valued {
				p.form = ended
			}
		}
	}
	for _, s := range h.exposed {
		if s.valued && s.scan != scan {
			r.points = append(r.points, point{series: s, form: ended, start: s.start})
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

// known returns what is known of a series, in this life or an earlier one.
func (h *history) known(s *series) entry {
	if s.at == 0 && len(h.earlier) > 0 {
		if k, ok := h.earlier[s.identify()]; ok {
			return k
		}
	}
	return entry{at: s.at, start: s.start, last: s.last}
}

// absence returns when a series that is not known was absent, 0 if nothing proves that it was. An earlier life stored no
// gauges, so what has become a sum since may have been there.
func (h *history) absence(s *series) pcommon.Timestamp {
	if s.at == 0 && len(h.gauges) > 0 {
		if _, gauge := h.gauges[xxhash.Sum64String(s.metric.name)]; gauge {
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

// commit takes in a scrape at time t that was delivered. It returns the series that are no longer remembered.
func (h *history) commit(r *reading, t pcommon.Timestamp, scan uint32) (forgotten []*series) {
	for _, p := range r.points[:r.exposed] {
		s := p.series
		if s.at == 0 && len(h.earlier) > 0 {
			s.last = h.known(s).last
			delete(h.earlier, s.identify())
		}
		s.at, s.start, s.valued = t, p.start, p.form == value
		if !math.IsNaN(p.value) {
			s.last = p.value
		}
	}
	gone := h.gone[:0]
	for _, s := range h.gone {
		if s.scan != scan {
			gone = append(gone, s)
		}
	}
	for _, s := range h.exposed {
		if s.scan != scan {
			s.valued = false
			gone = append(gone, s)
		}
	}
	clear(h.gone[min(len(gone), len(h.gone)):])
	h.gone = gone
	h.exposed = h.exposed[:0]
	for _, p := range r.points[:r.exposed] {
		h.exposed = append(h.exposed, p.series)
	}
	h.complete, h.refused = h.proofs(r, t)
	if r.complete {
		h.gauges = nil
	}
	h.expireEarlier(t, r.complete)
	return h.expire(t)
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
func (h *history) expire(t pcommon.Timestamp) []*series {
	n := max(0, len(h.gone)-h.maxGone)
	for n < len(h.gone) && h.gone[n].at+h.retention < t {
		n++
	}
	forgotten := h.gone[:n:n]
	h.gone = h.gone[n:]
	for _, s := range forgotten {
		if s.at >= h.complete {
			h.complete = 0
		}
	}
	return forgotten
}
