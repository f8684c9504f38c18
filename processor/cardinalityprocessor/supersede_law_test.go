package cardinalityprocessor

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"

	"weir.example/processor/cardinalityprocessor/internal/rules"
)

var supersedeAttempts = rules.Rule{
	Metrics: []string{"task.*"}, Labels: []string{"task_attempt_id", "task_attempt_num"}, Action: rules.Supersede,
}

// The law of supersede, with labels on resources or on points: of each output one incarnation writes per call; time goes
// forward; a start is neither after its point nor within another incarnation's samples; each point passes or is counted
// as dropped. And when the series are merged as well, the merge counts exactly what a store would have counted of them.
func TestSupersededSeriesHaveOneWriter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newLawHistory(t)
		defer h.passing.report.shutdown()
		defer h.merging.report.shutdown()
		for range rapid.IntRange(3, 25).Draw(t, "calls") {
			h.step()
		}
	})
}

// lawHistory plays attempts of two subtasks in two rigs: one supersedes, the other one merges the subtasks as well.
type lawHistory struct {
	t                *rapid.T
	passing, merging *rig
	onPoints         bool // the labels
	attempts         []*attempt
	outputs          map[string]*written
	increase         float64
	first            pcommon.Timestamp // no sample of the first call that passed is later
}

// attempt is an incarnation of a subtask.
type attempt struct {
	subtask, id string
	number      int64
	numbered    bool
	start       pcommon.Timestamp
	count       int64
	at          pcommon.Timestamp
}

// written is what a store has of an output series.
type written struct {
	writer    string
	at, start pcommon.Timestamp
	count     int64
	of        map[string]pcommon.Timestamp // last sample by writer
}

func newLawHistory(t *rapid.T) *lawHistory {
	h := &lawHistory{t: t, onPoints: rapid.Bool().Draw(t, "labels on points"), outputs: map[string]*written{}}
	cfg := createDefaultConfig().(*Config)
	cfg.Rules = []rules.Rule{supersedeAttempts}
	h.passing = newRig(t, cfg, componenttest.NewNopTelemetrySettings())
	cfg.Rules = []rules.Rule{supersedeAttempts, {Labels: []string{"subtask_index"}, Action: rules.Drop}}
	h.merging = newRig(t, cfg, componenttest.NewNopTelemetrySettings())
	for _, r := range []*rig{h.passing, h.merging} {
		r.clock = time.Unix(100_000, 0)
	}
	for i := range rapid.IntRange(2, 6).Draw(t, "attempts") {
		h.attempts = append(h.attempts, &attempt{
			subtask: strconv.Itoa(i % 2), id: fmt.Sprintf("a%d", i),
			numbered: rapid.Bool().Draw(t, "numbered"), number: rapid.Int64Range(0, 3).Draw(t, "number"),
		})
	}
	return h
}

func (h *lawHistory) step() {
	if rapid.IntRange(0, 5).Draw(h.t, "restart") == 0 {
		h.passing.restart()
		h.merging.restart()
	}
	pause := time.Duration(rapid.IntRange(1, 60).Draw(h.t, "pause")) * time.Second
	h.passing.clock, h.merging.clock = h.passing.clock.Add(pause), h.merging.clock.Add(pause)
	var call []*attempt
	for _, a := range h.attempts {
		if rapid.IntRange(0, 3).Draw(h.t, "absent") > 0 {
			call = append(call, a)
		}
	}
	if len(call) > 0 {
		call = rapid.Permutation(call).Draw(h.t, "order")
	}
	md := pmetric.NewMetrics()
	for _, a := range call {
		h.scrape(a, md)
	}
	before := md.DataPointCount()
	merged := pmetric.NewMetrics()
	md.CopyTo(merged)
	h.passing.consume(md)
	h.merging.consume(merged)
	require.Equal(h.t, h.passing.tally.dropped, h.merging.tally.dropped)
	require.Equal(h.t, before, md.DataPointCount()+sum(h.passing.tally.dropped), "a point passes or is counted")
	require.Zero(h.t, merged.DataPointCount())
	h.store(md)
	if h.first == 0 && h.increase > 0 {
		h.first = h.passing.now()
	}
	h.compare()
}

// scrape appends what an attempt shows: mostly a value, at times a stale marker.
func (h *lawHistory) scrape(a *attempt, md pmetric.Metrics) {
	delay := pcommon.Timestamp(rapid.IntRange(0, 5000).Draw(h.t, "delay")) * 1e6
	if a.at = max(a.at+1e6, h.passing.now()-delay); a.start == 0 {
		a.at = max(a.at, h.first)
	}
	rm := md.ResourceMetrics().AppendEmpty()
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("task.records")
	m.SetEmptySum().SetIsMonotonic(true)
	m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := m.Sum().DataPoints().AppendEmpty()
	p.SetTimestamp(a.at)
	labels := rm.Resource().Attributes()
	labels.PutStr("service.name", "flink")
	if h.onPoints {
		labels = p.Attributes()
	}
	labels.PutStr("subtask_index", a.subtask)
	labels.PutStr("task_attempt_id", a.id)
	if a.numbered {
		labels.PutInt("task_attempt_num", a.number)
	}
	if a.start != 0 && rapid.IntRange(0, 5).Draw(h.t, "vanishes") == 0 {
		p.SetFlags(p.Flags().WithNoRecordedValue(true))
		return
	}
	// The count tells who wrote it: no two attempts have the same remainder. It began when the output was known to be
	// without it; what began earlier and joins later would not be counted from its start.
	if a.start == 0 {
		a.count = int64(a.id[1]-'0') + 1
		a.start = min(a.at, max(h.first, a.at-pcommon.Timestamp(rapid.IntRange(0, 60).Draw(h.t, "age"))*1e9))
	}
	a.count += 10 * rapid.Int64Range(0, 9).Draw(h.t, "increase")
	p.SetIntValue(a.count)
	p.SetStartTimestamp(a.start)
}

func sum(counts [reasons]int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}

// store takes what passed as a store with start times does.
func (h *lawHistory) store(md pmetric.Metrics) {
	writers := map[string]bool{}
	for _, rm := range md.ResourceMetrics().All() {
		p := rm.ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0)
		labels := rm.Resource().Attributes()
		if h.onPoints {
			labels = p.Attributes()
		}
		require.NotContains(h.t, labels.AsRaw(), "task_attempt_id")
		require.NotContains(h.t, labels.AsRaw(), "task_attempt_num")
		subtask, _ := labels.Get("subtask_index")
		require.False(h.t, writers[subtask.Str()], "two writers in a call")
		writers[subtask.Str()] = true
		h.write(subtask.Str(), p)
	}
}

func (h *lawHistory) write(subtask string, p pmetric.NumberDataPoint) {
	o := h.outputs[subtask]
	if o == nil {
		o = &written{of: map[string]pcommon.Timestamp{}}
		h.outputs[subtask] = o
	}
	require.Greater(h.t, p.Timestamp().AsTime().UnixMilli(), o.at.AsTime().UnixMilli(), "time goes forward")
	o.at = p.Timestamp()
	if p.Flags().NoRecordedValue() {
		return // does not tell who wrote it
	}
	writer, start := strconv.FormatInt(p.IntValue()%10, 10), p.StartTimestamp()
	require.LessOrEqual(h.t, start, p.Timestamp(), "a start is not after its point")
	for other, at := range o.of {
		if other != writer {
			require.Greater(h.t, start, at, "a start lies after the samples of others")
		}
	}
	if o.writer == writer && o.start == start {
		h.increase += float64(p.IntValue() - o.count)
	} else {
		h.increase += float64(p.IntValue())
	}
	o.writer, o.start, o.count, o.of[writer] = writer, start, p.IntValue(), p.Timestamp()
}

// compare holds the merged output against what the store counted.
func (h *lawHistory) compare() {
	out := h.merging.tick(time.Second)
	h.passing.clock = h.merging.clock
	if out.DataPointCount() == 0 {
		return // no value yet, or none since its stale marker
	}
	require.Equal(h.t, 1, out.DataPointCount())
	p := out.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0)
	if !p.Flags().NoRecordedValue() {
		require.InDelta(h.t, h.increase, float64(p.IntValue()), 0)
	}
}
