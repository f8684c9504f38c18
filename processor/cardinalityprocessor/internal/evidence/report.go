package evidence

import (
	"cmp"
	"math"
	"slices"
	"time"
	"unsafe"
)

// Report is the evidence at one time, labels sorted by metric and name.
type Report struct {
	At     time.Time `json:"at"`
	Labels []Label   `json:"labels"`
	// Untracked is how many observations came for labels above MaxLabels.
	Untracked uint64 `json:"untracked_observations"`
}

// Label is the evidence of one (metric, label).
type Label struct {
	Metric       string    `json:"metric"`
	Name         string    `json:"label"`
	FirstSeen    time.Time `json:"first_seen"`
	LastSeen     time.Time `json:"last_seen"`
	Observations uint64    `json:"observations"`
	// Exact tells that the label has at most 256 values a day: nothing here is an
	// estimate.
	Exact    bool     `json:"exact"`
	Distinct Distinct `json:"distinct"`
	// NewPerMinute is how many values of the last 60 s were not seen before.
	NewPerMinute float64 `json:"new_values_per_minute"`
	// SingletonRatio is the part of the values that was seen once, 0 to 1.
	SingletonRatio float64 `json:"singleton_ratio"`
	Entropy        Entropy `json:"entropy_bits"`
	Top            []Share `json:"top"`
	// Bytes is the memory of this label alone.
	Bytes int `json:"bytes"`
}

// Distinct counts the values seen in the windows that end at the report's time.
type Distinct struct {
	Minute float64 `json:"minute"`
	Hour   float64 `json:"hour"`
	Day    float64 `json:"day"`
}

// Entropy bounds the Shannon entropy of a label's values, in bits. Low takes the
// values outside the top to be each as heavy as the lightest inside, High takes
// them to be equally heavy.
type Entropy struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Share is a heavy value, masked, and its part of the observations, 0 to 1.
type Share struct {
	Value string  `json:"value"`
	Share float64 `json:"share"`
}

// Keys returns the labels that are tracked, sorted by metric and name.
func (e *Evidence) Keys() []Key {
	keys := make([]Key, 0, len(e.labels))
	for k := range e.labels {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Metric, b.Metric), cmp.Compare(a.Label, b.Label))
	})
	return keys
}

// Label returns the present evidence of one label, if it is tracked.
func (e *Evidence) Label(k Key) (Label, bool) {
	l, tracked := e.labels[k]
	if !tracked {
		return Label{}, false
	}
	return l.report(k, e.sec), true
}

// Tracked is how many labels there are.
func (e *Evidence) Tracked() int { return len(e.labels) }

// Observations is how many there were of labels that are tracked.
func (e *Evidence) Observations() uint64 {
	n := uint64(0)
	for _, l := range e.labels {
		n += l.seen
	}
	return n
}

// Untracked is how many observations came for labels above MaxLabels.
func (e *Evidence) Untracked() uint64 { return e.untracked }

// Bytes is about the memory of all that is held.
func (e *Evidence) Bytes() int {
	n := 2*len(e.memory.lines[0])*int(unsafe.Sizeof(line{})) + len(e.counts)*int(unsafe.Sizeof(counts{}))
	for _, l := range e.labels {
		n += l.bytes()
	}
	return n
}

func (l *label) report(k Key, sec int64) Label {
	distinct := l.distinct(sec)
	return Label{
		Metric: k.Metric, Name: k.Label,
		FirstSeen: time.Unix(l.first, 0).UTC(), LastSeen: time.Unix(l.last, 0).UTC(),
		Observations: l.seen, Exact: l.dense == nil,
		Distinct: distinct, NewPerMinute: l.news.perMinute(sec),
		SingletonRatio: l.singletons(), Entropy: l.entropy(distinct.Day),
		Top: l.shares(), Bytes: l.bytes(),
	}
}

func (l *label) singletons() float64 {
	if l.dense != nil {
		return 1 - min(l.again/max(l.fresh, 1), 1)
	}
	once := 0
	for _, s := range l.exact.slots {
		if s.count == 1 {
			once++
		}
	}
	return float64(once) / float64(max(l.exact.used, 1))
}

func (l *label) shares() []Share {
	heavies := slices.Clone(l.top.heavies)
	slices.SortFunc(heavies, func(a, b heavy) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.hash, b.hash))
	})
	shares := make([]Share, len(heavies))
	for i, h := range heavies {
		shares[i] = Share{Value: h.text, Share: min(float64(h.weight)/max(l.weight, 1), 1)}
	}
	return shares
}

func (l *label) entropy(distinct float64) Entropy {
	if l.dense == nil {
		bits := l.exact.entropy()
		return Entropy{Low: bits, High: bits}
	}
	total := max(l.weight, 1)
	known, inside, lightest := 0.0, 0.0, 1.0
	for _, h := range l.top.heavies {
		share := min(float64(max(h.weight, 1))/total, 1)
		known -= share * math.Log2(share)
		inside += share
		lightest = min(lightest, share)
	}
	rest := 1 - inside
	if rest <= 0 {
		return Entropy{Low: known, High: known}
	}
	values := max(distinct-float64(len(l.top.heavies)), 1)
	low := known - rest*math.Log2(lightest)
	high := known + rest*math.Log2(values/rest)
	return Entropy{Low: min(low, high), High: max(low, high)}
}

// entropy sums in the order of the counts, so that equal sets give equal floats.
func (e *exact) entropy() float64 {
	total, counts := 0.0, make([]float64, 0, e.used)
	for _, s := range e.slots {
		if s.count > 0 {
			counts = append(counts, float64(s.count))
			total += float64(s.count)
		}
	}
	slices.Sort(counts)
	bits := 0.0
	for _, c := range counts {
		bits -= c / total * math.Log2(c/total)
	}
	return bits
}

func (l *label) bytes() int {
	n := int(unsafe.Sizeof(*l)) + cap(l.exact.slots)*int(unsafe.Sizeof(sighting{})) + cap(l.top.heavies)*int(unsafe.Sizeof(heavy{}))
	if l.dense != nil {
		n += int(unsafe.Sizeof(*l.dense))
	}
	for _, h := range l.top.heavies {
		n += len(h.text)
	}
	return n
}
