package aggregate

import (
	"math"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

type decision struct {
	name    string
	options Options
	steps   []step
}

func decide(t *testing.T, kind pmetric.MetricType, cases []decision) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { newDesk(t, c.options, kind).run(c.steps) })
	}
}

func TestCounters(t *testing.T) {
	decide(t, pmetric.MetricTypeSum, []decision{
		{name: "an output whose inputs tell their starts is born at the next tick, since the first of them", steps: []step{
			{in: "a", at: 10, start: 5, v: 3}, {in: "b", at: 10, start: 2, v: 4}, {tick: 15, want: "7 since 2"},
		}},
		{name: "an output with an input of unknown start waits thirty seconds while no spacing is known", steps: []step{
			{in: "a", at: 10, v: 3}, {tick: 15}, {tick: 39}, {tick: 40, want: "3"},
		}},
		{name: "and two spacings of its inputs once they are", steps: []step{
			{in: "a", at: 10, v: 3}, {tick: 15}, {in: "a", at: 18, v: 5}, {tick: 25}, {tick: 26, want: "5"},
		}},
		{name: "or as long as it is told", options: Options{BirthDelay: time.Minute}, steps: []step{
			{in: "a", at: 10, v: 3}, {in: "a", at: 12, v: 3}, {tick: 69}, {tick: 70, want: "3"},
		}},
		{name: "what joins before birth counts in full", steps: []step{
			{in: "a", at: 10, v: 100}, {in: "b", at: 20, v: 50}, {in: "c", at: 21, start: 3, v: 7}, {tick: 40, want: "157"},
		}},
		{name: "an output that ends before it is born says its last word", steps: []step{
			{in: "a", at: 10, v: 3}, {in: "a", at: 11, v: nil, outcome: StaleMarker}, {tick: 15, want: "3"}, {tick: 30, want: "stale"}, {tick: 45},
		}},
		{name: "a later joiner counts in full if it started since the output's first sample", steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{tick: 15, want: "3 since 5"},
			{in: "b", at: 20, start: 10, v: 4},
			{tick: 30, want: "7 since 5"},
		}},
		{name: "and from its first value if it started before", steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{tick: 15, want: "3 since 5"},
			{in: "b", at: 20, start: 9, v: 4, note: UnknownStart},
			{tick: 30, want: "3 since 5"},
			{in: "b", at: 35, start: 9, v: 6},
			{tick: 45, want: "5 since 5"},
		}},
		{name: "or if nobody knows when", steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{tick: 15, want: "3 since 5"},
			{in: "b", at: 20, v: 4, note: UnknownStart},
			{in: "b", at: 21, v: 5},
			{tick: 30, want: "4 since 5"},
		}},
		{name: "a join floor takes away what starts before it prove", steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{tick: 15, want: "3 since 5"},
			{floor: 30},
			{in: "b", at: 40, start: 20, v: 100, note: UnknownStart},
			{in: "c", at: 40, start: 30, v: 10},
			{tick: 45, want: "13 since 5"},
		}},
		{name: "a join floor ends the time in which everything counts in full", steps: []step{
			{in: "a", at: 10, v: 3},
			{floor: 12},
			{in: "a2", at: 20, v: 4, note: UnknownStart},
			{tick: 40, want: "3"},
		}},
		{name: "without an earlier life's knowledge an output starts at the epoch, from zero", options: Options{Epoch: moment(1)}, steps: []step{
			{in: "a", at: 10, v: 100, note: UnknownStart},
			{in: "b", at: 10, start: 0.5, v: 50, note: UnknownStart},
			{in: "c", at: 10, start: 2, v: 7},
			{tick: 15, want: "7 since 1"},
			{in: "a", at: 20, v: 101},
			{tick: 25, want: "8 since 1"},
		}},
		{name: "a lower value is a reset and counts in full", steps: []step{
			{in: "a", at: 10, start: 5, v: 30},
			{in: "a", at: 20, start: 5, v: 4, note: InferredReset},
			{tick: 25, want: "34 since 5"},
		}},
		{name: "a later start is a reset, also with a higher value", steps: []step{
			{in: "a", at: 10, start: 5, v: 30},
			{in: "a", at: 20, start: 12, v: 40, note: Reset},
			{tick: 25, want: "70 since 5"},
		}},
		{name: "a start that becomes known after the last point is a reset", steps: []step{
			{in: "a", at: 10, v: 30}, {in: "a", at: 20, start: 12, v: 40, note: Reset}, {tick: 45, want: "70"},
		}},
		{name: "a start that becomes known before the last point is none", steps: []step{
			{in: "a", at: 10, v: 30}, {in: "a", at: 20, start: 8, v: 40}, {tick: 45, want: "40"},
		}},
		{name: "a start after the point's own time proves nothing, and is no reset when it comes again", steps: []step{
			{in: "a", at: 10, start: 10.5, v: 30}, {in: "a", at: 20, start: 10.5, v: 40}, {tick: 45, want: "40"},
		}},
		{name: "nor after a lower value", steps: []step{
			{in: "a", at: 10, start: 5, v: 30},
			{in: "a", at: 20, start: 20.5, v: 4, note: InferredReset},
			{in: "a", at: 30, start: 20.5, v: 6},
			{tick: 45, want: "36 since 5"},
		}},
		{name: "an unknown start after a known one goes on", steps: []step{
			{in: "a", at: 10, start: 5, v: 30}, {in: "a", at: 20, v: 40}, {in: "a", at: 30, start: 5, v: 41}, {tick: 45, want: "41 since 5"},
		}},
		{name: "an earlier start goes on", steps: []step{
			{in: "a", at: 10, start: 5, v: 30}, {in: "a", at: 20, start: 3, v: 40}, {tick: 25, want: "40 since 5"},
		}},
		{name: "a reset seen by its value is no second one when its start becomes known", steps: []step{
			{in: "a", at: 10, start: 5, v: 30},
			{in: "a", at: 20, v: 4, note: InferredReset},
			{in: "a", at: 30, start: 15, v: 6},
			{tick: 35, want: "36 since 5"},
		}},
		{name: "the same point again is a duplicate, another at its time and an older one are late", steps: []step{
			{in: "a", at: 10, start: 5, v: 30},
			{in: "a", at: 10, start: 5, v: 30, outcome: Duplicate},
			{in: "a", at: 10, start: 5, v: 31, outcome: Late},
			{in: "a", at: 9, start: 5, v: 29, outcome: Late},
			{tick: 25, want: "30 since 5"},
		}},
		{name: "what can never be right is dropped", steps: []step{
			{in: "a", at: 10, start: 5, v: 30},
			{in: "a", at: 11, start: 5, v: math.NaN(), outcome: NotFinite},
			{in: "a", at: 12, start: 5, v: math.Inf(1), outcome: NotFinite},
			{in: "a", at: 13, start: 5, v: -1, outcome: Negative},
			{tick: 25, want: "30 since 5"},
		}},
		{name: "a start after its point proves nothing", options: Options{Epoch: moment(1)}, steps: []step{
			{in: "a", at: 10, start: 11, v: 3, note: UnknownStart}, {tick: 15, want: "0 since 1"},
		}},
		{name: "a total is an int until the first double and a double ever after", steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{tick: 15, want: "3 since 5"},
			{in: "b", at: 20, start: 12, v: 0.5},
			{tick: 25, want: "3.5 since 5"},
			{in: "b", at: 30, start: 12, v: 1},
			{tick: 35, want: "4.0 since 5"},
		}},
		{name: "integers are exact beyond the doubles, and do not fall when they become doubles", steps: []step{
			{in: "a", at: 10, start: 5, v: 1<<53 + 1},
			{tick: 15, want: "9007199254740993 since 5"},
			{in: "b", at: 20, start: 12, v: 0.0},
			{tick: 25, want: "9.007199254740994e+15 since 5"},
		}},
		{name: "a sum of floats loses nothing", steps: []step{
			{in: "a", at: 10, start: 5, v: 1e16},
			{in: "b", at: 11, start: 5, v: 1.0},
			{in: "c", at: 12, start: 5, v: 1.0},
			{tick: 15, want: "1.0000000000000002e+16 since 5"},
		}},
		{name: "an output without live inputs gets one stale marker and goes on when one returns", steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{tick: 15, want: "3 since 5"},
			{in: "a", at: 20, v: nil, outcome: StaleMarker},
			{tick: 30, want: "stale"},
			{tick: 45},
			{in: "a", at: 100, start: 5, v: 9},
			{tick: 105, want: "9 since 5"},
		}},
		{name: "what changed before the stale marker is shown before it", steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{tick: 15, want: "3 since 5"},
			{in: "a", at: 20, start: 5, v: 8},
			{in: "a", at: 21, v: nil, outcome: StaleMarker},
			{tick: 30, want: "8 since 5"},
			{tick: 45, want: "stale"},
		}},
		{name: "at equal time a value beats a stale marker", steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{in: "a", at: 10, v: nil, outcome: Late},
			{tick: 15, want: "3 since 5"},
			{in: "a", at: 20, v: nil, outcome: StaleMarker},
			{in: "a", at: 20, start: 5, v: 4},
			{tick: 25, want: "4 since 5"},
		}},
		{name: "an input of unknown spacing is live for five minutes", steps: []step{
			{in: "a", at: 10, start: 5, v: 3}, {tick: 310, want: "3 since 5"}, {tick: 311, want: "stale"},
		}},
		{name: "and for two and a half spacings once that is known", steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{in: "a", at: 20, start: 5, v: 4},
			{tick: 30, want: "4 since 5"},
			{tick: 45, want: "4 since 5"},
			{tick: 45.1, want: "stale"},
		}},
		{name: "points that arrive together do not make their input short-lived", steps: []step{
			{in: "a", at: 10, start: 5, v: 1},
			{in: "a", at: 11, start: 5, v: 2},
			{in: "a", at: 12, start: 5, v: 3},
			{tick: 20, want: "3 since 5"},
		}},
		{name: "an input that moves to another output counts there from its last value on", steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{tick: 15, want: "3 since 5"},
			{in: "a", at: 20, start: 5, v: 10, out: "new"},
			{tick: 25, want: "new 7 since 10, stale"},
			{in: "a", at: 30, start: 5, v: 11},
			{tick: 35, want: "new stale, 4 since 5"},
		}},
		{name: "no tick is due after a backward step of the clock until time passes the last one", steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{tick: 15, want: "3 since 5"},
			{tick: 14, want: "not due"},
			{tick: 15, want: "not due"},
			{tick: 15.1, want: "3 since 5"},
		}},
		{name: "a point from the far future is dropped, for it would make all others late", steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{happens: func(d *desk) {
				b := d.a.Begin()
				b.Number(d.resolve("a", ""), number1(step{at: 10 + 3601, v: 4}), pmetric.AggregationTemporalityCumulative)
				d.tally = Tally{}
				d.apply(b.Record(moment(10)))
				b.Release()
				if d.tally[Future] != 1 {
					d.t.Fatal(d.tally)
				}
			}},
			{in: "a", at: 20, start: 5, v: 5},
			{tick: 25, want: "5 since 5"},
		}},
	})
}

func TestDeltas(t *testing.T) {
	decide(t, pmetric.MetricTypeSum, []decision{
		{name: "deltas add up to a cumulative sum since the start of the first", steps: []step{
			{in: "a", at: 10, start: 5, v: 3, delta: true},
			{in: "a", at: 15, start: 10, v: 4, delta: true},
			{tick: 16, want: "7 since 5"},
		}},
		{name: "a delta without start begins where the one before ended", steps: []step{
			{in: "a", at: 10, v: 3, delta: true},
			{in: "a", at: 15, v: 4, delta: true},
			{tick: 16, want: "7 since 10"},
			{in: "a", at: 15, v: 4, delta: true, outcome: Duplicate},
		}},
		{name: "an equal interval is a redelivery, whatever its value", steps: []step{
			{in: "a", at: 10, start: 5, v: 3, delta: true},
			{in: "a", at: 15, start: 10, v: 4, delta: true},
			{in: "a", at: 10, start: 5, v: 3, delta: true, outcome: Duplicate},
			{in: "a", at: 15, start: 10, v: 9, delta: true, outcome: Duplicate},
			{tick: 16, want: "7 since 5"},
		}},
		{name: "a late interval fills its gap", steps: []step{
			{in: "a", at: 10, start: 5, v: 3, delta: true},
			{in: "a", at: 20, start: 15, v: 4, delta: true},
			{in: "a", at: 15, start: 10, v: 5, delta: true},
			{in: "a", at: 15, start: 10, v: 5, delta: true, outcome: Duplicate},
			{tick: 21, want: "12 since 5"},
		}},
		{name: "a late one without start fills its gap too", steps: []step{
			{in: "a", at: 10, v: 3, delta: true},
			{in: "a", at: 20, v: 4, delta: true},
			{in: "a", at: 15, v: 5, delta: true},
			{in: "a", at: 20, v: 4, delta: true, outcome: Duplicate},
			{tick: 21, want: "12 since 10"},
		}},
		{name: "an overlapping interval is added and noted as a second writer", steps: []step{
			{in: "a", at: 10, start: 5, v: 3, delta: true},
			{in: "a", at: 12, start: 7, v: 4, delta: true, note: SecondWriter},
			{tick: 16, want: "7 since 5"},
		}},
		{name: "what is older than the eight remembered is too old", steps: []step{
			{in: "a", at: 10, start: 9, v: 1, delta: true},
			{in: "a", at: 12, start: 11, v: 1, delta: true},
			{in: "a", at: 14, start: 13, v: 1, delta: true},
			{in: "a", at: 16, start: 15, v: 1, delta: true},
			{in: "a", at: 18, start: 17, v: 1, delta: true},
			{in: "a", at: 20, start: 19, v: 1, delta: true},
			{in: "a", at: 22, start: 21, v: 1, delta: true},
			{in: "a", at: 24, start: 23, v: 1, delta: true},
			{in: "a", at: 26, start: 25, v: 1, delta: true},
			{in: "a", at: 10, start: 9, v: 1, delta: true, outcome: TooOld},
			{in: "a", at: 11, start: 10, v: 1, delta: true},
			{in: "a", at: 11, start: 10, v: 1, delta: true, outcome: TooOld},
			{tick: 27, want: "10 since 9"},
		}},
		{name: "a series that turns from deltas to cumulative counts on from there", steps: []step{
			{in: "a", at: 10, start: 5, v: 3, delta: true},
			{in: "a", at: 20, start: 5, v: 7, note: UnknownStart},
			{in: "a", at: 30, start: 5, v: 9},
			{tick: 31, want: "5 since 5"},
			{in: "a", at: 30, start: 20, v: 100, delta: true, outcome: TooOld},
			{in: "a", at: 40, start: 30, v: 10, delta: true},
			{tick: 41, want: "15 since 5"},
		}},
	})
}

func TestForgetting(t *testing.T) {
	short := Options{TombstoneTTL: 100 * time.Second}
	decide(t, pmetric.MetricTypeSum, []decision{
		{name: "an input that comes back within the time to live goes on", options: short, steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{in: "a", at: 11, v: nil, outcome: StaleMarker},
			{tick: 15, want: "3 since 5"},
			{tick: 109, want: "stale"},
			{in: "a", at: 110, start: 5, v: 4},
			{tick: 115, want: "4 since 5"},
		}},
		{name: "one that was forgotten is a baseline unless it started since its last point", options: short, steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{in: "b", at: 10, start: 5, v: 3},
			{in: "a", at: 11, v: nil, outcome: StaleMarker},
			{in: "b", at: 100, start: 5, v: 4},
			{tick: 120, want: "7 since 5"},
			{in: "a", at: 130, start: 5, v: 4, note: UnknownStart},
			{in: "a", at: 131, start: 5, v: 5},
			{in: "c", at: 132, start: 100, v: 1000},
			{tick: 135, want: "1008 since 5"},
		}},
		{name: "the oldest go first when there are too many", options: Options{MaxTombstones: 2}, steps: []step{
			{in: "a", at: 10, start: 5, v: 1},
			{in: "b", at: 11, start: 5, v: 1},
			{in: "c", at: 12, start: 5, v: 1},
			{in: "d", at: 13, start: 5, v: 1},
			{in: "a", at: 14, v: nil, outcome: StaleMarker},
			{in: "b", at: 14, v: nil, outcome: StaleMarker},
			{in: "c", at: 14, v: nil, outcome: StaleMarker},
			{tick: 15, want: "4 since 5"},
			{in: "c", at: 20, start: 5, v: 2},
			{in: "a", at: 20, start: 5, v: 2, note: UnknownStart},
			{tick: 25, want: "5 since 5"},
		}},
		{name: "an output that was forgotten starts anew without a known start it may have had before", options: short, steps: []step{
			{in: "a", at: 10, start: 5, v: 3},
			{in: "b", at: 10, start: 5, v: 3},
			{in: "a", at: 11, v: nil, outcome: StaleMarker},
			{in: "b", at: 11, v: nil, outcome: StaleMarker},
			{tick: 15, want: "6 since 5"},
			{tick: 20, want: "stale"},
			{tick: 200},
			{tick: 300},
			{in: "a", at: 310, start: 5, v: 4},
			{tick: 315, want: "4"},
		}},
	})
}
