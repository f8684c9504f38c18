package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"weir.example/processor/cardinalityprocessor"
)

// report is what the tool tells; its JSON is for programs.
type report struct {
	Processor     string         `json:"processor"`
	Metrics       []metricReport `json:"metrics"`
	DroppedPoints map[string]int `json:"dropped_points"` // by reason
	Summary       summary        `json:"summary"`
}

type summary struct {
	Metrics int    `json:"metrics"`
	Merging int    `json:"merging_metrics"`
	Changed int    `json:"changed_metrics"`
	Series  change `json:"series"`
}

type change struct {
	Before int `json:"before"`
	After  int `json:"after"`
}

type metricReport struct {
	Name     string        `json:"name"`
	From     []string      `json:"from,omitempty"` // before rename
	Outcome  string        `json:"outcome"`
	Function string        `json:"function,omitempty"`
	Series   change        `json:"series"`
	Labels   []labelReport `json:"labels,omitempty"`
}

type labelReport struct {
	Label   string  `json:"label"`
	Action  string  `json:"action"`
	Rule    string  `json:"rule,omitempty"`
	Reason  string  `json:"reason,omitempty"`
	Values  change  `json:"values"`
	Example example `json:"example"`
}

// example is a value before and after, masked.
type example struct {
	Before string `json:"before"`
	After  string `json:"after,omitempty"` // none: the label goes
}

// The outcomes of a metric.
const (
	merges     = "merges"
	partly     = "partly merges"
	passes     = "passes"
	supersedes = "newest passes"
	gone       = "dropped"
)

func newReport(processor string, r *cardinalityprocessor.Rehearsal) *report {
	out := &report{Processor: processor, Metrics: []metricReport{}, DroppedPoints: r.Dropped}
	for i := range r.Metrics {
		m := newMetricReport(&r.Metrics[i])
		out.Metrics = append(out.Metrics, m)
		out.Summary.Metrics++
		out.Summary.Series.Before += m.Series.Before
		out.Summary.Series.After += m.Series.After
		if m.Outcome == merges || m.Outcome == partly {
			out.Summary.Merging++
		}
		if m.changed() {
			out.Summary.Changed++
		}
	}
	return out
}

func newMetricReport(m *cardinalityprocessor.MetricRehearsal) metricReport {
	out := metricReport{
		Name: m.Name, From: m.From, Function: m.Function, Outcome: passes,
		Series: change{Before: m.Before, After: m.Passed + m.Merged},
	}
	switch {
	case m.Merged > 0 && m.Passed > 0:
		out.Outcome = partly
	case m.Merged > 0:
		out.Outcome = merges
	case m.Passed == 0:
		out.Outcome = gone
	}
	for i := range m.Labels {
		l := newLabelReport(&m.Labels[i])
		if l.Action == "supersede" && out.Outcome == passes {
			out.Outcome = supersedes
		}
		out.Labels = append(out.Labels, l)
	}
	return out
}

func newLabelReport(l *cardinalityprocessor.LabelRehearsal) labelReport {
	out := labelReport{
		Label: l.Key, Action: cmp.Or(l.Action, "keep"), Rule: l.Rule, Reason: l.Reason, Values: change{Before: l.Before, After: l.After},
		Example: example{Before: mask(l.Key, l.Given), After: mask(l.Key, l.Taken)},
	}
	switch { // what a rule hides is sensitive, also where no detector knows it
	case l.Action == "hash":
		out.Example.Before = maskChange(l.Key, l.Given, l.Taken, l.Reason)
	case l.Shown != l.Given:
		out.Example.Before = maskChange(l.Key, l.Given, l.Shown, l.Reason)
	}
	return out
}

// stays tells whether nothing happens to the label.
func (l *labelReport) stays() bool { return l.Action == "keep" }

// changed tells whether something happens to the metric beside its name.
func (m *metricReport) changed() bool {
	if m.Outcome != passes || m.Series.Before != m.Series.After {
		return true
	}
	for i := range m.Labels {
		if !m.Labels[i].stays() {
			return true
		}
	}
	return false
}

// write writes the report; what stays as it is only with all.
func (r *report) write(w io.Writer, format string, all bool) error {
	if !all {
		r.dropUnchanged()
	}
	if format == "table" {
		return r.writeTable(w)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func (r *report) dropUnchanged() {
	changed := r.Metrics[:0]
	for _, m := range r.Metrics {
		if !m.changed() {
			continue
		}
		labels := m.Labels[:0]
		for _, l := range m.Labels {
			if !l.stays() {
				labels = append(labels, l)
			}
		}
		m.Labels = labels
		changed = append(changed, m)
	}
	r.Metrics = changed
}
