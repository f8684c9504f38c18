package aggregate

import (
	"encoding/binary"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// maxBirthDelay is how long an output is waited for whose inputs' spacing is long or not known.
const maxBirthDelay = pcommon.Timestamp(30 * time.Second)

// mayHaveCounted tells whether an input's first point is not later than points of inputs that the output forgot. Were it one
// of them, sent again, what follows it would count again.
func (o *output) mayHaveCounted(s *sample, in *input) bool {
	return in.kind == kindNone && s.time <= o.forgotten
}

// admit decides whether the first point of a cumulative input counts in full. If not, it is a baseline: it was, or may
// have been, counted before.
func (a *Aggregator) admit(s *sample, in *input, out *output, tally *Tally) bool {
	defer out.meet(s.time)
	if in.kind != kindNone { // it was of another kind, under which it counted until in.at
		if s.start > in.at {
			return true
		}
	} else if !out.has(outBorn | outJoined) {
		if s.start == 0 {
			out.flags |= outUnknown
		} else {
			out.reachBack(s.start)
		}
		return true
	} else if s.start != 0 && s.start >= out.first && s.start >= a.floor && s.start > out.forgotten {
		if !out.has(outBorn) {
			out.reachBack(s.start)
		}
		return true
	}
	tally[UnknownStart]++
	if !out.has(outBorn) {
		out.reachBack(s.time)
	}
	return false
}

// meet notes the time of a sample that an output absorbed. Until birth the smallest counts, so that it does not depend on
// the order of a batch.
func (o *output) meet(at pcommon.Timestamp) {
	if !o.has(outBorn) && (o.first == 0 || at < o.first) {
		o.first = at
	}
}

// noteMoved lets an unborn output begin no later than the last point of an input that may have moved to it: from there on
// the input counts. For one that was always there this says nothing new.
func (o *output) noteMoved(in *input) {
	if o.has(outBorn) {
		return
	}
	o.reachBack(in.at)
	o.meet(in.at)
}

// bear settles the start of an output at a tick, if it is time, and tells whether it is born.
func (a *Aggregator) bear(out *output, sum *merged, tick pcommon.Timestamp, delay pcommon.Timestamp) bool {
	if out.arrived == 0 { // it may have inputs that moved to it, but no point came yet
		return false
	}
	if out.has(outBorn) {
		return true
	}
	if out.has(outUnknown) {
		if delay == 0 {
			delay = maxBirthDelay
			if sum.spacing != 0 {
				delay = min(delay, 2*pcommon.Timestamp(sum.spacing)*spacingUnit)
			}
		}
		// One that ends before is born at once: its last word is heard.
		if tick < out.arrived+delay && sum.live > 0 {
			return false
		}
		out.start = 0
	}
	if out.start <= a.lost {
		out.start = 0 // an output that was forgotten may have had this start and a larger total
	}
	out.start = min(out.start, tick-millisecond)
	out.flags |= outBorn
	return true
}

// JoinFloor returns a record to be logged and applied when the identities of inputs changed, such as by other supersede
// rules: the start of an input that is seen first from now on proves nothing about times before now.
func (a *Aggregator) JoinFloor(now pcommon.Timestamp) []byte {
	return binary.AppendUvarint([]byte{recordFloor}, uint64(now))
}

func (a *Aggregator) applyFloor(at pcommon.Timestamp) {
	a.floor = max(a.floor, at)
	for _, out := range a.outputs {
		if out != nil && out.has(outKnown) && out.arrived != 0 && !out.has(outBorn) {
			out.flags |= outJoined
		}
	}
}
