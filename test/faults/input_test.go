//go:build faults

package faults

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// A clock that goes back gives samples that no store takes: they are counted, and nothing else is lost.
func TestAClockThatGoesBackCostsOnlyTheSamplesOfTheTimeThatCameTwice(t *testing.T) {
	for name, test := range map[string]struct {
		clock func(step int) int
		lost  int // steps
	}{
		"by five seconds":             {func(s int) int { return s - 5*after(s, 10) }, 5},
		"an hour ahead and back":      {func(s int) int { return s + 3600*(after(s, 10)-after(s, 15)) }, 15},
		"an hour ahead for good":      {func(s int) int { return s + 3600*after(s, 10) }, 0},
		"a day back, and it stays so": {func(s int) int { return s - 86400*after(s, 10) }, 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStrict(t, false)
			w := start(t, fast.to(store.URL()))
			l := w.load(8, 10)
			l.Clock = test.clock
			require.NoError(t, l.Run(t.Context(), 30))
			w.drained()
			drops := w.drops()
			sum := 0
			for _, n := range drops {
				sum += n
			}
			assert.Equal(t, test.lost*l.Instances*l.Series, sum, "%v", drops)
			store.holds(w, l, drops)
		})
	}
}

func after(step, first int) int {
	if step >= first {
		return 1
	}
	return 0
}

func TestACallOfManySamplesOfOneSeriesArrivesInOrder(t *testing.T) {
	t.Parallel()
	store := newStrict(t, false)
	w := start(t, fast.to(store.URL()))
	n := scaled(10_000, 1_000)
	from := time.Now().Add(-time.Hour).UnixMilli()
	metrics := pmetric.NewMetrics()
	points := gauge(newResource(metrics, "huge", "one"), "many")
	for i := range n {
		put(points, from+int64(i), float64(i))
	}
	require.Equal(t, http.StatusOK, w.push(metrics))
	require.True(t, store.WaitSamples(patience, n), "%d of %d", store.Counts().Samples, n)
	for i, p := range store.Samples("many") {
		require.Equal(t, float64(i), p.V)
	}
	store.inOrder(t)
	assert.Empty(t, w.drops())
}

func TestACallLargerThanTheQueueIsTaken(t *testing.T) {
	t.Parallel()
	store := newStrict(t, false)
	w := start(t, fast.to(store.URL()).with(options{"queue_samples": "500"}))
	l := w.load(2, 3000)
	require.NoError(t, l.Run(t.Context(), 3))
	store.complete(w, l)
}

// A label of a megabyte is the store's business; what matters is that it stops nothing else.
func TestAHugeLabelStopsNothingElse(t *testing.T) {
	t.Parallel()
	store := newStrict(t, false)
	w := start(t, fast.to(store.URL()))
	metrics := pmetric.NewMetrics()
	points := gauge(newResource(metrics, "huge", "one"), "wide")
	put(points, time.Now().UnixMilli(), 1).Attributes().PutStr("blob", strings.Repeat("x", 1<<20))
	put(points, time.Now().UnixMilli(), 2)
	require.Equal(t, http.StatusOK, w.push(metrics))
	l := w.load(4, 10)
	require.NoError(t, l.Run(t.Context(), 5))
	w.drained()
	dropped := 0
	for _, n := range w.drops() {
		dropped += n
	}
	assert.Equal(t, l.Samples()+2, store.Counts().Samples+dropped)
	assert.NotEmpty(t, store.Series("__name__", loadName))
	store.inOrder(t)
}

// What cannot be written in Remote Write is counted with its reason, sample by sample.
func TestWhatNoStoreCanTakeIsCounted(t *testing.T) {
	t.Parallel()
	store := newStrict(t, false)
	w := start(t, fast.to(store.URL()))
	metrics := pmetric.NewMetrics()
	ms := newResource(metrics, "odd", "one")
	put(gauge(ms, ""), time.Now().UnixMilli(), 1)
	put(gauge(ms, "timeless"), 0, 1)
	put(gauge(ms, "fine"), time.Now().UnixMilli(), 1)
	require.Equal(t, http.StatusOK, w.push(metrics))
	require.True(t, store.WaitSamples(patience, 1))
	assert.Equal(t, map[string]int{"invalid_name": 1, "no_timestamp": 1}, w.drops())
	assert.Len(t, store.Samples("fine"), 1)
	assert.EqualValues(t, 3, w.metric("num_samples_in"))
}

func gauge(ms pmetric.MetricSlice, name string) pmetric.NumberDataPointSlice {
	m := ms.AppendEmpty()
	m.SetName(name)
	return m.SetEmptyGauge().DataPoints()
}

func put(points pmetric.NumberDataPointSlice, millis int64, value float64) pmetric.NumberDataPoint {
	p := points.AppendEmpty()
	p.SetTimestamp(pcommon.Timestamp(millis * 1e6))
	p.SetDoubleValue(value)
	return p
}
