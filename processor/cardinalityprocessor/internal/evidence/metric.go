package evidence

import "strings"

const (
	// maxMetrics and maxSpots bound what is remembered to find labels without a
	// look-up; beyond, it begins anew, or costs one.
	maxMetrics = 1 << 16
	maxSpots   = 64
)

// Metric is where the labels of one metric are counted. It is valid until the next
// Advance.
type Metric struct {
	evidence *Evidence
	name     string
	spots    []spot  // in the order in which points brought them first
	next     *Metric // that was asked for after it last
	long     bool    // its name: nothing of it is tracked

	// The value that Observe wanted to be shown.
	label *label
	heavy heavy
}

// spot is a label of a metric; nil: there were too many.
type spot struct {
	name  string
	label *label
}

// Metric returns the metric of a name. Metrics come in the same order again and
// again, so what came after the one before is tried first.
func (e *Evidence) Metric(name string) *Metric {
	m := e.last.next
	if m == nil || m.name != name {
		if len(name) > maxName {
			return &Metric{evidence: e, long: true}
		}
		m = e.metrics[name]
		if m == nil {
			if len(e.metrics) >= maxMetrics {
				e.forgetMetrics()
			}
			m = &Metric{evidence: e, name: strings.Clone(name)}
			e.metrics[m.name] = m
		}
		e.last.next = m
	}
	e.last = m
	return m
}

func (e *Evidence) forgetMetrics() {
	e.metrics, e.last = map[string]*Metric{}, &Metric{}
}

// Observe counts a value of a label, by its hash, at the present time. at is the
// place at which the point has the label. When it returns true, Show must follow.
func (m *Metric) Observe(at int, name string, hash uint64) (show bool) {
	e := m.evidence
	l := m.at(at, name)
	if l == nil {
		e.untracked++
		return false
	}
	l.seen++
	l.weight++
	l.last = max(l.last, e.sec)
	// One value of two labels is two values: the label's salt tells them apart.
	salted := mix(hash ^ l.salt)
	var count uint32
	if l.dense == nil {
		count = m.countExactly(l, salted)
	} else {
		count = m.countDensely(l, salted)
	}
	if count == 0 || !l.top.admits(count) {
		return false
	}
	m.label, m.heavy = l, heavy{hash: salted, weight: count}
	return true
}

// countExactly returns how often a value was seen, or 0 for one in the top.
func (m *Metric) countExactly(l *label, salted uint64) uint32 {
	e := m.evidence
	if count := l.exact.again(salted, e.sec); count > 0 {
		if count == 2 {
			l.again++
		}
		if l.top.hit(salted) != nil {
			return 0
		}
		return count
	}
	if l.exact.add(salted, e.sec) {
		l.makeDense(&e.memory, e.sec)
		return m.countDensely(l, salted)
	}
	l.note(e.memory.mark(salted, e.sec), 1, e.sec)
	if l.top.hit(salted) != nil {
		return 0
	}
	return 1
}

// countDensely returns how often a value was seen, about, or 0 for one in the top
// and one that is left out.
func (m *Metric) countDensely(l *label, salted uint64) uint32 {
	e := m.evidence
	l.dense.advance(e.sec)
	l.dense.add(salted, e.sec)
	l.hurry(e.sec)
	h := l.top.hit(salted)
	if h != nil && h.era == e.memory.era {
		e.memory.expire(e.sec)
		return 0
	}
	tells, counts := uint32(1), uint32(1)
	if l.busy {
		tells, counts = sampled(salted), sampled(e.random())
	}
	if h != nil {
		counts = 0
	}
	if tells+counts == 0 {
		return 0
	}
	known := e.memory.mark(salted, e.sec)
	if tells > 0 {
		l.note(known, tells, e.sec)
	}
	switch {
	case h != nil:
		if known != unseen {
			h.era = e.memory.era
		}
		return 0
	case counts == 0:
		return 0
	case known == unseen:
		return 1
	default:
		return e.countsOf(l, m.name).add(salted, counts) + 1
	}
}

// sampled is what one of the sample stands for, and 0 for what is left out.
func sampled(bits uint64) uint32 {
	if bits>>(64-sampleBits) != 0 {
		return 0
	}
	return 1 << sampleBits
}

// random is a linear congruential generator: its high bits will do.
func (e *Evidence) random() uint64 {
	e.dice = e.dice*6364136223846793005 + 1442695040888963407
	return e.dice
}

// Show says which value it was that Observe wanted to be shown, as it may be kept.
func (m *Metric) Show(value string) {
	m.heavy.text = value
	m.label.top.put(m.heavy)
}

// at returns the label, which mostly stands where it stood in the point before.
func (m *Metric) at(at int, name string) *label {
	if at < len(m.spots) && m.spots[at].name == name {
		return m.spots[at].label
	}
	for i := range m.spots {
		if m.spots[i].name == name {
			return m.spots[i].label
		}
	}
	if m.long || len(name) > maxName {
		return nil
	}
	e := m.evidence
	l := e.labels[Key{m.name, name}]
	if l == nil && len(e.labels) < e.config.MaxLabels {
		l = newLabel(Key{m.name, strings.Clone(name)}, e.sec)
		e.labels[Key{m.name, l.name}] = l
	}
	if len(m.spots) < maxSpots {
		m.spots = append(m.spots, spot{strings.Clone(name), l})
	}
	return l
}
