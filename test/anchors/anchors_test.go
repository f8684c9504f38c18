//go:build anchors

package anchors

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/promtest"
)

var engines = []struct {
	name  string
	start func(t *testing.T) engine
}{
	{"Weir", startWeir},
	{"vmagent", func(t *testing.T) engine { return startVmagent(t, "") }},
	{"vmagent with a longer memory", func(t *testing.T) engine {
		return startVmagent(t, fmt.Sprintf("  staleness_interval: 1h\n  ignore_first_sample_interval: %s\n", 2*spacing))
	}},
	{"metricstransform", startTransform},
}

// Weir must be right. The others are measured, not judged.
func TestIncreaseWithoutTheLabelWhen(t *testing.T) {
	t.Logf("%d counters that have run for an hour become one; %s between points, aggregation every %s; the increase is that of %d steps",
		workers, spacing, 2*spacing, settled-troubled)
	t.Logf("vmagent %s with stream aggregation, output total; its longer memory is staleness_interval 1h; metricstransform %s with aggregate_labels",
		vmagentVersion(t), transformVersion(t))
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.history()
			reported := make([]float64, len(engines))
			var wg sync.WaitGroup
			for i, e := range engines {
				running := e.start(t)
				wg.Go(func() {
					var err error
					reported[i], err = play(t.Context(), running, h)
					assert.NoError(t, err, e.name)
				})
			}
			wg.Wait()
			t.Logf("true increase: %d", h.increase)
			for i, e := range engines {
				t.Logf("%s: %.0f (%s)", e.name, reported[i], deviation(reported[i], float64(h.increase)))
			}
			want := float64(h.increase)
			if s.unknown && !s.old { // without a start time, Weir takes joiners for old ones
				want -= joined(h)
			}
			assert.InDelta(t, want, reported[0], 0, "Weir's increase")
		})
	}
}

// vmagentVersion is what the binary was built from.
func vmagentVersion(t *testing.T) string {
	info, err := buildinfo.ReadFile(vmagentPath(t))
	require.NoError(t, err)
	return info.Main.Version
}

// transformVersion is what this module requires; a test's binary does not know it.
func transformVersion(t *testing.T) string {
	const module = "github.com/open-telemetry/opentelemetry-collector-contrib/processor/metricstransformprocessor"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", module).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

func deviation(reported, truth float64) string {
	if reported == truth {
		return "exact"
	}
	if reported > 10*truth {
		return fmt.Sprintf("%.0f times too much", reported/truth)
	}
	return fmt.Sprintf("%+.1f %%", 100*(reported/truth-1))
}

// joined is the sum of the joiners' first values.
func joined(h history) float64 {
	first := map[int]int64{}
	for _, calls := range h.calls {
		for _, p := range slices.Concat(calls...) {
			if _, seen := first[p.worker]; !seen && p.worker >= workers {
				first[p.worker] = p.value
			}
		}
	}
	sum := 0.0
	for _, v := range first {
		sum += float64(v)
	}
	return sum
}

// play pushes the history to an engine, each step at its time, and returns the increase that its output shows for the trouble.
func play(ctx context.Context, e engine, h history) (float64, error) {
	began := time.Now().Truncate(time.Second)
	var before int64 // time of the last output before the trouble
	for step, calls := range h.calls {
		select {
		case <-time.After(time.Until(began.Add(time.Duration(step) * spacing))):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if step == troubled {
			out := e.output()
			if len(out) == 0 {
				return 0, fmt.Errorf("no output after %d steps", step)
			}
			before = out[len(out)-1].T
		}
		if step > 0 && step == h.restart {
			if err := e.restart(h.sigterm); err != nil {
				return 0, err
			}
		}
		for _, points := range calls {
			if err := until(ctx, e, metrics(points, began)); err != nil {
				return 0, err
			}
		}
	}
	return shown(e.output(), before), nil
}

// shown is what a store's increase shows after a time, without extrapolation: a lower value is a restart from zero.
func shown(samples []promtest.Sample, after int64) float64 {
	sum := 0.0
	for i := 1; i < len(samples); i++ {
		if samples[i].T <= after {
			continue
		}
		if grown := samples[i].V - samples[i-1].V; grown >= 0 {
			sum += grown
		} else {
			sum += samples[i].V
		}
	}
	return sum
}

// What is expected must not depend on any engine.
func TestHistoriesAreWhatTheySay(t *testing.T) {
	byName := map[string]history{}
	for _, s := range stories {
		byName[s.name] = s.history()
	}
	steady := int64(0)
	for step := troubled; step < settled; step++ {
		for w := range workers {
			steady += grows(w, step)
		}
	}
	require.Equal(t, steady, byName["nothing happens"].increase)
	assert.Equal(t, steady, byName["four are not seen for six intervals and return"].increase)
	assert.Equal(t, steady, byName["points of four arrive after their successors"].increase)
	assert.Equal(t, steady, byName["four of twelve processes restart"].increase, "restarts lose nothing between two points")
	assert.Less(t, byName["four vanish for good"].increase, steady)
	assert.Greater(t, byName["four new ones join with start times"].increase, steady+joiners*5000)
	assert.Equal(t, byName["four new ones join with start times"].increase,
		byName["four old ones are seen for the first time with start times"].increase+int64(joined(byName["four new ones join with start times"])))
}
