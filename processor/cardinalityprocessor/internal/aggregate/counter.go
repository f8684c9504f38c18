package aggregate

import "go.opentelemetry.io/collector/pdata/pcommon"

// absorbCounter counts the increment of a monotonic cumulative sum.
func (a *Aggregator) absorbCounter(s *sample, in *input, out *output, tally *Tally) Outcome {
	if s.value.negative() {
		return Negative
	}
	fresh := in.kind != kindCounter
	if fresh && out.mayHaveCounted(s, in) {
		return Late
	}
	if s.time <= in.at && !fresh {
		if s.time == in.at && s.value == in.value() {
			return Duplicate
		}
		return Late
	}
	if fresh {
		if a.admit(s, in, out, tally) {
			out.add(s.value.amount())
		}
		a.become(in, kindCounter)
		in.start = s.stated
	} else {
		last := in.value()
		out.noteMoved(in)
		if in.resets(s, s.value.less(last), tally) {
			out.add(s.value.amount())
		} else if s.value != last {
			out.add(s.value.since(last))
		}
	}
	if s.value.double {
		out.flags |= outDouble
	}
	in.keep(s.value)
	a.touch(in, out, s.time)
	return Absorbed
}

// resets tells whether a point of a known cumulative input begins a new incarnation, and keeps its start.
func (in *input) resets(s *sample, fell bool, tally *Tally) bool {
	switch {
	case s.start != 0 && s.start > in.start && (in.start != 0 || s.start > in.at):
		in.start = s.start
		tally[Reset]++
		return true
	case fell:
		if s.start == 0 {
			in.start = s.stated // whatever start this incarnation shows later, it is no second reset
		}
		tally[InferredReset]++
		return true
	}
	in.start = max(in.start, s.stated)
	return false
}

// add counts an increment.
func (o *output) add(v amount) {
	if v != (amount{}) {
		o.total = o.total.plus(v)
		o.flags |= outDirty
	}
}

// become makes an input one of a kind and lets go of what it held as another.
func (a *Aggregator) become(in *input, kind inputKind) {
	if in.kind == kind {
		return
	}
	a.freeDetail(in)
	in.kind, in.last = kind, 0
	in.flags &^= flagDouble
}

// reachBack lets what an unborn output counted begin no later than a time.
func (o *output) reachBack(to pcommon.Timestamp) {
	if o.start == 0 || to < o.start {
		o.start = to
	}
}
