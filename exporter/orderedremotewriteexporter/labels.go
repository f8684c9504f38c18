package orderedremotewriteexporter

import (
	"slices"
	"strings"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/internal/series"
)

// labels is a label set under construction.
type labels map[string]string

// translate adds the attributes that pass the filter under their Prometheus
// names. Empty values are left out. Attributes that share a name are joined
// with ";" in the order of their keys. It is false if a key has no valid name.
func (l labels) translate(namer otlptranslator.LabelNamer, attrs pcommon.Map, filter func(key string) bool) bool {
	var kept []series.Label
	for k, v := range attrs.All() {
		if value := v.AsString(); value != "" && filter(k) {
			kept = append(kept, series.Label{Name: strings.Clone(k), Value: validText(strings.Clone(value))})
		}
	}
	slices.SortStableFunc(kept, func(a, b series.Label) int { return strings.Compare(a.Name, b.Name) })
	for _, a := range kept {
		name, err := namer.Build(a.Name)
		if err != nil {
			return false
		}
		name = validText(name)
		if was, taken := l[name]; !taken {
			l[name] = a.Value
		} else if was != a.Value {
			l[name] = was + ";" + a.Value
		}
	}
	return true
}

// reserve sets a label that wins over one of the same name, which is exported.
func (l labels) reserve(name, value string) {
	if was, taken := l[name]; taken {
		delete(l, name)
		l[l.exported(name, nil)] = was
	}
	if value != "" {
		l[name] = value
	}
}

// exported returns the name under which a label is kept whose own name is taken:
// with as many prefixes as it takes to be unique, also in other.
func (l labels) exported(name string, other labels) string {
	for {
		name = "exported_" + name
		_, here := l[name]
		_, there := other[name]
		if !here && !there {
			return name
		}
	}
}

func (l labels) list() []series.Label {
	out := make([]series.Label, 0, len(l))
	for name, value := range l {
		out = append(out, series.Label{Name: name, Value: value})
	}
	return out
}

func labelsOf(s *series.Set) labels {
	l := labels{}
	for name, value := range s.All() {
		l[name] = value
	}
	return l
}

func everyKey(string) bool { return true }
