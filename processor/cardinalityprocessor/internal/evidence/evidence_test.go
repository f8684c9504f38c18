package evidence

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const start = int64(1_760_000_000)

func at(sec int64) time.Time { return time.Unix(sec, 0) }

func see(e *Evidence, metric, label, value string, sec int64) {
	observe(e, metric, label, xxhash.Sum64String(value), value, sec)
}

// observe sees a value of a label as the processor does.
func observe(e *Evidence, metric, label string, hash uint64, value string, sec int64) {
	e.Advance(at(sec))
	if m := e.Metric(metric); m.Observe(0, label, hash) {
		m.Show(value)
	}
}

// labels returns the evidence of all labels at a time not before the last observation's.
func labels(e *Evidence, sec int64) (all []Label) {
	e.Advance(at(sec))
	for _, k := range e.Keys() {
		label, _ := e.Label(k)
		all = append(all, label)
	}
	return all
}

func small() *Evidence { return New(Config{MaxLabels: 100, MaxRemembered: 1 << 18}) }

// sighted is one observation of the stream; truth is computed from all of them.
type sighted struct {
	label, value string
	sec          int64
}

func zipf(r *rand.Rand, n int, s float64) func() int {
	sums, total := make([]float64, n), 0.0
	for i := range sums {
		total += math.Pow(float64(i+1), -s)
		sums[i] = total
	}
	return func() int { return sort.SearchFloat64s(sums, r.Float64()*total) }
}

// stream makes an hour of requests: identifiers that come once, users by Zipf's
// law, pods that churn slowly, a burst of client addresses from minute 30, a large
// stable set of tenants, and a version that rolls at minute 40.
func stream(seed uint64, perMinute int, visit func(sighted)) {
	r := rand.New(rand.NewPCG(seed, 1))
	user, status := zipf(r, 200_000, 1.1), zipf(r, 12, 1.3)
	pods := make([]string, 60)
	ends := make([]float64, 60)
	for i := range 60 * perMinute {
		sec := start + int64(i*60/perMinute)
		minutes := float64(sec-start) / 60
		pod := r.IntN(len(pods))
		if ends[pod] <= minutes {
			pods[pod], ends[pod] = fmt.Sprintf("checkout-%08x", r.Uint32()), minutes+20*r.ExpFloat64()
		}
		client := r.IntN(50)
		version := "v1.0"
		if minutes >= 30 {
			client = r.IntN(1 << 24)
		}
		if minutes >= 40 {
			version = "v1.1"
		}
		for _, one := range []sighted{
			{"request_id", fmt.Sprintf("%016x", r.Uint64()), sec},
			{"user_id", fmt.Sprintf("u%d", user()), sec},
			{"status", fmt.Sprint(status()), sec},
			{"path", fmt.Sprintf("/api/orders/%d/view", r.IntN(10_000_000)), sec},
			{"pod", pods[pod], sec},
			{"client_ip", fmt.Sprint(client), sec},
			{"tenant", fmt.Sprintf("t%04d", r.IntN(1000)), sec},
			{"run_id", fmt.Sprint("run", i/10), sec},
			{"version", version, sec},
		} {
			visit(one)
		}
	}
}

func metricOf(label string) string {
	switch label {
	case "tenant", "version":
		return "flat_total"
	case "run_id":
		return "jobs_duration_seconds"
	default:
		return "http_requests_total"
	}
}

// distinctOf is the true number of values of a label in the window that ends at end.
func distinctOf(seen []sighted, end, window int64) float64 {
	values := map[string]bool{}
	for _, s := range seen {
		if s.sec > end-window && s.sec <= end {
			values[s.value] = true
		}
	}
	return float64(len(values))
}

func TestTheStreamIsToldWithinItsBounds(t *testing.T) {
	var squares, worst, n float64
	recall, bytes := 1.0, 0
	for seed := range uint64(6) {
		e, seen := small(), map[string][]sighted{}
		check := func(end int64) {
			for _, l := range labels(e, end) {
				for window, got := range map[int64]float64{minute: l.Distinct.Minute, hour: l.Distinct.Hour, day: l.Distinct.Day} {
					want := distinctOf(seen[l.Name], end, window)
					if l.Exact {
						assert.Equal(t, want, got, "seed %d: %s over %d s", seed, l.Name, window)
						continue
					}
					off := got/want - 1
					squares, n, worst = squares+off*off, n+1, max(worst, math.Abs(off))
					assert.InDelta(t, 0, off, 0.065, "seed %d: %s over %d s, %g of %g", seed, l.Name, window, got, want)
				}
			}
		}
		last := start
		stream(seed, 1000, func(s sighted) {
			if s.sec/600 != last/600 {
				check(last)
			}
			last = s.sec
			seen[s.label] = append(seen[s.label], s)
			see(e, metricOf(s.label), s.label, s.value, s.sec)
		})
		check(last)
		lowest, most := checkWeights(t, labels(e, last), seen)
		recall, bytes = min(recall, lowest), max(bytes, most)
	}
	rms := math.Sqrt(squares / n)
	t.Logf("distinct of dense labels: standard error %.2f %%, worst %.2f %% of %g; recall of the top 20 at least %.2f; at most %d bytes a label",
		rms*100, worst*100, n, recall, bytes)
	assert.Less(t, rms, 0.02)
}

// checkWeights returns the lowest recall of labels with heavy values, and the most memory of one label.
func checkWeights(t *testing.T, found []Label, seen map[string][]sighted) (lowest float64, most int) {
	lowest = 1
	for _, l := range found {
		counts := map[string]int{}
		for _, s := range seen[l.Name] {
			counts[s.value]++
		}
		once, entropy, total := 0.0, 0.0, float64(len(seen[l.Name]))
		for _, c := range counts {
			if c == 1 {
				once++
			}
			entropy -= float64(c) / total * math.Log2(float64(c)/total)
		}
		assert.InDelta(t, once/float64(len(counts)), l.SingletonRatio, 0.02, l.Name)
		// A tenth of a bit is left to the error of the distinct count.
		assert.LessOrEqual(t, l.Entropy.Low, entropy+0.1, l.Name)
		assert.GreaterOrEqual(t, l.Entropy.High, entropy-0.1, l.Name)
		assert.LessOrEqual(t, l.Bytes, 16<<10, l.Name)
		most = max(most, l.Bytes)
		// The others have no heavy values: identifiers, and tenants that are all alike.
		if slices.Contains([]string{"user_id", "status", "pod", "client_ip"}, l.Name) {
			recall := recallOf(counts, l.Top)
			assert.GreaterOrEqual(t, recall, 0.95, l.Name)
			lowest = min(lowest, recall)
		}
	}
	return lowest, most
}

// recallOf is the part of the 20 most frequent values that the reported 20 hold;
// values as frequent as the twentieth are as good.
func recallOf(counts map[string]int, top []Share) float64 {
	sorted := []int{}
	for _, c := range counts {
		sorted = append(sorted, c)
	}
	slices.Sort(sorted)
	slices.Reverse(sorted)
	k := min(20, len(sorted))
	found := 0
	for _, s := range top[:min(k, len(top))] {
		if counts[s.Value] >= sorted[k-1] {
			found++
		}
	}
	return float64(found) / float64(k)
}

// A busy label is measured from samples: what it tells stays within wider bounds, and its distinct values are counted from all.
func TestABusyLabelIsToldFromSamples(t *testing.T) {
	e, r := small(), rand.New(rand.NewPCG(1, 2))
	user, seen := zipf(r, 20_000, 1.1), map[string]int{}
	fresh := 0 // in the last minute
	for i := range 600_000 {
		value := fmt.Sprintf("u%d", user())
		if i%10 == 0 {
			value = fmt.Sprintf("once%d", i)
		}
		if seen[value]++; seen[value] == 1 && i >= 300_000 {
			fresh++
		}
		see(e, "m", "l", value, start+int64(i/5000))
	}
	require.True(t, e.labels[Key{"m", "l"}].busy)
	once := 0
	for _, n := range seen {
		if n == 1 {
			once++
		}
	}
	l := labels(e, start+119)[0]
	assert.InEpsilon(t, len(seen), l.Distinct.Hour, 0.05)
	assert.InDelta(t, float64(once)/float64(len(seen)), l.SingletonRatio, 0.05)
	assert.InEpsilon(t, fresh, l.NewPerMinute, 0.05)
	assert.GreaterOrEqual(t, recallOf(seen, l.Top), 0.95)
	for _, share := range l.Top[:10] {
		assert.InEpsilon(t, float64(seen[share.Value])/600_000, share.Share, 0.2, share.Value)
	}
}

func TestMemoryOfOneLabelHasABound(t *testing.T) {
	e := small()
	for i := range 5000 {
		see(e, "m", "l", fmt.Sprintf("%0100d", i%2500), start+int64(i))
	}
	l := labels(e, start+5000)[0]
	assert.LessOrEqual(t, l.Bytes, 16<<10)
	for _, s := range l.Top {
		assert.LessOrEqual(t, len(s.Value), maxText)
	}
}

func TestWindowsSlideAndForget(t *testing.T) {
	e := small()
	for i := range 20_000 { // 10 new values a second for 2000 s
		see(e, "m", "l", fmt.Sprint(i), start+int64(i/10))
	}
	for _, c := range []struct {
		name              string
		after             int64
		minute, hour, day float64
	}{
		{"while values come", 1999, 600, 20_000, 20_000},
		{"half a minute after the last", 2030, 300, 20_000, 20_000},
		{"two minutes after the last", 2120, 0, 20_000, 20_000},
		{"fifty minutes after the last", 5000, 0, 6000, 20_000},
		{"two hours after the last", 9200, 0, 0, 20_000},
		{"half a day after the last", 45_200, 0, 0, 20_000},
	} {
		d := labels(e, start+c.after)[0].Distinct
		assert.InDelta(t, c.minute, d.Minute, 60, c.name)
		assert.InDelta(t, c.hour, d.Hour, 1500, c.name)
		assert.InDelta(t, c.day, d.Day, 1000, c.name)
	}
	assert.Empty(t, labels(e, start+3*day), "a label unseen for a day is forgotten")
	assert.Empty(t, e.counts)
}

func TestALateValueCountsInTheWindowsItIsIn(t *testing.T) {
	e := small()
	see(e, "m", "l", "first", start)
	for i := range 1000 {
		see(e, "m", "l", fmt.Sprint(i), start+3000)
	}
	for i := range 1000 {
		see(e, "m", "l", fmt.Sprint("late", i), start+3000-90)
	}
	d := labels(e, start+3000)[0].Distinct
	assert.InDelta(t, 1000, d.Minute, 100)
	assert.InDelta(t, 2000, d.Hour, 200)
}

func TestLabelsAboveTheLimitAreCountedNotTracked(t *testing.T) {
	e := New(Config{MaxLabels: 1, MaxRemembered: 100})
	see(e, "m", "a", "x", start)
	see(e, "m", "b", "x", start)
	assert.Len(t, labels(e, start), 1)
	assert.EqualValues(t, 1, e.Untracked())
}

func TestNamesThatAreTooLongAreCountedNotTracked(t *testing.T) {
	e, long := small(), strings.Repeat("x", maxName+1)
	see(e, long, "l", "a", start)
	see(e, "m", long, "a", start)
	see(e, long[1:], long[1:], "a", start)
	assert.Len(t, e.Keys(), 1)
	assert.EqualValues(t, 2, e.Untracked())
	_, err := Load(e.config, e.Save())
	require.NoError(t, err)
}

func TestWhatIsShownIsKept(t *testing.T) {
	e := New(Config{MaxLabels: 1, MaxRemembered: 100})
	observe(e, "m", "user", xxhash.Sum64String("ann@example.com"), "{email}", start)
	assert.Equal(t, []Share{{"{email}", 1}}, labels(e, start)[0].Top)
}

func TestASavedEvidenceGoesOnAsIfNotSaved(t *testing.T) {
	e := small()
	n := 0
	stream(1, 300, func(s sighted) {
		see(e, "m", s.label, s.value, s.sec)
		n++
		if n%40_000 == 0 {
			loaded, err := Load(e.config, e.Save())
			require.NoError(t, err)
			require.Equal(t, e.Save(), loaded.Save())
			require.Equal(t, labels(e, s.sec), labels(loaded, s.sec))
		}
	})
}
