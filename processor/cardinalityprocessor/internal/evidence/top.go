package evidence

import "unicode/utf8"

const (
	topSize = 64
	// maxText bounds the bytes kept of one heavy value.
	maxText = 48
)

// heavy is a value in the top of its label.
type heavy struct {
	hash   uint64
	weight uint32
	era    uint32 // of the memory, in which it is known as seen often
	text   string
}

// top keeps the heaviest values of a label. Entries chain by hash: head and next
// hold the index of an entry plus one.
type top struct {
	heavies []heavy
	// least is an index, and the weight it had: since weights only grow, no entry
	// is lighter than that.
	least  int
	weight uint32
	head   [topSize]uint8
	next   [topSize]uint8
}

// hit adds one to a value that is in the top, and returns it; nil for others.
func (t *top) hit(hash uint64) *heavy {
	for i := t.head[hash%topSize]; i != 0; i = t.next[i-1] {
		h := &t.heavies[i-1]
		if h.hash != hash {
			continue
		}
		if h.weight < 1<<32-1 {
			h.weight++
		}
		return h
	}
	return nil
}

// admits tells whether a value of that weight has a place in the top. It must be a
// sixteenth heavier than the lightest, or values that are all alike would take turns.
func (t *top) admits(weight uint32) bool {
	switch {
	case len(t.heavies) < topSize:
		return true
	case weight <= t.weight+t.weight/16:
		return false
	case t.heavies[t.least].weight != t.weight:
		t.findLeast()
	}
	return weight > t.weight+t.weight/16
}

// put gives a value a place, the lightest one's if all are taken.
func (t *top) put(h heavy) {
	h.text = shorten(h.text)
	at := len(t.heavies)
	if at < topSize {
		t.heavies = append(t.heavies, h)
	} else {
		at = t.least
		t.unlink(at)
		t.heavies[at] = h
	}
	chain := &t.head[h.hash%topSize]
	t.next[at], *chain = *chain, uint8(at+1)
	t.findLeast()
}

func (t *top) unlink(at int) {
	link := &t.head[t.heavies[at].hash%topSize]
	for int(*link) != at+1 {
		link = &t.next[*link-1]
	}
	*link = t.next[at]
}

func (t *top) findLeast() {
	t.least = 0
	for i := range t.heavies {
		if t.heavies[i].weight < t.heavies[t.least].weight {
			t.least = i
		}
	}
	t.weight = t.heavies[t.least].weight
}

// halve ages the weights by one half-life.
func (t *top) halve() {
	for i := range t.heavies {
		t.heavies[i].weight /= 2
	}
	t.weight /= 2
}

// shorten cuts a text to maxText bytes, at a rune, and lets go of the rest.
func shorten(text string) string {
	if len(text) <= maxText {
		return string([]byte(text))
	}
	end := maxText - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
