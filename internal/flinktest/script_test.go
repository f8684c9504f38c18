package flinktest

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScenarioHasAllProcessesAndPages(t *testing.T) {
	processes, err := Scenario("1.20.3", "tm-kill")
	require.NoError(t, err)
	var names []string
	for _, p := range processes {
		names = append(names, p.Name)
		assert.Len(t, p.Pages, 10)
	}
	assert.Equal(t, []string{"jobmanager", "taskmanager-1", "taskmanager-2"}, names)
	assert.False(t, processes[2].Pages[0].Refused)
	assert.True(t, processes[2].Pages[1].Refused)
	assert.False(t, processes[2].Pages[9].Refused)

	_, err = Scenario("1.20.3", "none")
	assert.ErrorContains(t, err, `no capture of Flink "1.20.3", scenario "none"`)
	assert.Contains(t, Scenarios(), [2]string{"1.18.1", "legacy-kafka"})
	assert.Contains(t, Scenarios(), [2]string{"1.20.3", "parallelism"})
}

// values returns the cumulative series of a page.
func values(page Page) map[string]float64 {
	found := map[string]float64{}
	for line := range bytes.Lines(page.Body) {
		if series, value, ok := cut(line); ok && cumulative(series) {
			found[series] = value
		}
	}
	return found
}

func TestLoopNeverMakesACounterFall(t *testing.T) {
	processes, err := Scenario("1.20.3", "steady")
	require.NoError(t, err)
	for _, p := range processes {
		script := Loop(p.Pages...)
		last := values(script(0))
		require.NotEmpty(t, last)
		grown := 0
		for step := 1; step < 3*len(p.Pages); step++ {
			now := values(script(step))
			for series, v := range now {
				require.GreaterOrEqual(t, v, last[series], "%s at step %d", series, step)
				if v > last[series] {
					grown++
				}
			}
			last = now
		}
		assert.Positive(t, grown)
	}
}

func TestLoopGoesOnWhereTheLastRoundEnded(t *testing.T) {
	const name = "flink_taskmanager_job_task_numRecordsIn"
	script := Loop(Bodies(name+"{} 5.0\nx{} 9.0\n", name+"{} 8.0\nx{} 1.0\n")...)
	assert.Equal(t, name+"{} 8.0\nx{} 9.0\n", string(script(2).Body))
	assert.Equal(t, name+"{} 11.0\nx{} 1.0\n", string(script(3).Body))
	assert.Equal(t, name+"{} 11.0\nx{} 9.0\n", string(script(4).Body))
}

func TestJavaDouble(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.0", 12: "12.0", 0.05: "0.05", 1e7: "1.0E7", 40857056: "4.0857056E7", -9.223372036854775808e18: "-9.223372036854776E18",
		math.Inf(1): "+Inf", 1e-4: "1.0E-4",
	} {
		assert.Equal(t, want, javaDouble(v))
	}
	assert.Equal(t, "NaN", javaDouble(math.NaN()))
}

func TestGeneratedExpositionIsWellFormedAndRepeatable(t *testing.T) {
	x := Exposition{
		Subtasks: 2, Tasks: 2, Operators: 2, TaskMetrics: 6, OperatorMetrics: 4, Restarts: []int{3}, Gaps: []int{2},
		UserVariables: map[string]string{"tenant": "acme"}, Escapes: true, Shuffle: 7,
	}
	for step := range 5 {
		page := x.Page(step)
		assert.Equal(t, string(page.Body), string(x.Page(step).Body))
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(bytes.NewReader(page.Body))
		require.NoError(t, err)
		if step == 2 {
			assert.Len(t, families, processMetrics)
			continue
		}
		in := families["flink_taskmanager_job_task_numRecordsIn"]
		require.Len(t, in.Metric, 4)
		assert.Len(t, families["flink_taskmanager_job_task_operator_numRecordsIn"].Metric, 8)
		if step == 3 {
			assert.Zero(t, in.Metric[0].GetGauge().GetValue(), "a new attempt counts from 0")
		}
	}
	large := string(LargeTaskManager().Page(1).Body)
	assert.Equal(t, 4136, strings.Count(large, "} "))
}

func TestServeScenario(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	urls := make(chan []string, 1)
	done := make(chan error, 1)
	go func() {
		done <- ServeScenario(ctx, "1.20.3", "idle", func(u []string) { urls <- u })
	}()
	for _, url := range <-urls {
		_, body, err := get(t, url)
		require.NoError(t, err)
		assert.Contains(t, body, "# HELP flink_")
	}
	cancel()
	require.NoError(t, <-done)
	assert.ErrorContains(t, ServeScenario(t.Context(), "0", "idle", nil), "no capture")
}
