package aggregate

import (
	"encoding/binary"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Tick returns a record that computes what all outputs show at now, with all definitions that are pending. Nothing is due
// while the last tick is Pending, or until time passes the last one, or the epoch, again after the clock stepped back. The slice is
// valid until the next call.
func (a *Aggregator) Tick(now pcommon.Timestamp) (record []byte, due bool) {
	if a.undone || now <= max(a.tick, a.epoch, a.options.Epoch) {
		return nil, false
	}
	b := binary.AppendUvarint(append(a.scratch.tick[:0], recordTick), uint64(now))
	b = a.appendDefinitions(b)
	b = binary.AppendUvarint(b, uint64(a.options.BirthDelay))
	b = binary.AppendUvarint(b, uint64(a.options.TombstoneTTL))
	b = binary.AppendUvarint(b, uint64(a.options.MaxTombstones))
	a.scratch.tick = b
	return b, true
}

// Pending tells whether a tick was applied whose Done was not.
func (a *Aggregator) Pending() bool { return a.undone }

// Done returns the record to log and apply after Render sent everything.
func (a *Aggregator) Done() []byte { return binary.AppendUvarint([]byte{recordDone}, uint64(a.tick)) }

func (a *Aggregator) applyDone() {
	a.undone = false
	a.shown = a.shown[:0]
}

func (a *Aggregator) applyTick(c *cursor, at pcommon.Timestamp, tally *Tally) error {
	delay, ttl, tombstones := c.time(), c.time(), c.u32()
	if c.bad || a.undone || at <= a.tick {
		return errRecord
	}
	previous := a.tick
	a.tick, a.undone = at, true
	a.mergeInputs(at, previous)
	rest := a.scratch.quantiles
	for place, out := range a.outputs {
		if out == nil || !out.has(outKnown) {
			continue
		}
		var values []quantileValue
		values, rest = quantilesOf(rest, uint32(place))
		a.settle(out, &a.scratch.merged[place], values, at, delay, tally)
	}
	a.sweep(at, ttl, int(tombstones), tally)
	a.list()
	return nil
}

// mergeInputs ends the inputs whose window is over and collects the live ones by output.
func (a *Aggregator) mergeInputs(at, previous pcommon.Timestamp) {
	s := &a.scratch
	if cap(s.merged) < len(a.outputs) {
		s.merged = make([]merged, len(a.outputs)+len(a.outputs)/4)
	}
	s.merged = s.merged[:len(a.outputs)]
	clear(s.merged)
	s.quantiles = s.quantiles[:0]
	for _, in := range a.inputs.all {
		if !in.has(flagLive) {
			continue
		}
		// A point that arrived since the last tick is shown at this one, however close its neighbours are.
		if at > in.seen+in.window() && in.seen <= previous {
			a.end(in)
			continue
		}
		m := &s.merged[in.out]
		m.live++
		m.spacing = max(m.spacing, in.spacing)
		if in.kind != kindGauge {
			continue
		}
		function := a.outputs[in.out].function
		m.add(in, function)
		if function >= P50 {
			s.quantiles = append(s.quantiles, quantileValue{in.out, in.value().float()})
		}
	}
	sortQuantiles(s.quantiles)
}

// settle decides what an output shows at a tick.
func (a *Aggregator) settle(out *output, m *merged, values []quantileValue, at, delay pcommon.Timestamp, tally *Tally) {
	out.emitted.form = showNothing
	if m.live > 0 {
		out.seen = at
	}
	last := out.has(outDirty) // what changed since the last tick is shown, even if all inputs ended
	switch {
	case m.live == 0 && !last:
		if out.has(outShown) {
			out.flags &^= outShown
			out.emitted.stale()
			tally[Ended]++
		}
		return
	case !a.bear(out, m, at, delay), out.counts() && out.family.kind != pmetric.MetricTypeSum && out.shape == nil:
		return
	}
	if !out.has(outShown) {
		out.flags |= outShown
		tally[Born]++
	}
	out.flags &^= outDirty
	out.emit(m, values)
}
