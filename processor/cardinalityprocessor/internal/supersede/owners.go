package supersede

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	// DefaultMaxOutputs bounds the memory: an output takes about 200 bytes.
	DefaultMaxOutputs = 1_000_000

	// tick is the resolution of stores: an owner's samples begin one after the last of those before it.
	tick = pcommon.Timestamp(time.Millisecond)

	sweepInterval = pcommon.Timestamp(10 * time.Minute)
)

// Owners knows who owns which output. One goroutine at a time may use it.
type Owners struct {
	groups     map[Key]*group
	last       *group // that was looked for
	maxOutputs int
	now        pcommon.Timestamp // latest wall clock of a record
	swept      pcommon.Timestamp // wall clock of the last sweep
	call       uint64            // records applied
	takeovers  uint64

	sightings []Sighting // of the record that is applied
	touched   []*group   // by it
}

// New returns an empty state that knows at most maxOutputs outputs; those silent for the longest time go first.
func New(maxOutputs int) *Owners {
	return &Owners{groups: map[Key]*group{}, last: &group{}, maxOutputs: maxOutputs}
}

// Apply decides over the sightings of one call. A malformed record changes nothing.
func (o *Owners) Apply(record []byte) error {
	now, sightings, err := decodeRecord(record, o.sightings[:0])
	o.sightings = sightings
	if err != nil {
		return err
	}
	o.call++
	o.now = max(o.now, now)
	o.touched = o.touched[:0]
	for i := range sightings {
		s := &sightings[i]
		g := o.find(s.Key)
		if g == nil {
			g = &group{key: s.Key, owner: noOwner}
			o.groups[s.Key] = g
			o.follow(g)
		}
		if g.call != o.call {
			g.call, g.heard = o.call, o.now
			o.touched = append(o.touched, g)
		}
		g.see(s, o.call, o.now)
	}
	for _, g := range o.touched {
		if g.decide(o.call, o.now) {
			o.takeovers++
		}
	}
	clear(o.touched)
	o.sweep()
	return nil
}

// Verdict tells whether an incarnation owns the output, and from which time on its points are later than everything
// that went out before it owned. That time is also the earliest start its points may have: it stays the same as long
// as the incarnation owns, and every point that passes is at it or after it. 0: no one owned before.
func (o *Owners) Verdict(key Key, id ID) (from pcommon.Timestamp, owns bool) {
	g := o.find(key)
	if g == nil || g.owner == noOwner {
		return 0, true
	}
	if g.incarnations[g.owner].id != id {
		return 0, false
	}
	if g.floor == 0 {
		return 0, true
	}
	return g.floor + tick, true
}

// find returns the group of an output, nil if it is not known. Calls mostly hold the same outputs in the same order.
func (o *Owners) find(key Key) *group {
	g := o.last.next
	if g == nil || g.key != key {
		if g = o.groups[key]; g == nil {
			return nil
		}
	}
	o.follow(g)
	return g
}

// follow notes that g was looked for after the last one.
func (o *Owners) follow(g *group) {
	if o.last.next != g {
		o.last.next = g
	}
	o.last = g
}

// unlink makes sure that what is no longer in groups is not found.
func (o *Owners) unlink() {
	for _, g := range o.groups {
		g.next = nil
	}
	o.last = &group{}
}

// Has tells whether the output is known.
func (o *Owners) Has(key Key) bool {
	_, ok := o.groups[key]
	return ok
}

// Len returns the number of outputs.
func (o *Owners) Len() int { return len(o.groups) }

// Takeovers returns how often an output went from one owner to another.
func (o *Owners) Takeovers() uint64 { return o.takeovers }

// sweep forgets what was silent for long, and more where there is too much.
func (o *Owners) sweep() {
	if o.now-o.swept >= sweepInterval {
		o.swept = o.now
		for key, g := range o.groups {
			if o.now-g.heard > oblivion {
				delete(o.groups, key)
			}
		}
		o.unlink()
	}
	if len(o.groups) <= o.maxOutputs {
		return
	}
	type silent struct {
		key  Key
		call uint64
	}
	all := make([]silent, 0, len(o.groups))
	for key, g := range o.groups {
		all = append(all, silent{key, g.call})
	}
	slices.SortFunc(all, func(a, b silent) int {
		return cmp.Or(cmp.Compare(a.call, b.call), bytes.Compare(a.key[:], b.key[:]))
	})
	// A tenth more than needed, since it takes a sort each time.
	for _, victim := range all[:len(all)-o.maxOutputs+o.maxOutputs/10] {
		delete(o.groups, victim.key)
	}
	o.unlink()
}
