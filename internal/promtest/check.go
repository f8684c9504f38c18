package promtest

import (
	"fmt"
	"math"
	"regexp"
	"unicode/utf8"
)

var (
	metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	labelName  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

// checkSeries returns what the specification forbids about one series of a
// request. utf8Names allows any UTF-8 in names, as Prometheus 3 does.
func checkSeries(s Series, utf8Names bool) []string {
	var bad []string
	add := func(format string, args ...any) {
		bad = append(bad, fmt.Sprintf("%s: ", s)+fmt.Sprintf(format, args...))
	}
	if s.Name() == "" {
		add("no __name__")
	} else if !utf8Names && !metricName.MatchString(s.Name()) {
		add("invalid metric name")
	}
	for i, l := range s.Labels {
		switch {
		case l.Name == "":
			add("empty label name")
		case !utf8Names && !labelName.MatchString(l.Name):
			add("invalid label name %q", l.Name)
		case l.Value == "":
			add("label %q has an empty value", l.Name)
		case !utf8.ValidString(l.Value) || !utf8.ValidString(l.Name):
			add("label %q is not valid UTF-8", l.Name)
		}
		if i > 0 && s.Labels[i-1].Name == l.Name {
			add("label %q appears twice", l.Name)
		} else if i > 0 && s.Labels[i-1].Name > l.Name {
			add("labels are not sorted: %q after %q", l.Name, s.Labels[i-1].Name)
		}
	}
	if len(s.Samples) == 0 {
		add("no samples")
	}
	for _, p := range s.Samples {
		if p.Start > p.T {
			add("start time %d is after the sample's time %d", p.Start, p.T)
		}
		if (p.Histogram != nil) != (s.Samples[0].Histogram != nil) {
			add("floats and histograms in one series")
		}
	}
	return bad
}

// verdict is how a sample relates to the newest one of its series.
type verdict string

const (
	inOrder    verdict = ""
	repeated   verdict = "duplicate"
	conflict   verdict = "duplicate timestamp with another value"
	outOfOrder verdict = "out_of_order"
)

func judge(stored []Sample, next Sample) verdict {
	if len(stored) == 0 {
		return inOrder
	}
	last := stored[len(stored)-1]
	switch {
	case next.T > last.T:
		return inOrder
	case next.T < last.T:
		return outOfOrder
	case last.same(next):
		return repeated
	default:
		return conflict
	}
}

// same reports whether two samples have one value, NaN and markers included.
func (s Sample) same(o Sample) bool {
	if s.Histogram == nil || o.Histogram == nil {
		return s.Histogram == o.Histogram && math.Float64bits(s.V) == math.Float64bits(o.V)
	}
	return s.Histogram.Equals(o.Histogram)
}
