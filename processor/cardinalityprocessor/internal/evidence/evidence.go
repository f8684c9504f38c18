package evidence

import "time"

const (
	minute = int64(60)
	hour   = int64(3600)
	day    = int64(24 * 3600)
	// halfLife of the weights of values, in seconds: top, shares, entropy and
	// singletons tell of the last hours.
	halfLife = 6 * hour
)

// Config bounds an Evidence.
type Config struct {
	// MaxLabels is how many (metric, label) pairs are tracked, at 16 KiB each at
	// most and 32 KiB for each metric that has a label above 256 values.
	MaxLabels int
	// MaxRemembered is how many values of all labels together are told from new
	// ones, at 8 bytes each.
	MaxRemembered int
}

// Key names a label of a metric.
type Key struct{ Metric, Label string }

// Evidence is what the values of labels have shown. It is not safe for
// concurrent use.
type Evidence struct {
	config    Config
	labels    map[Key]*label
	counts    map[string]*counts
	memory    memory
	sec       int64 // the present, seconds
	aged      int64 // half-lives since 1970, when weights were last halved
	dice      uint64
	untracked uint64 // observations of labels above MaxLabels

	metrics map[string]*Metric // of labels that are tracked or were too many
	last    *Metric            // the one asked for last
}

// New returns an empty Evidence.
func New(config Config) *Evidence {
	e := &Evidence{
		config: config,
		labels: map[Key]*label{},
		counts: map[string]*counts{},
		memory: newMemory(config.MaxRemembered),
	}
	e.forgetMetrics()
	return e
}

// Advance moves the present to a time; one that goes back counts in the windows
// that it is in.
func (e *Evidence) Advance(at time.Time) {
	e.sec = seconds(at)
	if e.sec/halfLife > e.aged {
		e.age(e.sec)
	}
}

func (e *Evidence) countsOf(l *label, name string) *counts {
	if l.counts == nil {
		l.counts = e.counts[name]
	}
	if l.counts == nil {
		l.counts = new(counts)
		e.counts[name] = l.counts
	}
	return l.counts
}

// age halves every weight for each half-life that has passed, and forgets the
// labels unseen for a day.
func (e *Evidence) age(sec int64) {
	passed := min(sec/halfLife-e.aged, 32)
	e.aged = sec / halfLife
	e.forgetMetrics()
	for k, l := range e.labels {
		if l.last < sec-day {
			delete(e.labels, k)
		}
	}
	used := map[string]bool{}
	for k, l := range e.labels {
		used[k.Metric] = true
		for range passed {
			l.halve()
		}
	}
	for name, c := range e.counts {
		if !used[name] {
			delete(e.counts, name)
		}
		for range passed {
			c.halve()
		}
	}
}

// seconds clamps a time to what 32 bits hold, 1970 to 2106.
func seconds(at time.Time) int64 {
	return min(max(at.Unix(), 0), 1<<32-1)
}

// mix spreads a hash over all 64 bits (the finaliser of SplitMix64).
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
