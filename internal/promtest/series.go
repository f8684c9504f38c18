package promtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/histogram"
)

// Label is one name and value as they stood on the wire.
type Label struct{ Name, Value string }

// Sample is one value of a series: a float V, or a Histogram. T and Start (0 if
// unknown) are in milliseconds since the epoch. Arrival is the index of the
// request that brought it.
type Sample struct {
	T         int64
	V         float64
	Histogram *histogram.FloatHistogram
	Start     int64
	Arrival   int
}

// Exemplar is one observation; T is in milliseconds since the epoch.
type Exemplar struct {
	Labels []Label
	T      int64
	V      float64
}

// Metadata is what a series says of its metric; Type is the number of the
// protocol's MetricType.
type Metadata struct {
	Type       int
	Help, Unit string
}

// Series is a label set of a tenant with its samples and exemplars in order of
// arrival and the metadata that came last. Tenant is what the header X-Scope-OrgID
// said, "" if there was none: tenants share no series.
type Series struct {
	Tenant    string
	Labels    []Label
	Samples   []Sample
	Exemplars []Exemplar
	Metadata  Metadata
}

// Get returns the value of a label, or "".
func (s Series) Get(name string) string {
	for _, l := range s.Labels {
		if l.Name == name {
			return l.Value
		}
	}
	return ""
}

// Name returns the metric name.
func (s Series) Name() string { return s.Get("__name__") }

// String renders tenant and labels as tenant{a="b", ...}; equal series render equally.
func (s Series) String() string {
	labels := slices.Clone(s.Labels)
	slices.SortFunc(labels, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	var sb strings.Builder
	sb.WriteString(s.Tenant + "{")
	for i, l := range labels {
		if i > 0 {
			sb.WriteString(", ")
		}
		fmt.Fprintf(&sb, "%s=%q", l.Name, l.Value)
	}
	sb.WriteByte('}')
	return sb.String()
}

// matches reports whether every name and value pair is among the labels.
func (s Series) matches(pairs []string) bool {
	for i := 0; i+1 < len(pairs); i += 2 {
		if s.Get(pairs[i]) != pairs[i+1] {
			return false
		}
	}
	return true
}
