//go:build e2e

package e2e

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/flinkname"
	"weir.example/internal/promtest"
	"weir.example/test/cluster"
)

func TestFlinkToStores(t *testing.T) {
	s := tell(t)
	t.Run("the strict receiver saw no violation", s.nothingIsViolated)
	t.Run("every documented metric arrives under its documented name", s.documentedNamesArrive)
	t.Run("no series and no sample is lost or made up", s.everySampleArrives)
	t.Run("kinds and start times follow the table and the absence rule", s.kindsAndStartTimes)
	t.Run("Prometheus holds the same samples", s.prometheusHoldsTheSame)
	t.Run("VictoriaMetrics holds the same samples", s.victoriaHoldsTheSame)
	t.Run("a failed job ends with stale markers and counts from zero again", s.failedJobStartsAgain)
	t.Run("increase over the failure is what the bodies say", s.increaseIsRight)
	t.Run("a cancelled job ends with stale markers and nothing after", s.cancelledJobEnds)
	t.Run("a killed TaskManager is down and its series are stale", s.killedTaskManagerIsDown)
}

func (s *story) nothingIsViolated(t *testing.T) {
	assert.Empty(t, s.strict.Violations())
	assert.Positive(t, s.strict.Counts().Samples)
	assert.Zero(t, s.strict.Counts().Repeats)
}

func (s *story) documentedNamesArrive(t *testing.T) {
	arrived := map[string]bool{}
	for _, series := range s.strict.Series() {
		arrived[series.Name()] = true
	}
	exposed := map[string]bool{} // documented names of metrics in the bodies that had a value
	for _, g := range s.targets {
		for _, p := range g.pages {
			for _, pt := range p.points {
				if m, ok := flinkname.Flink().Lookup(pt.raw); ok {
					exposed[m.Name] = true
				}
			}
		}
	}
	for name := range exposed {
		assert.True(t, arrived[strings.ReplaceAll(name, ".", "_")], "%s is not in the store", name)
	}
	t.Logf("%d of %d documented names", len(exposed), len(flinkname.Flink().Documented()))
	assert.Greater(t, len(exposed), 70)
}

// own are the series that Weir adds to those of a target.
var own = map[string]bool{
	"up": true, "scrape_duration_seconds": true, "scrape_samples_scraped": true, "scrape_series_added": true, "target_info": true,
}

func (s *story) everySampleArrives(t *testing.T) {
	total, sentinels := 0, 0
	for _, g := range s.targets {
		received := map[string][]promtest.Sample{}
		for _, series := range s.strict.Series("instance", g.instance) {
			if !own[series.Name()] {
				received[series.String()] = series.Samples
			}
		}
		expected := expect(g.pages, g.times)
		for series, want := range expected {
			total += len(want)
			requireSamples(t, series, want, received[series])
		}
		for series := range received {
			_, exposed := expected[series]
			require.True(t, exposed, "%s is not what Flink exposed", series)
		}
		for i, p := range g.pages {
			sentinels += p.sentinels
			if g.up[i] == 1 {
				assert.Equal(t, float64(p.lines), s.ownSample(t, "scrape_samples_scraped", g, i))
			}
		}
	}
	t.Logf("%d samples compared, %d sentinels left out", total, sentinels)
	assert.Greater(t, total, 10_000)
}

func (s *story) ownSample(t *testing.T, name string, g *target, i int) float64 {
	samples := s.strict.Samples(name, "instance", g.instance)
	require.Len(t, samples, len(g.times), name)
	assert.Equal(t, g.times[i], samples[i].T)
	return samples[i].V
}

func requireSamples(t *testing.T, series string, want []sample, got []promtest.Sample) {
	t.Helper()
	require.True(t, slices.EqualFunc(want, got, func(w sample, g promtest.Sample) bool {
		return w.at == g.T && sameValue(w.value, g.V)
	}), "%s arrived as %v, expected %v", series, got, want)
}

// Prometheus shows every value, and no stale marker.
func (s *story) prometheusHoldsTheSame(t *testing.T) {
	s.storeHoldsTheSame(t, s.stores["prometheus"], 0, func(v float64) (float64, bool) { return v, !isStale(v) })
}

// VictoriaMetrics shows stale markers as NaN and keeps no other NaN; it stores a block of values as integers of 12 significant
// digits with one decimal exponent, so that a value is as exact as the largest one beside it allows.
func (s *story) victoriaHoldsTheSame(t *testing.T) {
	require.NoError(t, s.stores["victoria"].ShowAll(t.Context()))
	s.storeHoldsTheSame(t, s.stores["victoria"], 1e-12, func(v float64) (float64, bool) {
		if isStale(v) {
			return math.NaN(), true
		}
		return v, !math.IsNaN(v)
	})
}

// storeHoldsTheSame compares a store, sample by sample, with what the strict receiver got, as far and in the form that the store
// shows it; tolerance is a part of the largest absolute value of the series.
func (s *story) storeHoldsTheSame(t *testing.T, store *cluster.Store, tolerance float64, shown func(float64) (float64, bool)) {
	stored, err := store.Query(t.Context(), `{job="flink"}[1h]`, s.ended.Add(time.Minute))
	require.NoError(t, err)
	got := map[string][]cluster.Sample{}
	for _, series := range stored {
		got[render(series.Labels)] = series.Samples
	}
	want := map[string][]cluster.Sample{}
	for _, series := range s.strict.Series("job", "flink") {
		for _, p := range series.Samples {
			if v, ok := shown(p.V); ok {
				want[series.String()] = append(want[series.String()], cluster.Sample{Millis: p.T, Value: v})
			}
		}
	}
	assert.Len(t, got, len(want))
	samples := 0
	for series := range want {
		samples += len(want[series])
		exact := tolerance * largest(want[series])
		require.True(t, slices.EqualFunc(want[series], got[series], func(a, b cluster.Sample) bool {
			return a.Millis == b.Millis && (sameValue(a.Value, b.Value) || math.Abs(a.Value-b.Value) <= exact)
		}), "%s holds %v, expected %v", series, got[series], want[series])
	}
	t.Logf("%d samples of %d series compared", samples, len(want))
	assert.Greater(t, samples, 10_000)
}

// largest is the largest finite absolute value.
func largest(samples []cluster.Sample) (m float64) {
	for _, p := range samples {
		if v := math.Abs(p.Value); v > m && !math.IsInf(v, 0) {
			m = v
		}
	}
	return m
}
