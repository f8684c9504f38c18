package cardinalityprocessor

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/flinkname"
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

// renamer gives metrics the names, units and kinds of its tables.
type renamer struct {
	rows      map[string]flinkname.Metric // raw name -> row of the first table that lists it
	unmatched Unmatched
	derived   derivedNames
}

func newRenamer(cfg *RenameConfig) (*renamer, error) {
	r := &renamer{rows: map[string]flinkname.Metric{}, unmatched: cfg.Unmatched}
	for i, name := range cfg.Tables {
		table, err := openTable(name)
		if err != nil {
			return nil, fmt.Errorf("rename.tables[%d]: %w", i, err)
		}
		for row := range table.All() {
			if _, taken := r.rows[row.Raw]; !taken {
				r.rows[row.Raw] = row
			}
		}
	}
	return r, nil
}

// apply renames m in place. It never adds, removes or reorders points.
func (r *renamer) apply(m pmetric.Metric) outcome {
	raw := m.Name()
	if row, ok := r.rows[raw]; ok {
		m.SetName(row.Name)
		if row.Unit != "" {
			m.SetUnit(row.Unit)
		}
		setKind(m, row.Kind)
		return named
	}
	if !strings.HasPrefix(raw, flinkname.Prefix) {
		return untouched
	}
	switch r.unmatched {
	case UnmatchedDrop:
		return dropped
	case UnmatchedKeep:
		return kept
	}
	name := r.derived.get(raw, m.Description())
	if name == raw {
		return kept
	}
	m.SetName(name)
	return derived
}
