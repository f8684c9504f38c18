//go:build anchors

package anchors

import "slices"

// some are the workers that trouble befalls.
func some(worker int) bool { return worker < 4 }

// late is the step at which all joiners join.
func late(int) int { return 15 }

func between(step, from, to int) bool { return step >= from && step < to }

var stories = []story{
	{name: "nothing happens"},
	{
		name:     "four of twelve processes restart",
		restarts: func(w, step int) bool { return some(w) && step == 14+2*w },
	},
	{
		name:   "four are not seen for six intervals and return",
		absent: func(w, step int) bool { return some(w) && between(step, 14, 20) },
	},
	{
		name:   "four vanish for good",
		absent: func(w, step int) bool { return some(w) && step >= 16 },
	},
	{
		name:  "four new ones join with start times",
		joins: late,
	},
	{
		name:    "four new ones join without start times",
		joins:   late,
		unknown: true,
	},
	{
		name:  "four old ones are seen for the first time with start times",
		joins: late,
		old:   true,
	},
	{
		name:    "four old ones are seen for the first time without start times",
		joins:   late,
		old:     true,
		unknown: true,
	},
	{name: "points of four arrive after their successors", shape: heldBack()},
	{name: "every call arrives twice", shape: func(_ int, points []point) [][]point { return [][]point{points, points} }},
	{name: "each process pushes its own call", shape: eachAlone},
	{name: "the aggregator is asked to restart", restart: 18, sigterm: true},
	{name: "the aggregator is killed", restart: 18},
	{
		name:     "restarts and absences and joins and a kill",
		restarts: func(w, step int) bool { return w == 5 && step == 19 },
		absent:   func(w, step int) bool { return some(w) && between(step, 14, 20) || w == 7 && step >= 22 },
		joins:    func(int) int { return 17 },
		shape:    eachAlone,
		restart:  21,
	},
}

// heldBack holds the points of some workers back at every fourth step and adds them to the next call, after their successors.
func heldBack() func(int, []point) [][]point {
	var held []point
	return func(step int, points []point) [][]point {
		after := held
		held = nil
		if between(step, troubled, settled-1) && step%4 == 0 {
			points = slices.DeleteFunc(slices.Clone(points), func(p point) bool {
				if some(p.worker) {
					held = append(held, p)
				}
				return some(p.worker)
			})
		}
		return [][]point{append(slices.Clone(points), after...)}
	}
}

// eachAlone gives each point a call and, as separate processes would, a time of its own.
func eachAlone(_ int, points []point) [][]point {
	var calls [][]point
	for _, p := range points {
		p.at += float64(p.worker) / 100
		calls = append(calls, []point{p})
	}
	return calls
}
