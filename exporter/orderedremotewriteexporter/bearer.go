package orderedremotewriteexporter

import (
	"encoding/binary"
	"math/bits"

	"weir.example/internal/series"
)

// bearer is what the series of an entity have in common in a request: its labels on
// the wire, and where they stood last.
type bearer struct {
	set   *series.Set
	text  []byte // of all labels, in order
	ends  []int  // of each label in text
	named int    // how many labels sort before the metric name
	parts []part // of text, in order, all of it
	spare []part
	since int // position at which the entity began
	whole [variants]whole
}

// part says where text[from:to] stands in the request, at a position of press; 0: nowhere.
type part struct{ from, to, at int }

// whole is where all labels of a series stood, with a value behind them.
type whole struct {
	at    int
	bits  uint64
	words stretch // of the encoder's, which are not of the entity
	body  byte    // length of the Sample
}

// begin writes down another entity; was is the one before, which is mostly of the same
// kind.
func (o *bearer) begin(d dialect, set *series.Set, was *bearer, at int) {
	o.set, o.text, o.ends, o.parts = set, o.text[:0], o.ends[:0], o.parts[:0]
	o.since = at
	before, _ := set.Split()
	o.named = len(before)
	ours, theirs := set.Pairs(), was.pairs()
	for i, j := 0, 0; i < len(ours); {
		n := common(ours[i:], theirs[j:])
		if n > 0 {
			o.take(was, j, n)
			i, j = i+n, j+n
			continue
		}
		name, from, like := ours[i].Name(), len(o.text), []byte(nil)
		for j < len(theirs) && theirs[j].Name() < name {
			j++
		}
		if j < len(theirs) && theirs[j].Name() == name {
			if theirs[j] == ours[i] {
				continue
			}
			like = was.text[was.end(j):was.end(j+1)]
		}
		o.text = d.appendLabel(o.text, ours[i], like)
		o.ends = append(o.ends, len(o.text))
		if same := prefix(o.text[from:], like); same > 0 {
			o.find(was, from, same, was.end(j))
			from += same
		}
		o.note(from, len(o.text), 0)
		i++
	}
}

func (o *bearer) pairs() []*series.Pair {
	if o.set == nil {
		return nil
	}
	return o.set.Pairs()
}

// common returns how many pairs a and b begin with alike.
func common(a, b []*series.Pair) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// take adds n labels of was, from the one at j on.
func (o *bearer) take(was *bearer, j, n int) {
	from, begin, end := len(o.text), was.end(j), was.end(j+n)
	o.text = append(o.text, was.text[begin:end]...)
	for _, e := range was.ends[j : j+n] {
		o.ends = append(o.ends, e-begin+from)
	}
	o.find(was, from, end-begin, begin)
}

// find notes that n bytes of text are those of was at an index, wherever they stand.
func (o *bearer) find(was *bearer, from, n, at int) {
	for _, p := range was.parts {
		lo, hi := max(at, p.from), min(at+n, p.to)
		if lo < hi {
			o.note(from+lo-at, from+hi-at, p.place(lo))
		}
	}
}

// place is where text stands from an index of the part on, 0: nowhere.
func (p part) place(index int) int {
	if p.at == 0 {
		return 0
	}
	return p.at + index - p.from
}

// note adds a part, to the last one if it continues that.
func (o *bearer) note(from, to, at int) {
	if n := len(o.parts) - 1; n >= 0 && at == o.parts[n].place(from) {
		o.parts[n].to = to
	} else if from < to {
		o.parts = append(o.parts, part{from, to, at})
	}
}

// end returns where the first n labels end in text.
func (o *bearer) end(n int) int {
	if n == 0 {
		return 0
	}
	return o.ends[n-1]
}

// before returns how many labels sort before a name; it was so many last time.
func (o *bearer) before(name string, guess int) int {
	labels := o.set.Pairs()
	n := min(guess, len(labels))
	for n > 0 && labels[n-1].Name() > name {
		n--
	}
	for n < len(labels) && labels[n].Name() < name {
		n++
	}
	return n
}

// prefix returns how many bytes a and b begin with alike.
func prefix(a, b []byte) int {
	n := 0
	for ; n+8 <= min(len(a), len(b)); n += 8 {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
	}
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
