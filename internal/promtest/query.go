package promtest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Violations returns everything that broke a rule, the first 100 in full.
func (r *Receiver) Violations() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := slices.Clone(r.log.texts)
	if more := r.log.total - len(out); more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return out
}

// Counts returns what arrived so far.
func (r *Receiver) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.store.counts
	c.Requests = r.arrivals
	return c
}

// Series returns the series that carry all the given label names and values
// (name, value, name, value, ...), sorted by their labels.
func (r *Receiver) Series(pairs ...string) []Series {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Series
	for _, s := range r.store.series {
		if s.matches(pairs) {
			s.Samples, s.Exemplars = slices.Clone(s.Samples), slices.Clone(s.Exemplars)
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b Series) int { return strings.Compare(a.String(), b.String()) })
	return out
}

// Samples returns all samples of a metric, those of one series after those of
// another, restricted to the series that carry the given labels.
func (r *Receiver) Samples(name string, pairs ...string) []Sample {
	var out []Sample
	for _, s := range r.Series(append([]string{"__name__", name}, pairs...)...) {
		out = append(out, s.Samples...)
	}
	return out
}

// Wait returns true as soon as cond holds, and false after the timeout. cond is
// called whenever something arrived, without a lock: it may query the Receiver.
func (r *Receiver) Wait(timeout time.Duration, cond func() bool) bool {
	deadline := time.After(timeout)
	for {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		if cond() {
			return true
		}
		select {
		case <-changed:
		case <-deadline:
			return cond()
		}
	}
}

// WaitSamples waits until n samples are stored.
func (r *Receiver) WaitSamples(timeout time.Duration, n int) bool {
	return r.Wait(timeout, func() bool { return r.Counts().Samples >= n })
}

// broadcast wakes Wait; the caller holds mu.
func (r *Receiver) broadcast() {
	close(r.changed)
	r.changed = make(chan struct{})
}
