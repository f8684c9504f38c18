package orderedremotewriteexporter

import (
	"cmp"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/internal/series"
)

const (
	// maxExemplars is how many a point may bring; the newest stay.
	maxExemplars = 10
	// maxExemplarRunes is OpenMetrics's limit for all its labels together.
	maxExemplarRunes = 128
)

// exemplars returns the newest exemplars of a point, oldest first.
func (in *intake) exemplars(from pmetric.ExemplarSlice, at moment) []exemplar {
	out := make([]exemplar, 0, from.Len())
	for _, e := range from.All() {
		out = append(out, exemplar{labels: in.exemplarLabels(e), ts: exemplarTime(e, at), bits: exemplarBits(e)})
	}
	slices.SortStableFunc(out, func(a, b exemplar) int { return cmp.Compare(a.ts, b.ts) })
	if tooMany := len(out) - maxExemplars; tooMany > 0 {
		in.exemplarsDropped[exemplarLimit] += tooMany
		out = out[tooMany:]
	}
	return out
}

func exemplarTime(e pmetric.Exemplar, at moment) int64 {
	if e.Timestamp() == 0 {
		return at.ms
	}
	return milliseconds(e.Timestamp())
}

func exemplarBits(e pmetric.Exemplar) uint64 {
	if e.ValueType() == pmetric.ExemplarValueTypeInt {
		return math.Float64bits(float64(e.IntValue()))
	}
	return moment{}.bits(e.DoubleValue())
}

// exemplarLabels returns trace and span, and the attributes where all fit.
func (in *intake) exemplarLabels(e pmetric.Exemplar) []series.Label {
	ids := labels{}
	if id := e.TraceID(); !id.IsEmpty() {
		ids[otlptranslator.ExemplarTraceIDKey] = hex.EncodeToString(id[:])
	}
	if id := e.SpanID(); !id.IsEmpty() {
		ids[otlptranslator.ExemplarSpanIDKey] = hex.EncodeToString(id[:])
	}
	all := labels{}
	if all.translate(in.translator.namer, e.FilteredAttributes(), everyKey) {
		for name, value := range ids {
			all[name] = value
		}
		if all.runes() <= maxExemplarRunes {
			ids = all
		}
	}
	if len(ids) == 0 {
		return nil
	}
	list := ids.list()
	slices.SortFunc(list, func(a, b series.Label) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func (l labels) runes() int {
	n := 0
	for name, value := range l {
		n += utf8.RuneCountInString(name) + utf8.RuneCountInString(value)
	}
	return n
}

// withExemplars returns what carries them, nil for none.
func withExemplars(list []exemplar) *more {
	if len(list) == 0 {
		return nil
	}
	return &more{exemplars: list}
}

func milliseconds(t pcommon.Timestamp) int64 { return int64(uint64(t) / 1e6) }
