package cardinalityprocessor

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/internal/series"
	"weir.example/processor/cardinalityprocessor/internal/supersede"
)

// attemptLabel is the label whose number goes before start times.
const attemptLabel = "task_attempt_num"

// contender is an incarnation of an output entity: one check for all its series in a call.
type contender struct {
	key     supersede.Key
	id      supersede.ID
	attempt int64
	used    series.Generation
	named   bool // it has labels that were superseded

	// What the present call shows of it, and what was decided.
	live        bool
	owns        bool
	call        uint64
	start, last pcommon.Timestamp // earliest known start, latest point
	first       pcommon.Timestamp // earliest point
	from        pcommon.Timestamp // its points and their starts are not before
}

type contenderKey struct {
	key supersede.Key
	id  supersede.ID
}

// contender returns the incarnation that a resource, and a point with attributes, are without these keys.
func (w *walker) contender(resource pcommon.Map, removed []string, point pcommon.Map, pointRemoved []string) *contender {
	key := sha256.New()
	id := sha256.New()
	attempt := int64(supersede.NoAttempt)
	take := func(attrs pcommon.Map, removed []string) {
		var kept, gone [][2]string
		for k, v := range attrs.All() {
			if !slices.Contains(removed, k) {
				kept = append(kept, [2]string{k, v.AsString()})
				continue
			}
			gone = append(gone, [2]string{k, v.AsString()})
			if n, err := strconv.ParseInt(v.AsString(), 10, 64); err == nil && n >= 0 && k == attemptLabel {
				attempt = n
			}
		}
		key.Write(canonical(kept))
		id.Write(canonical(gone))
	}
	take(resource, removed)
	take(point, pointRemoved)
	c := &contender{attempt: attempt, named: len(removed)+len(pointRemoved) > 0}
	copy(c.key[:], key.Sum(nil))
	copy(c.id[:], id.Sum(nil))
	if known, ok := w.contenders[contenderKey{c.key, c.id}]; ok {
		return known
	}
	w.contenders[contenderKey{c.key, c.id}] = c
	return c
}

// canonical does not depend on the order of labels.
func canonical(labels [][2]string) []byte {
	slices.SortFunc(labels, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	b := binary.AppendUvarint(nil, uint64(len(labels)))
	for _, label := range labels {
		for _, text := range label {
			b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
		}
	}
	return b
}

// see notes a point of a contender.
func (w *walker) see(c *contender, at, start pcommon.Timestamp, stale bool) {
	if c.call != w.call {
		c.call, c.live, c.start, c.last, c.first = w.call, false, 0, 0, at
		c.used = w.generation
		w.seen = append(w.seen, c)
	}
	c.first, c.last = min(c.first, at), max(c.last, at)
	if stale {
		return
	}
	c.live = true
	if start != 0 && (c.start == 0 || start < c.start) {
		c.start = start
	}
}

// unhindered tells whether all points of the present call pass as they are. Stale markers count no start.
func (c *contender) unhindered() bool {
	return c.owns && c.first >= c.from && (c.start == 0 || c.start >= c.from)
}

func (c *contender) sighting() supersede.Sighting {
	return supersede.Sighting{Key: c.key, ID: c.id, Attempt: c.attempt, Live: c.live, Start: c.start, Last: c.last}
}

// contends tells whether the contender must be asked for: one that lost no label is a second writer only where others
// wrote to the same output.
func (w *walker) contends(c *contender) bool { return c != nil && (c.named || w.owners.Has(c.key)) }
