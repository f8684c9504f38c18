package flinkprometheusreceiver

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// sentinel is Java's Long.MIN_VALUE as a double, by which Flink says "no watermark yet".
const sentinel = -9.223372036854776e18

// form is what becomes of a point.
type form uint8

const (
	value  form = iota // passed on
	ended              // a stale marker
	hidden             // exposed, but not a value, and no value before it either
)

// point is one series in one scrape.
type point struct {
	value  float64
	start  pcommon.Timestamp
	series id
	form   form
}

// pointBuffers hold the points of the few targets that are scraped at any time.
var pointBuffers = sync.Pool{New: func() any { return new([]point) }}

// reading is what one scrape has found.
type reading struct {
	points    []point // one per exposed series, then the stale markers of vanished ones
	exposed   int     // number of the former
	still     int     // of them, those that the last delivered scrape exposed too
	samples   int     // sample lines of the body, dropped ones included
	complete  bool    // proves that what it lacks was absent
	refused   bool    // proves that nothing was there
	sentinels int
	drops     map[dropReason]int

	predicted  int  // where in the last scrape the next line is expected
	understood bool // some line was in the text format
}

// reset makes the reading empty.
func (r *reading) reset() {
	clear(r.drops)
	if r.points == nil {
		r.points = *pointBuffers.Get().(*[]point)
	}
	*r = reading{points: r.points[:0], drops: r.drops}
}

// release ends the use of the points.
func (r *reading) release() {
	points := r.points[:0]
	pointBuffers.Put(&points)
	r.points = nil
}

func (r *reading) drop(why dropReason) {
	if r.drops == nil {
		r.drops = map[dropReason]int{}
	}
	r.drops[why]++
}

var errNoMetrics = errors.New("no line of the body is in the Prometheus text format")

// read parses the next lines of a body into r. An error means that the body is refused as a whole.
func (c *catalog) read(lines []byte, r *reading, limits LimitsConfig) error {
	// At once: by doubling, what is outgrown on the way would be four times as much.
	r.points = slices.Grow(r.points, max(0, len(c.series)-len(r.points)))
	for len(lines) > 0 {
		rest := c.readExpected(lines, r)
		if len(rest) < len(lines) {
			lines, r.understood = rest, true
		} else {
			ln, rest := cutLine(lines)
			ok := c.readLine(ln, r, limits.LineLength)
			lines, r.understood = rest, r.understood || ok
		}
		if r.samples > limits.Series {
			return failf(reasonSeriesLimit, "more than limits.series = %d series", limits.Series)
		}
	}
	return nil
}

// readExpected reads lines as long as they are the expected ones and their values are plain, which is so for nearly all.
// It does not look for the end of a line, which is the longest part of reading it. It returns what follows.
func (c *catalog) readExpected(lines []byte, r *reading) []byte {
	for r.predicted < len(c.lines) {
		l := &c.lines[r.predicted]
		size := int(l.size)
		if size >= len(lines) || !l.is(lines[:size]) {
			break
		}
		end, rest := lines[size], lines[size+1:]
		if end == '\n' && l.isComment() {
			r.predicted = c.recur(r.predicted)
		} else if end == ' ' && l.why() == kept {
			v, n := parsePlain(rest)
			if n == 0 {
				break
			}
			rest = rest[n:]
			r.samples++
			r.predicted = c.meet(r.predicted)
			c.take(l.series, v, r)
		} else {
			break
		}
		lines = rest
	}
	return lines
}

// readLine reads any line. It returns whether the line was in the text format.
func (c *catalog) readLine(ln []byte, r *reading, limit int) bool {
	if len(ln) == 0 {
		return false
	}
	if ln[0] != '#' {
		r.samples++
		return c.readSample(ln, r, limit)
	}
	next, ok := c.remark(ln, r.predicted)
	r.predicted = next
	return ok
}

// readSample adds the sample of one line. The limit holds for what names the series: a series that is too long is so in
// every scrape.
func (c *catalog) readSample(ln []byte, r *reading, limit int) bool {
	key, rest := cutSample(ln)
	if len(key) > limit {
		r.drop(lineTooLong)
		return false
	}
	l, next := c.resolve(key, r.predicted)
	r.predicted = next
	if why := l.why(); why != kept {
		r.drop(why)
		return why != malformed
	}
	v, err := parseValue(rest)
	if err != nil {
		r.drop(malformed)
		return false
	}
	c.take(l.series, v, r)
	return true
}

// take adds a sample, unless a filter excludes its series or the scrape already has it.
func (c *catalog) take(i id, v float64, r *reading) {
	if i < 0 {
		return
	}
	s := &c.series[i]
	if s.scan == c.scan {
		r.drop(duplicateSeries)
		return
	}
	s.scan = c.scan
	// Not as one value, which would be made elsewhere and copied.
	r.points = append(r.points, point{})
	p := &r.points[len(r.points)-1]
	p.series, p.value = i, v
}

// failure is an error with the reason that telemetry counts it under.
type failure struct {
	reason string
	err    error
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

func failf(reason, format string, args ...any) error {
	return &failure{reason, fmt.Errorf(format, args...)}
}

// Reasons for which a scrape fails.
const (
	reasonRefused     = "refused"     // nothing listens
	reasonTimeout     = "timeout"     // no complete answer within the timeout
	reasonConnection  = "connection"  // any other error of the network
	reasonStatus      = "http_status" // not 200
	reasonNotMetrics  = "not_metrics" // HTML, JSON, or no line in the text format
	reasonTruncated   = "truncated"   // the body ends early
	reasonEncoding    = "encoding"    // the body cannot be decompressed
	reasonBodySize    = "body_size"
	reasonSeriesLimit = "series_limit"
)
