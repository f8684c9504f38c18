//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/promtest"
)

const seenCounter = "flink_operator_tenant_Orders_v1_orders_seen"

func (s *story) failedJobStartsAgain(t *testing.T) {
	old := s.strict.Series("__name__", seenCounter, "job_name", ordersJob, "task_attempt_num", "0")
	again := s.strict.Series("__name__", seenCounter, "job_name", ordersJob, "task_attempt_num", "1")
	require.Len(t, old, 2, "one series per subtask")
	require.Len(t, again, 2)
	for _, series := range old {
		assertEnds(t, series)
		assert.Greater(t, lastValue(series), 1000.0)
	}
	lastOld := lastValue(old[0])
	for _, series := range again {
		assert.Less(t, series.Samples[0].V, lastOld, "the new attempt counts from zero")
		assert.Greater(t, series.Samples[0].T, old[0].Samples[0].T)
	}
	restarts := s.strict.Samples("flink_jobmanager_job_numRestarts", "job_name", ordersJob)
	require.NotEmpty(t, restarts)
	assert.Equal(t, 0.0, restarts[0].V)
	assert.True(t, slices.ContainsFunc(restarts, func(p promtest.Sample) bool { return p.V == 1 }), "and the JobManager counted it")
}

// increaseIsRight evaluates increase() in Prometheus over the whole story and compares it, attempt by attempt, with the formula of
// its documentation applied to the recorded bodies.
func (s *story) increaseIsRight(t *testing.T) {
	at := s.ended.Truncate(time.Millisecond)
	window := 30 * time.Minute
	result, err := s.stores["prometheus"].Query(t.Context(), fmt.Sprintf(`increase(%s{job_name="%s"}[%s])`, seenCounter, ordersJob, window), at)
	require.NoError(t, err)
	got := map[string]float64{}
	for _, series := range result {
		series.Labels["__name__"] = seenCounter
		got[render(series.Labels)] = series.Samples[0].Value
	}
	compared := 0
	for _, g := range s.targets {
		for series, samples := range expect(g.pages, g.times) {
			samples = slices.DeleteFunc(samples, func(p sample) bool { return isStale(p.value) })
			if !strings.Contains(series, `__name__="`+seenCounter+`"`) || !strings.Contains(series, ordersJob) || len(samples) < 2 {
				continue
			}
			compared++
			assert.InEpsilon(t, increase(samples, at.Add(-window).UnixMilli(), at.UnixMilli()), got[series], 1e-9, series)
		}
	}
	assert.GreaterOrEqual(t, compared, 4, "two subtasks, two attempts")
}

// increase extrapolates a counter's growth to its window's borders, at most half a spacing where the series seems to begin or end,
// and never below zero.
func increase(samples []sample, start, end int64) float64 {
	first, last := samples[0], samples[len(samples)-1]
	grown := last.value - first.value
	for i := 1; i < len(samples); i++ {
		if samples[i].value < samples[i-1].value {
			grown += samples[i-1].value
		}
	}
	seconds := func(ms int64) float64 { return float64(ms) / 1000 }
	sampled := seconds(last.at - first.at)
	spacing := sampled / float64(len(samples)-1)
	toStart, toEnd := seconds(first.at-start), seconds(end-last.at)
	if toStart >= spacing*1.1 {
		toStart = spacing / 2
	}
	if grown > 0 && first.value >= 0 {
		toStart = min(toStart, sampled*first.value/grown)
	}
	if toEnd >= spacing*1.1 {
		toEnd = spacing / 2
	}
	return grown * (sampled + toStart + toEnd) / sampled
}

func (s *story) cancelledJobEnds(t *testing.T) {
	series := s.strict.Series("job_name", joinJob)
	assert.Greater(t, len(series), 100)
	for _, series := range series {
		assertEnds(t, series)
	}
	for _, g := range s.targets {
		for last := range g.pages[len(g.pages)-1].points {
			require.NotContains(t, last, joinJob)
		}
	}
}

func (s *story) killedTaskManagerIsDown(t *testing.T) {
	killed := s.targets[2]
	assert.Equal(t, 1.0, killed.up[0])
	assert.Equal(t, 0.0, killed.up[len(killed.up)-1])
	down := slices.Index(killed.up, 0)
	ended := 0
	for _, series := range s.strict.Series("instance", killed.instance) {
		if own[series.Name()] {
			continue
		}
		last := assertEnds(t, series)
		assert.LessOrEqual(t, last.T, killed.times[down], series.String())
		if last.T == killed.times[down] {
			ended++
		}
	}
	assert.Greater(t, ended, 100, "series that lived until the kill end at the first failed scrape")
	alive, err := s.stores["prometheus"].Query(t.Context(), fmt.Sprintf(`count({instance="%s", __name__=~"flink_.*"})`, killed.instance), s.ended)
	require.NoError(t, err)
	assert.Empty(t, alive, "Prometheus does not show them any more")
}

// assertEnds asserts that a series' last sample is a stale marker, and returns it.
func assertEnds(t *testing.T, series promtest.Series) promtest.Sample {
	t.Helper()
	last := series.Samples[len(series.Samples)-1]
	assert.True(t, isStale(last.V), "%s ends with %v", series, last.V)
	return last
}

// lastValue is the last sample before the stale marker.
func lastValue(series promtest.Series) float64 {
	for _, p := range slices.Backward(series.Samples) {
		if !isStale(p.V) {
			return p.V
		}
	}
	return 0
}
