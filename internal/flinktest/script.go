package flinktest

import (
	"bytes"
	"maps"
	"strconv"
	"strings"
	"sync"

	"weir.example/internal/flinkname"
)

// Script gives the page of a step, counted from 0. It must be safe for concurrent use.
type Script func(step int) Page

// Repeat is a script that stays at its last page.
func Repeat(pages ...Page) Script {
	return func(step int) Page { return pages[min(step, len(pages)-1)] }
}

// Bodies makes a page of each body.
func Bodies(bodies ...string) []Page {
	pages := make([]Page, len(bodies))
	for i, body := range bodies {
		pages[i].Body = []byte(body)
	}
	return pages
}

// Loop is a script that begins again after its last page, while cumulative series go on: each round is raised by what
// the series gained in the rounds before, so that no counter falls because of the loop.
func Loop(pages ...Page) Script {
	l := &looper{pages: pages, gain: gains(pages), raised: map[int]Page{}}
	return l.page
}

type looper struct {
	pages []Page
	gain  map[string]float64 // per series and round

	mu     sync.Mutex
	raised map[int]Page // the newest steps, which several endpoints or requests may ask for
}

func (l *looper) page(step int) Page {
	original, round := l.pages[step%len(l.pages)], step/len(l.pages)
	if round == 0 || original.Refused {
		return original
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	page, ok := l.raised[step]
	if !ok {
		page = Page{Body: raise(original.Body, l.gain, float64(round))}
		maps.DeleteFunc(l.raised, func(old int, _ Page) bool { return old < step-1 })
		l.raised[step] = page
	}
	return page
}

// gains returns for each cumulative series what lies between its first and its last value.
func gains(pages []Page) map[string]float64 {
	first, gain := map[string]float64{}, map[string]float64{}
	for _, page := range pages {
		for line := range bytes.Lines(page.Body) {
			series, value, ok := cut(line)
			if !ok || !cumulative(series) {
				continue
			}
			if _, known := first[series]; !known {
				first[series] = value
			}
			gain[series] = max(0, value-first[series])
		}
	}
	maps.DeleteFunc(gain, func(_ string, g float64) bool { return g == 0 })
	return gain
}

func raise(body []byte, gain map[string]float64, rounds float64) []byte {
	var out bytes.Buffer
	out.Grow(len(body) + len(body)/64)
	for line := range bytes.Lines(body) {
		series, value, ok := cut(line)
		if g := gain[series]; ok && g > 0 {
			out.WriteString(series)
			out.WriteByte(' ')
			out.WriteString(javaDouble(value + rounds*g))
			out.WriteByte('\n')
			continue
		}
		out.Write(line)
	}
	return out.Bytes()
}

// cut splits a sample line as Flink writes it.
func cut(line []byte) (series string, value float64, ok bool) {
	space := bytes.LastIndexByte(line, ' ')
	if space < 0 || line[0] == '#' {
		return "", 0, false
	}
	value, err := strconv.ParseFloat(string(bytes.TrimSpace(line[space:])), 64)
	return string(line[:space]), value, err == nil
}

// cumulative tells whether a series is one that only grows.
func cumulative(series string) bool {
	name, _, _ := strings.Cut(series, "{")
	metric, known := flinkname.Flink().Lookup(name)
	return known && metric.Kind == flinkname.Sum || strings.HasSuffix(name, "_count")
}

// javaDouble writes a number as Java's Double.toString does: 12.0, 4.0857056E7.
func javaDouble(v float64) string {
	if v == 0 || v >= 1e-3 && v < 1e7 || -v >= 1e-3 && -v < 1e7 {
		s := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, exponent, found := strings.Cut(strconv.FormatFloat(v, 'E', -1, 64), "E")
	if !found { // NaN, +Inf, -Inf
		return mantissa
	}
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	n, _ := strconv.Atoi(exponent)
	return mantissa + "E" + strconv.Itoa(n)
}
