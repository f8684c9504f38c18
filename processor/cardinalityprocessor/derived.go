package cardinalityprocessor

import (
	"strings"

	"weir.example/internal/flinkname"
)

// Names are input without bound. What is remembered of them stays below about 100 MB in the worst case, and is a few
// hundred entries for a real Flink cluster.
const (
	maxDerivedNames = 65_536
	maxDerivedBytes = 512 // of raw name and HELP together; longer ones are derived anew each time
)

// derivedNames remembers what flinkname.Derive returned, since a name comes back with each scrape. The zero value is
// ready for use.
type derivedNames struct {
	names map[string]*naming // by raw name
}

// get returns the derived name of raw. It allocates nothing for a name it remembers; others have no raw name. HELP is
// the same for all series of a name but where two versions of a job disagree; then the one that was first is remembered.
func (d *derivedNames) get(raw, help string) *naming {
	known, ok := d.names[raw]
	if ok && known.help == help {
		return known
	}
	n := &naming{outcome: derived, name: flinkname.Derive(raw, help)}
	if n.name == raw {
		n.outcome = kept
	}
	if !ok && len(raw)+len(help) <= maxDerivedBytes {
		// Cloned: these strings may be slices of a whole scrape, which would stay in memory with them.
		n.raw, n.help, n.name = strings.Clone(raw), strings.Clone(help), strings.Clone(n.name)
		d.remember(n)
	}
	return n
}

// remember starts afresh when it is full, so that a flood of names that never come back cannot lock out those that do.
func (d *derivedNames) remember(n *naming) {
	if d.names == nil || len(d.names) >= maxDerivedNames {
		for _, old := range d.names {
			old.next = nil // or a row that comes before it would keep them all
		}
		d.names = map[string]*naming{}
	}
	d.names[n.raw] = n
}
