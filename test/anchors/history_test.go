//go:build anchors

package anchors

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	metricName = "orders_done"
	spacing    = time.Second // between steps

	workers  = 12
	joiners  = 4 // more workers, that some histories have
	calm     = 6 // steps before counters stand still for the first time
	troubled = 10
	settled  = 32 // steps before counters stand still for ever
	steps    = 38
)

// point is one sample of one worker's counter. Times are in steps since the history began.
type point struct {
	worker int
	start  float64 // negative: unknown
	at     float64
	value  int64
}

// history is what happens step by step: the calls of a step, each with its points.
type history struct {
	name     string
	calls    [steps][][]point
	increase int64 // of all counters, as far as anybody could see, while there was trouble
	restart  int   // the aggregator is ended before this step; 0: never
	sigterm  bool  // and asked to end, not killed
}

// story makes a history of all workers by asking three questions at each step.
type story struct {
	name     string
	absent   func(worker, step int) bool // its point is not seen
	restarts func(worker, step int) bool // its process starts anew just before
	joins    func(worker int) int        // the step of its first point; 0: from the beginning
	old      bool                        // joiners are not new: they did what their first points show long before
	unknown  bool                        // joiners have no start time
	shape    func(step int, points []point) [][]point
	restart  int
	sigterm  bool
}

// grows is how much a counter grows up to a step.
func grows(worker, step int) int64 {
	if step >= calm && step < troubled || step >= settled {
		return 0
	}
	return int64(1 + (worker*7+step*13)%17)
}

func (s story) history() history {
	h := history{name: s.name, restart: s.restart, sigterm: s.sigterm}
	value, seen, start := map[int]int64{}, map[int]int64{}, map[int]float64{}
	for w := range workers { // an hour's work
		value[w] = 3600 * 9
	}
	for step := range steps {
		var points []point
		for w := range workers + joiners {
			first := s.first(w)
			if first < 0 || step < first {
				continue
			}
			switch {
			case step == first && step > 0:
				value[w], seen[w], start[w] = s.joiner(w, step)
			case s.restarts != nil && s.restarts(w, step):
				value[w], seen[w], start[w] = 0, 0, float64(step)-0.5
			}
			value[w] += grows(w, step)
			if s.absent != nil && s.absent(w, step) {
				continue
			}
			if step >= troubled {
				h.increase += value[w] - seen[w]
			}
			seen[w] = value[w]
			points = append(points, point{w, start[w], float64(step), value[w]})
		}
		h.calls[step] = [][]point{points}
		if s.shape != nil {
			h.calls[step] = s.shape(step, points)
		}
	}
	return h
}

// joiner is what a worker has done when its first point comes, what of that no increase should show, and its start time.
func (s story) joiner(worker, step int) (value, before int64, start float64) {
	value, start = 5000, float64(step)-0.5
	if s.old {
		before, start = value+grows(worker, step), 0
	}
	if s.unknown {
		start = -1
	}
	return value, before, start
}

func (s story) first(worker int) int {
	switch {
	case worker < workers:
		return 0
	case s.joins == nil:
		return -1
	}
	return s.joins(worker)
}

// metrics is a call in OTLP. The first step was at began; counters that live from the beginning started an hour before.
func metrics(points []point, began time.Time) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "orders")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(metricName)
	sum := m.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	when := func(steps float64) pcommon.Timestamp {
		return pcommon.NewTimestampFromTime(began.Add(time.Duration(steps * float64(spacing))))
	}
	for _, p := range points {
		pt := sum.DataPoints().AppendEmpty()
		pt.Attributes().PutInt("worker", int64(p.worker))
		pt.SetTimestamp(when(p.at))
		if p.start > 0 {
			pt.SetStartTimestamp(when(p.start))
		} else if p.start == 0 {
			pt.SetStartTimestamp(pcommon.NewTimestampFromTime(began.Add(-time.Hour)))
		}
		pt.SetIntValue(p.value)
	}
	return md
}
