package aggregate

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	millisecond = pcommon.Timestamp(time.Millisecond)
	// maxAhead is how far a point's time may be ahead of the clock. One point of the far future would make all that
	// follow late for ever.
	maxAhead = pcommon.Timestamp(time.Hour)
)

// after is the first millisecond, the resolution of Prometheus, after t; 0 if t is 0.
func after(t pcommon.Timestamp) pcommon.Timestamp {
	if t == 0 {
		return 0
	}
	return t + millisecond
}

// Apply changes the state by a record, depending on nothing else. After an error, which only a damaged record or one of
// another life can cause, the state must not be used any more.
func (a *Aggregator) Apply(record []byte) (Tally, error) {
	var tally Tally
	r := samples{cursor: cursor{b: record}}
	kind, clock := r.byte(), r.time()
	if r.bad {
		return tally, errRecord
	}
	a.clock = max(a.clock, clock)
	switch kind {
	case recordBatch:
		if err := a.define(&r.cursor); err != nil {
			return tally, err
		}
		return tally, a.absorb(&r, &tally)
	case recordTick:
		if err := a.define(&r.cursor); err != nil {
			return tally, err
		}
		return tally, a.applyTick(&r.cursor, clock, &tally)
	case recordDone:
		a.applyDone()
	case recordFloor:
		a.applyFloor(clock)
	default:
		return tally, errRecord
	}
	return tally, nil
}

// absorb applies the samples of a batch.
func (a *Aggregator) absorb(r *samples, tally *Tally) error {
	r.layouts = a.scratch.layouts[:0]
	r.readLayouts(a)
	a.scratch.layouts = r.layouts
	var s sample
	var last *output // of the sample before, if it was absorbed: its exemplars may follow
	for len(r.b) > 0 {
		r.head(&s)
		if s.form == formExemplar {
			if err := a.absorbExemplar(r, last); err != nil {
				return err
			}
			continue
		}
		last = nil
		in := a.inputs.known(s.ref)
		if in == nil {
			r.skip(&s)
			tally[Mismatched]++
			continue
		}
		out := a.outputs[in.out]
		outcome := a.absorbSample(r, &s, in, out, tally)
		if r.bad {
			return errRecord
		}
		tally[outcome]++
		if outcome == Absorbed {
			last = out
		}
	}
	if r.bad {
		return errRecord
	}
	return nil
}

func (a *Aggregator) absorbSample(r *samples, s *sample, in *input, out *output, tally *Tally) Outcome {
	switch s.form {
	case formStale:
		return a.absorbStale(s, in)
	case formHistogram, formSummary, formExponential:
		return a.absorbDistribution(r, s, in, out, tally)
	}
	r.number(s)
	if outcome := a.refuse(s, in); outcome != Absorbed {
		return outcome
	}
	if out.family.kind != pmetric.MetricTypeSum && out.family.kind != pmetric.MetricTypeGauge {
		return Mismatched
	}
	if !s.value.finite() {
		return NotFinite
	}
	switch {
	case out.family.kind == pmetric.MetricTypeGauge:
		return a.absorbGauge(s, in, out)
	case s.temporality == headDelta:
		return a.absorbDelta(s, in, out, tally)
	case out.family.monotonic:
		return a.absorbCounter(s, in, out, tally)
	}
	return a.absorbGauge(s, in, out)
}

// refuse tells what is wrong with the time of a point, or Absorbed.
func (a *Aggregator) refuse(s *sample, in *input) Outcome {
	switch {
	case s.time == 0:
		return Malformed
	case s.time > a.clock+maxAhead:
		return Future
	}
	if s.stated = s.start; s.start > s.time {
		s.start = 0 // an interval that ends before it begins proves nothing
	}
	return Absorbed
}

// absorbStale ends an input's liveness and forgets nothing. At equal time a value beats a stale marker.
func (a *Aggregator) absorbStale(s *sample, in *input) Outcome {
	switch {
	case s.time == 0:
		return Malformed
	case s.time <= in.at:
		return Late
	}
	a.end(in)
	return StaleMarker
}

// end makes an input one that is not live.
func (a *Aggregator) end(in *input) {
	if in.has(flagLive) {
		in.flags &^= flagLive
		a.live--
	}
}

// touch notes an absorbed point.
func (a *Aggregator) touch(in *input, out *output, at pcommon.Timestamp) {
	if out.arrived == 0 {
		out.arrived = a.clock
	}
	if !in.has(flagLive) {
		a.live++
	}
	in.touch(at, a.clock)
}
