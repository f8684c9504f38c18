package cardinalityprocessor

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/flinkname"
	"weir.example/internal/series"
)

// outcome is what the rename stage did with a metric.
type outcome uint8

const (
	untouched outcome = iota // no concern of the stage
	named                    // by a table
	derived                  // by the scope rule
	kept                     // a flink_ name that stays
	dropped                  // for the caller to remove
	outcomes                 // how many there are
)

// renamer gives metrics the names, units and kinds of its tables. One goroutine at a time may use it.
type renamer struct {
	rows      map[string]*naming // of the first table that lists the raw name
	unmatched Unmatched
	derived   derivedNames
	last      *naming // of the metric before
	keeps     bool    // texts of metrics may be kept
}

// naming is what becomes of a raw name.
type naming struct {
	outcome outcome
	raw     string
	help    string // that the name was derived with, where the outcome is not named
	name    string
	unit    string         // empty: it stays
	kind    flinkname.Kind // where the outcome is named
	next    *naming        // of the metric that came after it last
}

func newRenamer(cfg *RenameConfig) (*renamer, error) {
	r := &renamer{rows: map[string]*naming{}, unmatched: cfg.Unmatched, last: &naming{}}
	for i, name := range cfg.Tables {
		table, err := openTable(name)
		if err != nil {
			return nil, fmt.Errorf("rename.tables[%d]: %w", i, err)
		}
		for row := range table.All() {
			if _, taken := r.rows[row.Raw]; !taken {
				r.rows[row.Raw] = &naming{outcome: named, raw: row.Raw, name: row.Name, unit: row.Unit, kind: row.Kind}
			}
		}
	}
	return r, nil
}

// apply renames m in place. It never adds, removes or reorders points. It returns what it knows of the name, nil where
// that is the outcome alone.
func (r *renamer) apply(m pmetric.Metric) (*naming, outcome) {
	n, outcome := r.naming(m)
	switch outcome {
	case named:
		if n.unit != "" {
			m.SetUnit(n.unit)
		}
		setKind(m, n.kind)
		fallthrough
	case derived:
		m.SetName(n.name)
	}
	return n, outcome
}

// naming returns what becomes of the name of m. Scrapes come in the same order, so what came after the metric before is
// tried first.
func (r *renamer) naming(m pmetric.Metric) (*naming, outcome) {
	raw := m.Name()
	if n := r.last.next; n != nil && n.is(raw, m.Description(), r.keeps) {
		r.last = n
		return n, n.outcome
	}
	n, listed := r.rows[raw]
	switch {
	case listed:
	case !strings.HasPrefix(raw, flinkname.Prefix):
		return nil, untouched
	case r.unmatched == UnmatchedDrop:
		return nil, dropped
	case r.unmatched == UnmatchedKeep:
		return nil, kept
	default:
		n = r.derived.get(raw, m.Description())
	}
	if n.raw != "" {
		r.last.next, r.last = n, n
	}
	return n, n.outcome
}

// is tells whether a metric with these texts has the naming. A target has one copy of what many of its metrics are called:
// where texts may be kept, it takes the place of the naming's own, and those of the next metrics need not be read.
func (n *naming) is(raw, help string, keeps bool) bool {
	if n.outcome == named {
		help = n.help
	}
	if series.Identical(n.raw, raw) && series.Identical(n.help, help) {
		return true
	}
	if n.raw != raw || n.help != help {
		return false
	}
	if keeps {
		n.raw, n.help = raw, help
	}
	return true
}
