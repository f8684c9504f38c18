package aggregate

import (
	"strings"
	"unicode"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Function merges the live inputs of a gauge or an up-down counter.
type Function uint8

const (
	Auto Function = iota // decided by DefaultFunction
	Sum
	Avg
	Min
	Max
	Count
	Last // of the newest point
	P50
	P75
	P90
	P95
	P99
	functions
)

var functionNames = [functions]string{"auto", "sum", "avg", "min", "max", "count", "last", "p50", "p75", "p90", "p95", "p99"}

var quantiles = map[Function]float64{P50: 0.50, P75: 0.75, P90: 0.90, P95: 0.95, P99: 0.99}

// String is the function's name in the configuration.
func (f Function) String() string {
	if f >= functions {
		return "invalid"
	}
	return functionNames[f]
}

// ParseFunction is the inverse of String; ok is false for other names.
func ParseFunction(name string) (f Function, ok bool) {
	for f, known := range functionNames {
		if known == name {
			return Function(f), true
		}
	}
	return Auto, false
}

// FunctionNames are the names that a configuration may use.
func FunctionNames() []string { return functionNames[:] }

// QuantileAttribute marks points that are quantiles: their sum or average means nothing, their maximum is a bound.
const QuantileAttribute = "quantile"

func (o *Output) function() Function {
	if o.hasQuantile() {
		return Max
	}
	if o.Function != Auto && o.Function < functions {
		return o.Function
	}
	return DefaultFunction(o.Name, o.Unit)
}

func (o *Output) hasQuantile() bool {
	if o.Attributes == (pcommon.Map{}) {
		return false
	}
	_, ok := o.Attributes.Get(QuantileAttribute)
	return ok
}

// DefaultRule is a row of the table by which gauges get their function.
type DefaultRule struct {
	Function Function
	Units    []string // UCUM, exact
	Words    []string // the last word of the name
	Anywhere []string // any word of the name
	Why      string
}

// DefaultRules is that table: the first row that matches decides, and no row means Sum.
var DefaultRules = []DefaultRule{
	{
		Function: Max, Words: []string{"max", "maximum", "peak", "p50", "p75", "p90", "p95", "p98", "p99", "p999", "median"},
		Why: "the largest of maxima is the maximum; of quantiles it is an upper bound",
	},
	{Function: Min, Words: []string{"min", "minimum"}, Why: "the smallest of minima is the minimum"},
	{
		Function: Min, Anywhere: []string{"watermark"},
		Why: "event time has advanced as far as the slowest subtask; a maximum would hide the one that is stuck",
	},
	{Function: Max, Anywhere: []string{"timestamp", "epoch"}, Why: "when it last happened anywhere"},
	{
		Function: Min, Units: []string{"{bool}"}, Words: []string{"up", "ready", "healthy", "alive", "bool"},
		Why: "1 only if all are",
	},
	{
		Function: Avg, Units: []string{"ms/s", "s/s", "ns/s"}, Words: []string{"mspersecond"},
		Why: "time per time is a share",
	},
	{
		Function: Sum, Units: []string{"By", "KiBy", "MiBy", "GiBy", "By/s", "{...}", "{...}/s"},
		Words: []string{
			"count", "counts", "total", "bytes", "size", "length", "num", "number", "connections", "threads", "inflight", "flight",
			"queue", "queued", "pending", "records", "events", "messages", "requests", "items", "tasks", "slots", "buffers", "segments", "persecond",
		},
		Why: "things that are counted add up",
	},
	{
		Function: Avg, Units: []string{"1", "%", "Cel"},
		Words: []string{"ratio", "percent", "percentage", "pct", "fraction", "utilization", "utilisation", "usage", "load", "temperature", "celsius", "mean", "avg", "average"},
		Why:   "shares and levels do not add up",
	},
	{
		Function: Avg, Units: []string{"s", "ms", "us", "ns", "min", "h", "d"},
		Words: []string{
			"seconds", "second", "milliseconds", "millis", "ms", "microseconds", "micros", "us", "nanoseconds", "nanos", "ns", "minutes", "hours",
			"latency", "duration", "age", "time", "uptime", "downtime", "delay",
		},
		Why: "durations of parallel things do not add up",
	},
}

// DefaultFunction is the function of a gauge that nobody configured, by the table DefaultRules.
func DefaultFunction(name, unit string) Function {
	if strings.HasPrefix(unit, "{") && unit != "{bool}" {
		if _, rate, ok := strings.Cut(unit, "}"); ok {
			unit = "{...}" + rate
		}
	}
	words := wordsOf(name)
	for i := range DefaultRules {
		if DefaultRules[i].matches(unit, words) {
			return DefaultRules[i].Function
		}
	}
	return Sum
}

func (r *DefaultRule) matches(unit string, words []string) bool {
	for _, u := range r.Units {
		if u == unit {
			return true
		}
	}
	for _, w := range r.Words {
		if len(words) > 0 && words[len(words)-1] == w {
			return true
		}
	}
	for _, w := range r.Anywhere {
		for _, word := range words {
			if w == word {
				return true
			}
		}
	}
	return false
}

// wordsOf splits a name at what is neither letter nor digit and at camel humps, in lower case; "per second" ends as one
// word, with a unit of time before it.
func wordsOf(name string) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words, word = append(words, strings.ToLower(string(word))), nil
		}
	}
	var previous rune
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush()
		} else {
			if unicode.IsUpper(r) && unicode.IsLower(previous) {
				flush()
			}
			word = append(word, r)
		}
		previous = r
	}
	flush()
	if n := len(words); n >= 2 && words[n-2] == "per" && words[n-1] == "second" {
		words = append(words[:n-2], "persecond")
		if n >= 3 && words[n-3] == "ms" {
			words = append(words[:n-3], "mspersecond")
		}
	}
	return words
}
