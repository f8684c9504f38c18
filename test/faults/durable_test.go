//go:build faults

package faults

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/promtest"
)

func killCount() int {
	if *kills > 0 {
		return *kills
	}
	return scaled(50, 4)
}

func TestNothingAcknowledgedIsLostWhenWeirIsKilledUnderLoad(t *testing.T) {
	t.Parallel()
	store := newStrict(t, true)
	store.Script(func(promtest.Request) promtest.Answer {
		return promtest.Answer{Delay: rand.N(20 * time.Millisecond)} // so that kills meet requests in flight
	})
	o := fast.to(store.URL()).wal(t.TempDir())
	w := start(t, o)
	l := w.load(20, scaled(500, 100)) // 50 kills: 1,000,000 samples
	for range killCount() {
		w.killDuring(l, 2, o)
	}
	store.complete(w, l)
	assert.LessOrEqual(t, store.Counts().RepeatedRequests, killCount()*4, "at most one request a slot and kill")
}

// killDuring runs the load, kills Weir when some of it is acknowledged, and starts it again.
func (w *weir) killDuring(l *Load, steps int, o options) {
	w.t.Helper()
	total := steps * l.Instances * l.Series
	after := l.Samples() + rand.N(total)
	done := make(chan error, 1)
	go func() { done <- l.Run(w.t.Context(), steps) }()
	w.until("part of the load", func() bool { return l.Samples() >= after })
	w.kill()
	w.run(o)
	require.NoError(w.t, <-done)
}

func TestAStoreThatIsDownWhileWeirRestartsGetsEverythingInOrder(t *testing.T) {
	for name, end := range map[string]func(*weir){"SIGTERM": (*weir).stop, "SIGKILL": (*weir).kill} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStrict(t, true)
			gate := newGate(t, store.URL())
			o := fast.to(gate.URL()).wal(t.TempDir())
			w := start(t, o)
			l := w.load(8, 50)
			require.NoError(t, l.Run(t.Context(), 5))
			gate.Shut()
			for range 3 {
				require.NoError(t, l.Run(t.Context(), 10))
				end(w)
				w.run(o)
			}
			require.NoError(t, l.Run(t.Context(), 5))
			gate.Open(t)
			store.complete(w, l)
		})
	}
}

func TestAReloadWithABacklogKeepsEverything(t *testing.T) {
	t.Parallel()
	store := newStrict(t, true)
	gate := newGate(t, store.URL())
	o := fast.to(gate.URL()).wal(t.TempDir())
	w := start(t, o)
	l := w.load(8, 50)
	gate.Shut()
	require.NoError(t, l.Run(t.Context(), 10))
	w.signal(syscall.SIGHUP)
	require.NoError(t, l.Run(t.Context(), 10))
	gate.Open(t)
	store.complete(w, l)
}

func TestAnotherNumberOfSlotsWithABacklogKeepsTheOrder(t *testing.T) {
	for _, slotBy := range []string{"instance", "series"} {
		t.Run(slotBy, func(t *testing.T) {
			t.Parallel()
			store := newStrict(t, true)
			gate := newGate(t, store.URL())
			o := fast.to(gate.URL()).wal(t.TempDir()).with(options{"slot_by": slotBy})
			w := start(t, o)
			l := w.load(16, 20)
			gate.Shut()
			for _, shards := range []string{"16", "1", "4"} {
				require.NoError(t, l.Run(t.Context(), 10))
				w.kill()
				w.run(o.with(options{"shards": shards}))
			}
			require.NoError(t, l.Run(t.Context(), 10))
			gate.Open(t)
			store.complete(w, l)
		})
	}
}

// In full: 10 minutes away, 200,000 series every 15 s.
func TestAStoreThatComesBackGetsAllThatWasMissed(t *testing.T) {
	store := newStrict(t, true)
	gate := newGate(t, store.URL())
	o := fast.to(gate.URL()).wal(t.TempDir()).with(options{"batch": "{max_size: 2000, flush_timeout: 1s}"})
	w := start(t, o)
	l := w.load(40, scaled(5000, 100))
	l.Interval = 15 * time.Second
	require.NoError(t, l.Run(t.Context(), 1))
	store.complete(w, l)
	w.drained()
	before, _ := w.memory()

	gate.Shut()
	missed := scaled(40, 10)
	pace := time.NewTicker(scaled(15*time.Second, 100*time.Millisecond))
	defer pace.Stop()
	for range missed {
		<-pace.C
		require.NoError(t, l.Run(t.Context(), 1))
	}
	during, _ := w.memory()
	backlog := l.Samples() - store.Counts().Samples
	gate.Open(t)
	began := time.Now()
	store.Wait(15*time.Minute, func() bool { return store.Counts().Samples >= l.Samples() })
	took := time.Since(began)
	after, peak := w.memory()
	store.complete(w, l)
	t.Logf("backlog of %d samples sent in %s: %.0f samples/s (the store of the test included); memory %d MiB before, %d at the end of the outage, %d after, %d at most",
		backlog, took.Round(time.Millisecond), float64(backlog)/took.Seconds(), before, during, after, peak)
	assert.Less(t, peak, before+scaled(400, 150), "MiB")
}

func TestAFullQueueMakesCallersWaitAndLosesNothing(t *testing.T) {
	for name, limit := range map[string]func(*testing.T) options{
		"in memory": func(*testing.T) options { return options{"queue_samples": "1000"} },
		"on disk": func(t *testing.T) options {
			return options{"wal": fmt.Sprintf("{directory: %q, max_size_mib: 1}", t.TempDir())}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newStrict(t, true)
			gate := newGate(t, store.URL())
			w := start(t, fast.to(gate.URL()).with(limit(t)).with(options{"batch": "{max_size: 200, flush_timeout: 100ms}"}))
			l := w.load(8, 250)
			gate.Shut()
			done := make(chan error, 1)
			go func() { done <- l.Run(t.Context(), 400) }()
			full := 0
			w.until("callers to wait", func() bool {
				before := full
				full = l.Samples()
				return full > 0 && full == before
			})
			select {
			case err := <-done:
				t.Fatalf("all of it was taken: %v", err)
			default:
			}
			gate.Open(t)
			require.NoError(t, <-done)
			store.complete(w, l)
			t.Logf("callers waited after %d samples", full)
		})
	}
}

func TestAFullLogMayLoseItsOldestAndCountsThem(t *testing.T) {
	t.Parallel()
	store := newStrict(t, true)
	gate := newGate(t, store.URL())
	w := start(t, fast.to(gate.URL()).with(options{"wal": fmt.Sprintf("{directory: %q, max_size_mib: 1, on_full: drop_oldest}", t.TempDir())}))
	l := w.load(8, 250)
	gate.Shut()
	require.NoError(t, l.Run(t.Context(), 400))
	gate.Open(t)
	w.drained()
	drops := w.drops()
	require.Len(t, drops, 1, "%v", drops)
	store.holds(w, l, drops)
	for _, s := range store.Series("__name__", loadName) {
		require.Equal(t, l.millis(399), s.Samples[len(s.Samples)-1].T, "the newest of %s", s)
	}
}
