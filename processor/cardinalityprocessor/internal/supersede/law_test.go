package supersede

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"
)

// The law: whatever incarnations do, one of them writes at any time; the samples of an output's series go forward in
// time; no start lies within the samples of another incarnation; and what a store makes of it is the sum of what each
// incarnation counted up to its last sample that passed.
func TestOneWriterAndNoIncreaseLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{world: newWorld(t), t: t, outputs: map[int]*output{}}
		for i := range rapid.IntRange(2, 5).Draw(t, "incarnations") {
			h.incarnations = append(h.incarnations, h.drawIncarnation(i))
		}
		for range rapid.IntRange(5, 40).Draw(t, "calls") {
			h.step()
		}
	})
}

// history plays incarnations that count, each with two series, in calls that hold any of them in any order.
type history struct {
	*world
	t            *rapid.T
	incarnations []*player
	outputs      map[int]*output // by series
}

// player is an incarnation.
type player struct {
	name    string
	attempt int64
	known   bool // its start
	start   pcommon.Timestamp
	values  [2]uint64
	at      [2]pcommon.Timestamp
	ended   bool

	starts  [2]pcommon.Timestamp // passed on in the present tenure
	tenures int
	writing bool
}

// output is what a store has of a series.
type output struct {
	writer   string
	last     pcommon.Timestamp // of the values and stale markers
	lastOf   map[string]pcommon.Timestamp
	start    pcommon.Timestamp
	value    uint64
	increase uint64
	counted  map[string]uint64 // what the writers counted in full
}

func (h *history) drawIncarnation(i int) *player {
	p := &player{
		name:    fmt.Sprintf("p%d", i),
		attempt: rapid.SampledFrom([]int64{NoAttempt, 0, 1, 2, int64(i)}).Draw(h.t, "attempt"),
		known:   rapid.Bool().Draw(h.t, "start is known"),
	}
	p.start = h.now - 100*hour + pcommon.Timestamp(rapid.IntRange(0, 100).Draw(h.t, "start"))*second
	return p
}

// step is one call, at times a restart before it.
func (h *history) step() {
	if rapid.IntRange(0, 5).Draw(h.t, "restart") == 0 {
		h.restart()
	}
	h.now += pcommon.Timestamp(rapid.SampledFrom([]int{1, 15, 60, 400}).Draw(h.t, "pause")) * second
	type scraped struct {
		p      *player
		series []int
		stale  bool
	}
	var call []scraped
	var sightings []Sighting
	for _, p := range h.incarnations {
		kind := rapid.SampledFrom([]string{"absent", "live", "live", "live", "partial", "vanish"}).Draw(h.t, "kind")
		if kind == "absent" || p.ended && kind == "vanish" {
			continue
		}
		s := scraped{p: p, series: []int{0, 1}, stale: kind == "vanish"}
		if kind == "partial" {
			s.series = []int{1}
		}
		p.ended = s.stale
		delay := pcommon.Timestamp(rapid.IntRange(0, 900).Draw(h.t, "delay")) * tick
		sighting := Sighting{Key: Key{'k'}, ID: idOf(p.name), Attempt: p.attempt, Live: !s.stale}
		if p.known && !s.stale {
			sighting.Start = p.start
		}
		for _, i := range s.series {
			p.at[i] = max(p.at[i]+tick, h.now-delay)
			p.values[i] += rapid.Uint64Range(0, 9).Draw(h.t, "increase")
			sighting.Last = max(sighting.Last, p.at[i])
		}
		call, sightings = append(call, s), append(sightings, sighting)
	}
	order := rapid.Permutation(sightings).Draw(h.t, "order")
	h.call(order...)
	writers := 0
	for _, s := range call {
		from, owns := h.owners.Verdict(Key{'k'}, idOf(s.p.name))
		if !owns {
			s.p.writing = false
			continue
		}
		writers++
		h.pass(s.p, s.series, s.stale, from)
	}
	require.LessOrEqual(h.t, writers, 1)
}

// pass is what the processor does with the points of an owner.
func (h *history) pass(p *player, series []int, stale bool, from pcommon.Timestamp) {
	for _, other := range h.incarnations {
		other.writing = other == p && other.writing
	}
	if !p.writing {
		p.writing, p.starts = true, [2]pcommon.Timestamp{}
		p.tenures++
	}
	for _, i := range series {
		if p.at[i] < from {
			continue
		}
		start := pcommon.Timestamp(0)
		if p.known {
			start = max(p.start, from)
			require.LessOrEqual(h.t, start, p.at[i], "a start is not after its point")
			require.Contains(h.t, []pcommon.Timestamp{0, start}, p.starts[i], "a start stays")
			p.starts[i] = start
		}
		h.store(i, p, start, stale)
	}
}

// store is what a store with start times makes of a point.
func (h *history) store(series int, p *player, start pcommon.Timestamp, stale bool) {
	o := h.outputs[series]
	if o == nil {
		o = &output{lastOf: map[string]pcommon.Timestamp{}, counted: map[string]uint64{}}
		h.outputs[series] = o
	}
	require.Greater(h.t, p.at[series]/tick, o.last/tick, "time goes forward")
	o.last = p.at[series]
	for writer, last := range o.lastOf {
		if writer != p.name && start != 0 {
			require.Greater(h.t, start/tick, last/tick, "a start lies after the samples of %s", writer)
		}
	}
	o.lastOf[p.name] = p.at[series]
	if stale {
		return
	}
	value := p.values[series]
	if first := o.writer != p.name || o.start != start; first && p.known {
		o.increase += value
		o.counted[fmt.Sprintf("%s/%d", p.name, p.tenures)] += value
	} else if !first && p.known {
		o.increase += value - o.value
		o.counted[fmt.Sprintf("%s/%d", p.name, p.tenures)] += value - o.value
		require.Equal(h.t, value, o.counted[fmt.Sprintf("%s/%d", p.name, p.tenures)], "all that it counted, once")
	}
	o.writer, o.start, o.value = p.name, start, value
}

func TestTheOrderOfACallDoesNotCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := newWorld(t), newWorld(t)
		for range rapid.IntRange(1, 10).Draw(t, "calls") {
			var sightings []Sighting
			for i := range rapid.IntRange(0, 4).Draw(t, "incarnations") {
				s := live(fmt.Sprint(i), rapid.Int64Range(-1, 1).Draw(t, "attempt"), 0, 0)
				s.Live = rapid.Bool().Draw(t, "live")
				s.Start = pcommon.Timestamp(rapid.IntRange(0, 2).Draw(t, "start"))
				s.Last = a.now + pcommon.Timestamp(rapid.IntRange(0, 5).Draw(t, "time"))*second
				sightings = append(sightings, s)
			}
			pause := pcommon.Timestamp(rapid.IntRange(1, 400).Draw(t, "pause")) * second
			a.now, b.now = a.now+pause, b.now+pause
			a.call(sightings...)
			slices.Reverse(sightings)
			b.call(sightings...)
			for i := range 4 {
				fromA, ownsA := a.owners.Verdict(Key{'k'}, idOf(fmt.Sprint(i)))
				fromB, ownsB := b.owners.Verdict(Key{'k'}, idOf(fmt.Sprint(i)))
				require.Equal(t, ownsA, ownsB)
				require.Equal(t, fromA, fromB)
			}
		}
	})
}
