package evidence

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// version is the first byte of a snapshot; it changes with the format, with the
// sizes of the structures and with the mixing of hashes.
const version = 2

// maxName bounds the names of metrics and labels that are tracked, in bytes.
const maxName = 1 << 10

// Save returns a snapshot; equal evidence gives equal bytes.
func (e *Evidence) Save() []byte {
	w := append(make(writer, 0, e.Bytes()), version)
	w.number(uint64(e.aged))
	w.number(e.untracked)
	keys := e.Keys()
	w.number(uint64(len(keys)))
	for _, k := range keys {
		w.text(k.Metric)
		w.text(k.Label)
		e.labels[k].save(&w)
	}
	w.number(uint64(len(e.counts)))
	for _, metric := range slices.Sorted(maps.Keys(e.counts)) {
		w.text(metric)
		e.counts[metric].save(&w)
	}
	e.memory.save(&w)
	return w
}

// Load returns the evidence of a snapshot under a configuration. Labels above
// MaxLabels are left out; another MaxRemembered starts with no value remembered.
// The error of a snapshot that is damaged or of another version says which.
func Load(config Config, snapshot []byte) (*Evidence, error) {
	if len(snapshot) == 0 {
		return nil, errors.New("evidence snapshot: empty")
	}
	if snapshot[0] != version {
		return nil, fmt.Errorf("evidence snapshot: version %d, known is %d", snapshot[0], version)
	}
	e := New(config)
	r := &reader{rest: snapshot[1:]}
	e.aged = int64(r.number(math.MaxUint32 / uint64(halfLife)))
	e.untracked = r.number(math.MaxUint64)
	for range r.number(uint64(len(r.rest))) {
		if r.bad {
			break
		}
		k := Key{r.text(maxName), r.text(maxName)}
		l := loadLabel(r, k)
		if r.demand(e.labels[k] == nil) && len(e.labels) < config.MaxLabels {
			e.labels[k] = l
		}
	}
	e.loadCounts(r)
	e.memory.load(r)
	if r.bad || len(r.rest) > 0 {
		return nil, fmt.Errorf("evidence snapshot: damaged (%d bytes)", len(snapshot))
	}
	return e, nil
}

// loadCounts takes the counts of metrics that still have labels.
func (e *Evidence) loadCounts(r *reader) {
	used := map[string]bool{}
	for k := range e.labels {
		used[k.Metric] = true
	}
	for range r.number(uint64(len(r.rest))) {
		if r.bad {
			return
		}
		metric := r.text(maxName)
		c := loadCounts(r)
		if r.demand(e.counts[metric] == nil) && used[metric] {
			e.counts[metric] = c
		}
	}
}
