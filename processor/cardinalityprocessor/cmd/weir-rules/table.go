package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// writeTable writes a row for each metric and below it one for each label and reason.
func (r *report) writeTable(out io.Writer) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "%s\n\n", r.Processor)
	if len(r.Metrics) > 0 {
		var text strings.Builder
		table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		row(table, "METRIC, LABEL", "BEFORE -> AFTER", "WHAT", "WHY", "EXAMPLE")
		for i := range r.Metrics {
			r.Metrics[i].writeRows(table)
		}
		table.Flush()
		fmt.Fprintln(w, trimmed(text.String()))
	}
	r.writeSummary(w)
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func (r *report) writeSummary(w io.Writer) {
	s := &r.Summary
	fmt.Fprintf(w, "series: %d -> %d; metrics: %d, of which %d change and %d merge\n",
		s.Series.Before, s.Series.After, s.Metrics, s.Changed, s.Merging)
	for _, reason := range slices.Sorted(maps.Keys(r.DroppedPoints)) {
		fmt.Fprintf(w, "points dropped (%s): %d\n", reason, r.DroppedPoints[reason])
	}
}

func (m *metricReport) writeRows(w io.Writer) {
	what := m.Outcome
	if m.Function != "" {
		what += " by " + m.Function
	}
	row(w, m.Name, m.Series.String(), what, "", "")
	for i := range m.Labels {
		l := &m.Labels[i]
		by := l.Action
		if l.Rule != "" {
			by += " by " + l.Rule
		}
		example := l.Example.Before
		if !l.stays() {
			example += " -> " + cmp.Or(l.Example.After, "(gone)")
		}
		row(w, "  "+l.Label, l.Values.String(), by, l.Reason, example)
	}
}

func row(w io.Writer, cells ...string) { fmt.Fprintln(w, strings.Join(cells, "\t")) }

// trimmed cuts the spaces that fill empty cells at the ends of lines.
func trimmed(table string) string {
	var out strings.Builder
	for line := range strings.Lines(table) {
		out.WriteString(strings.TrimRight(line, " \n"))
		out.WriteByte('\n')
	}
	return out.String()
}

func (c change) String() string { return fmt.Sprintf("%d -> %d", c.Before, c.After) }
