package cardinalityprocessor

import (
	"strings"
	"sync"

	"weir.example/internal/flinkname"
)

// Names are input without bound. What is remembered of them stays below about 100 MB in the worst case, and is a few
// hundred entries for a real Flink cluster.
const (
	maxDerivedNames = 65_536
	maxDerivedBytes = 512 // of raw name and HELP together; longer ones are derived anew each time
)

// derivedNames remembers what flinkname.Derive returned, since a name comes back with each scrape. The zero value is
// ready for use, also by several goroutines.
type derivedNames struct {
	mu    sync.RWMutex
	names map[string]derivation // by raw name
}

type derivation struct {
	help string // that the name was derived with
	name string
}

// get returns the derived name of raw. It allocates nothing for a name it remembers. HELP is the same for all series
// of a name but where two versions of a job disagree; then the one that was first is remembered.
func (d *derivedNames) get(raw, help string) string {
	d.mu.RLock()
	known, ok := d.names[raw]
	d.mu.RUnlock()
	if ok && known.help == help {
		return known.name
	}
	name := flinkname.Derive(raw, help)
	if !ok && len(raw)+len(help) <= maxDerivedBytes {
		d.remember(raw, help, name)
	}
	return name
}

// remember starts afresh when it is full, so that a flood of names that never come back cannot lock out those that do.
func (d *derivedNames) remember(raw, help, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names == nil || len(d.names) >= maxDerivedNames {
		d.names = map[string]derivation{}
	}
	// Cloned: these strings may be slices of a whole scrape, which would stay in memory with them.
	raw = strings.Clone(raw)
	d.names[raw] = derivation{help: strings.Clone(help), name: strings.Clone(name)}
}
