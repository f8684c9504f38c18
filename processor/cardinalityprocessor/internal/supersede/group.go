package supersede

import (
	"bytes"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	// maxIncarnations is how many of one output are remembered. More of them alive at a time means that the label names
	// no incarnation; those beyond are never let through.
	maxIncarnations = 8

	// silence is after how long an owner that sends nothing gives way to who appeared since, whatever their rank: it
	// died where nobody saw it, and its successor may begin to count attempts anew.
	silence = pcommon.Timestamp(5 * time.Minute)

	// oblivion is after how long a silent owner gives way to anyone, and a silent output is forgotten.
	oblivion = pcommon.Timestamp(24 * time.Hour)

	noOwner = -1
)

// group is an output entity with the incarnations that were seen of it.
type group struct {
	key          Key
	next         *group // that was looked for after this one last
	incarnations []incarnation
	owner        int               // index, or noOwner
	floor        pcommon.Timestamp // last sample of all former owners: the owner's points are later
	last         pcommon.Timestamp // last sample of all owners
	heard        pcommon.Timestamp // wall clock of the last record
	call         uint64            // number of the last record
}

// incarnation is one candidate.
type incarnation struct {
	id       ID
	attempt  int64
	start    pcommon.Timestamp // earliest known start, 0: unknown
	appeared uint64            // number of the record that showed it first
	born     pcommon.Timestamp // wall clock of that record
	heard    pcommon.Timestamp // wall clock of the last record that showed it
	liveAt   pcommon.Timestamp // time of its last point that was no stale marker
	gone     bool              // all it sent last were stale markers

	live bool // in the last record that showed it, whose number is call
	call uint64
	last pcommon.Timestamp // in it
}

// see notes what a record shows of one incarnation.
func (g *group) see(s *Sighting, call uint64, now pcommon.Timestamp) {
	in := g.find(s, call, now)
	if in == nil {
		return
	}
	if in.call != call {
		in.call, in.live, in.last = call, false, 0
	}
	in.heard = now
	in.last = max(in.last, s.Last)
	if s.Live {
		in.live = true
		if s.Start != 0 && (in.start == 0 || s.Start < in.start) {
			in.start = s.Start
		}
	}
}

// find returns the incarnation of a sighting, a new one at first sight, nil where there is no room.
func (g *group) find(s *Sighting, call uint64, now pcommon.Timestamp) *incarnation {
	for i := range g.incarnations {
		if g.incarnations[i].id == s.ID {
			return &g.incarnations[i]
		}
	}
	fresh := incarnation{id: s.ID, attempt: s.Attempt, appeared: call, born: now, heard: now}
	if len(g.incarnations) < maxIncarnations {
		g.incarnations = append(g.incarnations, fresh)
		return &g.incarnations[len(g.incarnations)-1]
	}
	victim := g.expendable(now)
	if victim < 0 {
		return nil
	}
	g.incarnations[victim] = fresh
	return &g.incarnations[victim]
}

// expendable returns the incarnation that was silent for the longest time, or -1: one that is alive and forgotten would
// look like a new one at its next point, and take over in turns with the others.
func (g *group) expendable(now pcommon.Timestamp) int {
	victim := -1
	for i := range g.incarnations {
		in := &g.incarnations[i]
		if i == g.owner || !in.gone && now-in.heard < silence {
			continue
		}
		if victim < 0 || in.heard < g.incarnations[victim].heard {
			victim = i
		}
	}
	return victim
}

// decide finds the owner when all sightings of a record are noted, and tells whether it changed from one to another.
func (g *group) decide(call uint64, now pcommon.Timestamp) bool {
	best := noOwner
	for i := range g.incarnations {
		in := &g.incarnations[i]
		if in.call != call {
			continue
		}
		switch {
		case in.live:
			in.gone, in.liveAt = false, max(in.liveAt, in.last)
		case in.last > in.liveAt: // else a part of its series vanished while others went on
			in.gone = true
		}
		if best == noOwner || in.beats(&g.incarnations[best]) {
			best = i
		}
	}
	changed := false
	if best != noOwner && best != g.owner && g.givesWay(&g.incarnations[best], now) {
		changed = g.owner != noOwner
		g.owner, g.floor = best, g.last
	}
	if g.owner != noOwner && g.incarnations[g.owner].call == call {
		g.last = max(g.last, g.incarnations[g.owner].last)
	}
	return changed
}

// givesWay tells whether the owner leaves the output to a challenger.
func (g *group) givesWay(challenger *incarnation, now pcommon.Timestamp) bool {
	if g.owner == noOwner {
		return true
	}
	owner := &g.incarnations[g.owner]
	silent := now - owner.heard
	switch {
	case !challenger.live:
		return false
	case owner.gone, silent > oblivion:
		return true
	case silent > silence && challenger.born > owner.heard:
		return true
	}
	return challenger.outranks(owner)
}

// beats compares two incarnations of one record: who has values goes before who has stale markers only.
func (in *incarnation) beats(other *incarnation) bool {
	if in.live != other.live {
		return in.live
	}
	return in.outranks(other)
}

// outranks is a total order that changes as little as possible: attempt, then start, a known one before an unknown one,
// then who appeared later. Those that appeared in one record are told apart by their labels, so that the order of
// resources in a call does not count.
func (in *incarnation) outranks(other *incarnation) bool {
	switch {
	case in.attempt != other.attempt:
		return in.attempt > other.attempt
	case in.start != other.start:
		return in.start > other.start // unknown is 0
	case in.appeared != other.appeared:
		return in.appeared > other.appeared
	}
	return bytes.Compare(in.id[:], other.id[:]) > 0
}
