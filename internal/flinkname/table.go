package flinkname

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What one table may hold. Tables are read whole and stay in memory.
const (
	maxTableBytes = 8 << 20
	maxTableRows  = 50_000
	maxNameBytes  = 512
	maxUnitBytes  = 63
)

var (
	tableColumns = []string{"raw", "name", "unit", "kind", "scope", "note"}
	tableScopes  = []string{"jobmanager", "jobmanager_job", "taskmanager", "taskmanager_job", "task", "operator"}
)

// Table maps raw names to metrics. It is immutable, hence safe for concurrent use.
type Table struct {
	rows  []Metric
	index map[string]int // raw name -> position in rows
}

// Lookup returns the row of a raw name.
func (t *Table) Lookup(raw string) (Metric, bool) {
	i, ok := t.index[raw]
	if !ok {
		return Metric{}, false
	}
	return t.rows[i], true
}

// All yields the rows in the order of the file.
func (t *Table) All() iter.Seq[Metric] { return slices.Values(t.rows) }

// Len returns the number of rows, which is the number of raw names.
func (t *Table) Len() int { return len(t.rows) }

// Documented returns the distinct names of the table, sorted.
func (t *Table) Documented() []string {
	names := make([]string, len(t.rows))
	for i, row := range t.rows {
		names[i] = row.Name
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ReadTable reads a table from CSV (RFC 4180). The first line names the columns in any order: raw and name are
// required, unit, kind (gauge or sum), scope and note may be left out or empty. Several raw names may share one name
// if they agree on its unit and kind. Errors begin with name and line: "names.csv:3: kind must be ...".
func ReadTable(r io.Reader, name string) (*Table, error) {
	limited := &io.LimitedReader{R: r, N: maxTableBytes + 1}
	reader := csv.NewReader(limited)
	reader.ReuseRecord = true
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s:1: table is empty: the first line must name the columns, at least raw,name", name)
	}
	if err != nil {
		return nil, unreadable(name, err)
	}
	columns, err := readHeader(header)
	if err != nil {
		return nil, fmt.Errorf("%s:1: %w", name, err)
	}
	builder := tableBuilder{table: &Table{index: map[string]int{}}, columns: columns, named: map[string]int{}}
	for {
		record, err := reader.Read()
		if limited.N <= 0 {
			return nil, fmt.Errorf("%s: table is larger than %d bytes", name, maxTableBytes)
		}
		if errors.Is(err, io.EOF) {
			return builder.table, nil
		}
		if err != nil {
			return nil, unreadable(name, err)
		}
		line, _ := reader.FieldPos(0)
		if err := builder.add(record, line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
	}
}

// unreadable puts the file before an error of the csv package, and the line if it is known.
func unreadable(name string, err error) error {
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("%s:%d: column %d: %w", name, parse.Line, parse.Column, parse.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// readHeader returns the position of each column.
func readHeader(header []string) (map[string]int, error) {
	columns := make(map[string]int, len(header))
	for i, column := range header {
		if !slices.Contains(tableColumns, column) {
			return nil, fmt.Errorf("unknown column %q: allowed are %s", column, strings.Join(tableColumns, ", "))
		}
		if _, twice := columns[column]; twice {
			return nil, fmt.Errorf("column %q is named twice", column)
		}
		columns[strings.Clone(column)] = i
	}
	for _, required := range tableColumns[:2] {
		if _, ok := columns[required]; !ok {
			return nil, fmt.Errorf("column %q is missing: raw and name are required", required)
		}
	}
	return columns, nil
}

// tableBuilder checks rows against each other while a table is read.
type tableBuilder struct {
	table   *Table
	columns map[string]int
	lines   []int          // line of each row
	named   map[string]int // name -> position of the first row that has it
}

func (b *tableBuilder) add(record []string, line int) error {
	metric, err := b.parse(record)
	if err != nil {
		return err
	}
	if len(b.table.rows) == maxTableRows {
		return fmt.Errorf("table has more than %d rows", maxTableRows)
	}
	if first, twice := b.table.index[metric.Raw]; twice {
		return fmt.Errorf("raw name %q is listed twice, first in line %d", metric.Raw, b.lines[first])
	}
	if first, shared := b.named[metric.Name]; !shared {
		b.named[metric.Name] = len(b.table.rows)
	} else if other := b.table.rows[first]; other.Unit != metric.Unit || other.Kind != metric.Kind {
		return fmt.Errorf("name %q must have the unit %q and kind %q of line %d (got %q and %q)",
			metric.Name, other.Unit, other.Kind, b.lines[first], metric.Unit, metric.Kind)
	}
	b.table.index[metric.Raw] = len(b.table.rows)
	b.table.rows = append(b.table.rows, metric)
	b.lines = append(b.lines, line)
	return nil
}

func (b *tableBuilder) parse(record []string) (Metric, error) {
	cell := func(column string) string {
		if i, ok := b.columns[column]; ok {
			return strings.Clone(record[i])
		}
		return ""
	}
	metric := Metric{Raw: cell("raw"), Name: cell("name"), Unit: cell("unit"), Scope: cell("scope"), Note: cell("note")}
	var err error
	if metric.Kind, err = parseKind(cell("kind")); err != nil {
		return Metric{}, err
	}
	if err = checkName("raw", metric.Raw); err != nil {
		return Metric{}, err
	}
	if err = checkName("name", metric.Name); err != nil {
		return Metric{}, err
	}
	if len(metric.Unit) > maxUnitBytes || strings.ContainsFunc(metric.Unit, unprintable) {
		return Metric{}, fmt.Errorf("unit must be at most %d visible characters, such as By or {record}/s (got %q)",
			maxUnitBytes, metric.Unit)
	}
	if metric.Scope != "" && !slices.Contains(tableScopes, metric.Scope) {
		return Metric{}, fmt.Errorf("scope must be empty or one of %s (got %q)", strings.Join(tableScopes, ", "), metric.Scope)
	}
	return metric, nil
}

func parseKind(word string) (Kind, error) {
	for _, kind := range []Kind{Gauge, Sum, AsReceived} {
		if word == kind.String() {
			return kind, nil
		}
	}
	return 0, fmt.Errorf("kind must be gauge, sum or empty (got %q)", word)
}

func checkName(column, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%s must not be empty", column)
	case len(name) > maxNameBytes:
		return fmt.Errorf("%s must have at most %d bytes (got %d)", column, maxNameBytes, len(name))
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unprintable):
		return fmt.Errorf("%s must be visible characters without spaces (got %q)", column, name)
	}
	return nil
}

func unprintable(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }
