package aggregate

import "go.opentelemetry.io/collector/pdata/pcommon"

// windowSize is how many intervals of a delta series are remembered.
const windowSize = 8

// interval is (start, end] of a delta point.
type interval struct {
	start, end pcommon.Timestamp
	inferred   bool // the point had no start: it is the end of the interval before
}

// window remembers the last intervals of a delta series, in the order of their ends.
type window struct {
	intervals [windowSize]interval
	n         int
	horizon   pcommon.Timestamp // the newest end that was let go
}

// admit tells whether an interval counts and, if so, remembers it. An equal one is a redelivery.
func (w *window) admit(start, end pcommon.Timestamp, tally *Tally) Outcome {
	at := w.n // of the interval among the others
	for at > 0 && w.intervals[at-1].end > end {
		at--
	}
	added := interval{start, end, start == 0}
	if added.inferred {
		added.start = w.horizon
		if at > 0 {
			added.start = w.intervals[at-1].end
		}
	}
	for i := at - 1; i >= 0 && w.intervals[i].end == end; i-- {
		if start == 0 || w.intervals[i].inferred || w.intervals[i].start == start {
			return Duplicate
		}
	}
	if end <= w.horizon {
		return TooOld
	}
	if at < w.n && w.intervals[at].inferred { // what comes before it is known now
		w.intervals[at].start = max(w.intervals[at].start, end)
	}
	for _, known := range w.intervals[:w.n] {
		if added.start < known.end && known.start < end {
			tally[SecondWriter]++
			break
		}
	}
	w.insert(at, added)
	return Absorbed
}

func (w *window) insert(at int, added interval) {
	if w.n == windowSize {
		if at == 0 { // older than all that are remembered: let it go at once
			w.horizon = added.end
			return
		}
		w.horizon = w.intervals[0].end
		copy(w.intervals[:], w.intervals[1:])
		w.n--
		at--
	}
	copy(w.intervals[at+1:w.n+1], w.intervals[at:w.n])
	w.intervals[at] = added
	w.n++
}

// admitDelta tells whether a delta point counts; if so, its output begins no later than it.
func (a *Aggregator) admitDelta(s *sample, in *input, out *output, tally *Tally) Outcome {
	if in.kind != kindDelta {
		horizon := max(in.at, out.forgotten) // what was counted, as another kind or before it was forgotten
		a.become(in, kindDelta)
		a.newDetail(in).window = &window{horizon: horizon}
	}
	outcome := a.details[in.last].window.admit(s.start, s.time, tally)
	if outcome != Absorbed {
		return outcome
	}
	if !out.has(outBorn) {
		begin := s.start
		if begin == 0 {
			begin = s.time
		}
		out.reachBack(begin)
	}
	out.meet(s.time)
	a.touch(in, out, s.time)
	return Absorbed
}

// absorbDelta adds a delta of a sum.
func (a *Aggregator) absorbDelta(s *sample, in *input, out *output, tally *Tally) Outcome {
	if out.family.monotonic && s.value.negative() {
		return Negative
	}
	outcome := a.admitDelta(s, in, out, tally)
	if outcome == Absorbed {
		out.add(s.value.amount())
		if s.value.double {
			out.flags |= outDouble
		}
	}
	return outcome
}
