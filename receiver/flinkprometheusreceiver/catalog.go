package flinkprometheusreceiver

import (
	"hash/maphash"
	"slices"
	"strings"

	"weir.example/internal/flinkname"
)

// line remembers what the bytes before the value of a sample line mean, or what a comment said. Of the bytes it holds only
// hash and length: they would be most of the memory of a target, and to compare them costs more than to hash the ones at
// hand. The seed of the hash is random, so that no input can be made to collide.
type line struct {
	hash   uint64
	size   uint32 // bytes
	series id     // below 0: none, for reasons[-series-1]; from firstComment on downwards: a comment
}

// firstComment is the line.series of comments[0].
const firstComment id = -1 - id(len(reasons))

// reasons tells why a line has no series. The first one is a filter.
var reasons = [...]dropReason{kept, malformed, duplicateLabel, invalidLabelName, reservedLabel, invalidUTF8}

var lineSeed = maphash.MakeSeed()

// is tells whether these are the line's bytes.
func (l *line) is(key []byte) bool {
	return int(l.size) == len(key) && l.hash == maphash.Bytes(lineSeed, key)
}

// isComment tells whether the line is HELP or TYPE.
func (l *line) isComment() bool { return l.series <= firstComment }

// why tells why a sample line gives no sample. It is empty if it does, or if a filter excludes it.
func (l *line) why() dropReason {
	switch {
	case l.series >= 0:
		return kept
	case l.isComment(): // no sample line is
		return malformed
	}
	return reasons[-l.series-1]
}

// catalog knows what the lines of one target mean. As long as they are those of the last scrape, or the first ones of
// them, in their order, it needs nothing but their list. For others it makes indexes of what it knows, which it drops when
// the scrape ends.
type catalog struct {
	naming
	*table
	entityOnPoints bool

	scan     uint32
	parsed   uint32    // the scan that lines are of
	lines    []line    // of the last scrape that could be read, in its order
	matched  int       // how many of them this scrape has had, unless it has changed
	comments []*uint32 // where it is noted which scrape had the comments among lines last
	change   *change
}

// change is a scrape whose lines are not those of the last one.
type change struct {
	lines    []line // so far
	places   *index // of the last scrape's lines
	learning *learning
}

func newCatalog(n naming, entityOnPoints bool) *catalog {
	return &catalog{naming: n, table: &table{}, entityOnPoints: entityOnPoints}
}

// begin opens a scrape.
func (c *catalog) begin() {
	c.scan++
	c.matched, c.change = 0, nil
}

// meet notes that the line of the last scrape at position pos was found. It returns where the next line is expected:
// behind it, as in the last scrape.
func (c *catalog) meet(pos int) (predicted int) {
	if c.change != nil {
		c.change.lines = append(c.change.lines, c.lines[pos])
	} else {
		c.matched++ // as long as nothing has changed, lines are met one after the other
	}
	return pos + 1
}

// resolve returns what a sample line means, given its bytes up to the value, and where the next line is expected.
func (c *catalog) resolve(key []byte, predicted int) (l line, next int) {
	if predicted < len(c.lines) && c.lines[predicted].is(key) {
		return c.lines[predicted], c.meet(predicted)
	}
	if c.change == nil {
		c.diverge()
	}
	hash := maphash.Bytes(lineSeed, key)
	pos := c.change.places.find(hash, func(i id) bool { return c.lines[i].hash == hash && int(c.lines[i].size) == len(key) })
	if pos != none {
		return c.lines[pos], c.meet(int(pos))
	}
	l = line{hash: hash, size: uint32(len(key)), series: c.learn(key)}
	c.change.lines = append(c.change.lines, l)
	return l, predicted // a new line stands before the one that was expected
}

// remark takes in a comment, and returns whether it was HELP or TYPE, and where the next line is expected.
func (c *catalog) remark(ln []byte, predicted int) (next int, ok bool) {
	if predicted < len(c.lines) && c.lines[predicted].isComment() && c.lines[predicted].is(ln) {
		return c.recur(predicted), true
	}
	comment, ok := parseComment(ln)
	if !ok {
		return predicted, false
	}
	if seen := c.note(comment, c.scan); seen != nil {
		if c.change == nil {
			c.diverge()
		}
		l := line{hash: maphash.Bytes(lineSeed, ln), size: uint32(len(ln)), series: firstComment - id(len(c.comments))}
		c.change.lines = append(c.change.lines, l)
		c.comments = append(c.comments, seen)
	}
	return predicted, true
}

// recur takes in the comment of the last scrape at position pos, which says what it said there, unless another one of
// this scrape counts. It returns where the next line is expected.
func (c *catalog) recur(pos int) (predicted int) {
	seen := c.comments[firstComment-c.lines[pos].series]
	if *seen == c.scan {
		return pos + 1
	}
	*seen = c.scan
	return c.meet(pos)
}

// keepComments drops those that no line is.
func (c *catalog) keepComments() {
	var comments []*uint32
	for i := range c.lines {
		if l := &c.lines[i]; l.isComment() {
			seen := c.comments[firstComment-l.series]
			l.series = firstComment - id(len(comments))
			comments = append(comments, seen)
		}
	}
	c.comments = comments
}

// diverge begins a list of lines other than that of the last scrape.
func (c *catalog) diverge() {
	c.change = &change{lines: make([]line, c.matched, len(c.lines)+len(c.lines)/8+16), places: newIndex(len(c.lines))}
	copy(c.change.lines, c.lines)
	for i := range c.lines {
		c.change.places.add(c.lines[i].hash, id(i))
	}
}

// learn parses a line that the last scrape did not have, and returns its series or why it has none.
func (c *catalog) learn(key []byte) id {
	if c.change.learning == nil {
		c.change.learning = newLearning(c.table)
	}
	l := c.change.learning
	name, labels, why := parseSeries(string(key), l.labels[:0])
	l.labels = labels[:0]
	if why != kept {
		return id(-1 - slices.Index(reasons[:], why))
	}
	m := c.metric(name)
	if !m.wanted {
		return none
	}
	if m.id == none {
		m.id, c.metrics = id(len(c.metrics)), append(c.metrics, m)
	}
	return c.find(m, labels)
}

// find returns the series of a metric with these labels, which are sorted by name, and adds it if it is new.
func (c *catalog) find(m *metric, labels []label) id {
	l := c.change.learning
	own, beyond := l.own[:0], l.beyond[:0]
	for _, pair := range labels {
		switch {
		case pair.name == hostLabel:
			own = slices.Insert(own, 0, pair)
		case !c.entityOnPoints && flinkname.IsEntityLabel(pair.name):
			own = append(own, pair)
		default:
			beyond = append(beyond, pair)
		}
	}
	l.own, l.beyond = own, beyond
	return l.series(l.entity(own), m.id, l.extras(exportReserved(beyond)))
}

// end closes a scrape whose body was read: the lines it did not have are forgotten, and series that neither it nor
// the history, which holds remembered series, knows. It returns an error if the body was something else.
func (c *catalog) end(r *reading, remembered int) error {
	if r.samples > 0 && !r.understood {
		return &failure{reasonNotMetrics, errNoMetrics}
	}
	r.exposed, r.complete = len(r.points), r.drops[malformed] == 0
	if c.change == nil {
		c.lines = c.lines[:c.matched]
	} else {
		c.lines = c.change.lines
		c.keepComments()
		c.series, c.counts = trimmed(c.series), trimmed(c.counts)
	}
	c.lines, c.change, c.parsed = trimmed(c.lines), nil, c.scan
	c.forgetFamilies(c.scan)
	if c.live() > len(c.lines)+remembered {
		c.release()
	}
	if len(c.byName)+len(c.entities)+len(c.extras) > 3*(len(c.lines)+c.live())+64 {
		c.sweep()
	}
	return nil
}

// abandon closes a scrape that failed, perhaps within its body: what it had does not count, but for comments, which lines
// may now contradict.
func (c *catalog) abandon() {
	learned := c.change != nil
	c.begin()
	if learned {
		c.lines, c.comments = nil, nil
		c.release()
	}
}

// forget drops series that are no longer remembered, and all lines if one of them leads there, which is so if the target
// could not be read since.
func (c *catalog) forget(gone []id) {
	for _, i := range gone {
		s := &c.series[i]
		c.table.forget(s)
		if s.scan >= c.parsed {
			c.lines = nil
		}
	}
	if len(gone) > 0 {
		c.release()
	}
}

// release frees series that no line and no history has.
func (c *catalog) release() {
	c.table.release(func(mark func(id)) {
		for i := range c.lines {
			if c.lines[i].series >= 0 {
				mark(c.lines[i].series)
			}
		}
	})
}

// sweep drops entities, metrics and extras that no series has.
func (c *catalog) sweep() {
	for _, m := range c.metrics {
		m.id = none
	}
	c.clean()
	for name, m := range c.byName {
		if m.id == none {
			delete(c.byName, name)
		}
	}
}

// exportReserved renames labels that would collide with the job and instance every series gets at its store, as
// Prometheus does: job becomes exported_job.
func exportReserved(labels []label) []label {
	has := func(name string) bool {
		return slices.ContainsFunc(labels, func(l label) bool { return l.name == name })
	}
	renamed := false
	for i, l := range labels {
		if l.name != "job" && l.name != "instance" {
			continue
		}
		name := l.name
		for has(name) {
			name = "exported_" + name
		}
		labels[i].name = name
		renamed = true
	}
	if renamed {
		slices.SortFunc(labels, func(a, b label) int { return strings.Compare(a.name, b.name) })
	}
	return labels
}
