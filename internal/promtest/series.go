package promtest

import (
	"fmt"
	"slices"
	"strings"
)

// Label is one name and value as they stood on the wire.
type Label struct{ Name, Value string }

// Sample is one value of a series. T is in milliseconds since the epoch.
// Arrival is the index of the request that brought it.
type Sample struct {
	T       int64
	V       float64
	Arrival int
}

// Series is a label set with its samples in order of arrival.
type Series struct {
	Labels  []Label
	Samples []Sample
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

// String renders the labels as {a="b", ...}; equal label sets render equally.
func (s Series) String() string {
	labels := slices.Clone(s.Labels)
	slices.SortFunc(labels, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	var sb strings.Builder
	sb.WriteByte('{')
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
