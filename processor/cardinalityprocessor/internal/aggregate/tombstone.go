package aggregate

import (
	"cmp"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// sweeps in the TTL: forgetting waits for company, since each time the caller's caches start afresh.
const sweeps = 24

// sweep forgets what ended longer than ttl ago, and the oldest of what ended if it is more than limit.
func (a *Aggregator) sweep(at, ttl pcommon.Timestamp, limit int, tally *Tally) {
	ended := a.known - a.live
	if ended <= limit && at < a.swept+ttl/sweeps {
		return
	}
	a.swept = at
	forgotten := 0
	for ref, in := range a.inputs.all {
		if !in.has(flagLive) && at > in.seen+ttl {
			a.forget(ref)
			forgotten++
		}
	}
	tally[Expired] += int64(forgotten)
	if ended -= forgotten; ended > limit {
		n := ended - limit*7/8
		a.evict(n)
		tally[Evicted] += int64(n)
		forgotten += n
	}
	outputs := a.forgetOutputs(at, ttl)
	if forgotten+outputs == 0 {
		return
	}
	a.issue.generation++
	a.issue.recycle()
	a.index.rebuild(len(a.index.places), &a.inputs)
	a.dropLayouts()
}

// evict forgets the n inputs that ended first.
func (a *Aggregator) evict(n int) {
	type candidate struct {
		seen pcommon.Timestamp
		ref  Ref
	}
	var ended []candidate
	for ref, in := range a.inputs.all {
		if !in.has(flagLive) {
			ended = append(ended, candidate{in.seen, ref})
		}
	}
	slices.SortFunc(ended, func(x, y candidate) int { return cmp.Or(cmp.Compare(x.seen, y.seen), cmp.Compare(x.ref, y.ref)) })
	for _, c := range ended[:n] {
		a.forget(c.ref)
	}
}

// forget lets go of an input. Should it come back, what it counted until then must not count again: its output takes in
// full only inputs that started later.
func (a *Aggregator) forget(ref Ref) {
	in := a.inputs.at(ref)
	out := a.outputs[in.out]
	out.forgotten = max(out.forgotten, in.at)
	if !out.has(outBorn) {
		out.flags |= outJoined
	}
	out.inputs--
	a.freeDetail(in)
	a.known--
	a.issue.limbo = append(a.issue.limbo, vacancy{ref, a.issue.generation + 1, in.id, out})
	delete(a.issue.moves, ref)
	*in = input{}
}

// forgetOutputs lets go of the outputs without inputs that ended longer than ttl ago.
func (a *Aggregator) forgetOutputs(at, ttl pcommon.Timestamp) (forgotten int) {
	for place, out := range a.outputs {
		if out == nil || !out.has(outKnown) || out.inputs > 0 || at <= out.seen+ttl || out.emitted.form != showNothing {
			continue
		}
		a.lost = max(a.lost, out.seen)
		a.outputs[place] = nil
		a.issue.freeOutputs = append(a.issue.freeOutputs, uint32(place))
		delete(a.places, out.id)
		a.version++
		delete(a.issue.functions, uint32(place))
		if a.names[out.family.name]--; a.names[out.family.name] == 0 {
			delete(a.names, out.family.name)
		}
		if out.family.outputs--; out.family.outputs == 0 {
			a.drop(out.family)
		}
		a.outCount--
		a.order = nil
		forgotten++
	}
	return forgotten
}

// dropLayouts forgets the bounds that nothing has any more.
func (a *Aggregator) dropLayouts() {
	used := map[*layout]bool{}
	for _, d := range a.details {
		if d.histogram != nil {
			used[d.histogram.layout] = true
		}
	}
	for _, out := range a.outputs {
		if out != nil && out.shape != nil {
			used[out.shape.layout] = true
		}
	}
	for key, l := range a.layouts {
		if !used[l] {
			delete(a.layouts, key)
		}
	}
}
