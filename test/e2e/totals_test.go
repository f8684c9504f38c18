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
	"weir.example/test/cluster"
)

func TestTotalsSurviveKillsAndFailures(t *testing.T) {
	s := tellTotals(t)
	t.Run("the strict receiver saw no violation", func(t *testing.T) { requireNoViolations(t, s.strict) })
	t.Run("merged outputs have no label of a subtask or an attempt, others none of an attempt", s.labelsAreGone)
	t.Run("totals in Prometheus are what the bodies say", s.totalsAreRight)
	t.Run("a merged output never falls", s.mergedNeverFall)
	t.Run("a superseded output falls only under a new start time", s.supersededFallsWithItsStart)
	t.Run("Prometheus holds what the strict receiver got", s.storesAgree)
}

func merged(name string) bool { return strings.HasPrefix(name, "flink_task_numRecords") }

func mergedSum(name string) bool {
	return name == "flink_task_numRecordsIn" || name == "flink_task_numRecordsOut"
}

func superseded(name string) bool {
	return strings.HasPrefix(name, "flink_task_") || strings.HasPrefix(name, "flink_operator_")
}

func (s *totalsStory) labelsAreGone(t *testing.T) {
	seen := 0
	for _, series := range s.strict.Series() {
		if !superseded(series.Name()) {
			continue
		}
		seen++
		require.Empty(t, series.Get("task_attempt_id")+series.Get("task_attempt_num"), series)
		require.Equal(t, merged(series.Name()), series.Get("subtask_index") == "", series)
	}
	assert.Greater(t, seen, 100)
}

// stored are the samples that Prometheus holds, without stale markers, by series.
func (s *totalsStory) stored(t *testing.T) map[string][]cluster.Sample {
	found, err := s.prometheus.Query(t.Context(), `{__name__=~"flink_(task|operator)_.*"}[1h]`, s.ended.Add(time.Minute))
	require.NoError(t, err)
	out := map[string][]cluster.Sample{}
	for _, series := range found {
		out[render(series.Labels)] = series.Samples
	}
	return out
}

// totalsAreRight compares all counters of a target at once: one of the possible histories must explain them all. Merged ones are read from
// Prometheus. Superseded ones begin anew with each attempt, which only start times tell for sure, and the strict receiver has them.
func (s *totalsStory) totalsAreRight(t *testing.T) {
	got := map[string]float64{}
	for output, samples := range s.stored(t) {
		got[output] = samples[len(samples)-1].Value
	}
	for _, series := range s.strict.Series() {
		if !mergedSum(series.Name()) {
			got[series.String()] = reached(values(series))
		}
	}
	for _, r := range s.recorders[1:] {
		possible := possibleTotals(t, r.addr, r.all(), s.kills)
		var wrong map[string]string
		for i, totals := range possible {
			if faults := differences(totals, got); i == 0 || len(faults) < len(wrong) {
				wrong = faults
			}
		}
		assert.Greater(t, len(possible[0]), 10)
		if assert.Empty(t, wrong, r.upstream) {
			t.Logf("%s: %d totals are exact", r.upstream, len(possible[0]))
		}
	}
}

// differences names every output that has not reached its total.
func differences(want, got map[string]float64) map[string]string {
	faults := map[string]string{}
	for output, total := range want {
		if got[output] != total {
			faults[output] = fmt.Sprintf("is %v, want %v", got[output], total)
		}
	}
	return faults
}

// reached adds up the last values of a series' runs; a new start time or a lower value begins a run.
func reached(samples []promtest.Sample) float64 {
	sum := 0.0
	for i, p := range samples {
		if i+1 == len(samples) || samples[i+1].V < p.V || samples[i+1].Start > p.T {
			sum += p.V
		}
	}
	return sum
}

// values are a series' samples without stale markers.
func values(series promtest.Series) []promtest.Sample {
	return slices.DeleteFunc(slices.Clone(series.Samples), func(p promtest.Sample) bool { return isStale(p.V) })
}

func (s *totalsStory) mergedNeverFall(t *testing.T) {
	outputs := 0
	for _, series := range s.strict.Series() {
		if !mergedSum(series.Name()) {
			continue
		}
		outputs++
		assert.True(t, isStale(series.Samples[len(series.Samples)-1].V), "%s ends with a stale marker", series)
		values := values(series)
		for i := 1; i < len(values); i++ {
			require.GreaterOrEqual(t, values[i].V, values[i-1].V, "%s at %d", series, values[i].T)
			require.Equal(t, values[i-1].Start, values[i].Start, "%s at %d", series, values[i].T)
		}
	}
	assert.Positive(t, outputs)
}

func (s *totalsStory) supersededFallsWithItsStart(t *testing.T) {
	falls := 0
	for _, series := range s.strict.Series("__name__", seenCounter) {
		values := values(series)
		for i := 1; i < len(values); i++ {
			if values[i].V < values[i-1].V {
				falls++
				require.Greater(t, values[i].Start, values[i-1].T, "%s at %d", series, values[i].T)
			}
		}
	}
	assert.GreaterOrEqual(t, falls, 4, "new attempts")
}

func (s *totalsStory) storesAgree(t *testing.T) {
	stored := s.stored(t)
	compared := 0
	for _, series := range s.strict.Series() {
		if !superseded(series.Name()) {
			continue
		}
		var want []cluster.Sample
		for _, p := range series.Samples {
			if !isStale(p.V) {
				want = append(want, cluster.Sample{Millis: p.T, Value: p.V})
			}
		}
		require.True(t, slices.EqualFunc(want, stored[series.String()], func(a, b cluster.Sample) bool {
			return a.Millis == b.Millis && sameValue(a.Value, b.Value)
		}), series)
		compared += len(want)
	}
	t.Logf("%d samples compared", compared)
}
