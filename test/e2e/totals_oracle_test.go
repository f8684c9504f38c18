//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/flinktest"
)

// The oracle knows three rules and nothing of Weir's code. A counter of Flink belongs to one subtask in one attempt, starts at zero
// with it and never falls. What testdata/totals.yaml leaves of its labels names an output. So an output's total is the sum, over its
// subtasks and their attempts, of the last value that was seen of each.

// documented are the names that the counters of the story must have in a store.
var documented = map[string]string{
	"flink_taskmanager_job_task_numRecordsIn":                          "flink_task_numRecordsIn",
	"flink_taskmanager_job_task_numRecordsOut":                         "flink_task_numRecordsOut",
	"flink_taskmanager_job_task_operator_tenant_Orders_v1_orders_seen": seenCounter,
	"flink_taskmanager_job_task_operator_numRecordsIn":                 "flink_operator_numRecordsIn",
	"flink_taskmanager_job_task_operator_numRecordsOut":                "flink_operator_numRecordsOut",
}

// incarnation is one counter of Flink: an output's part that starts at zero and never falls.
type incarnation struct{ output, subtask, attempt string }

// readCounts gives the values of all documented counters of a body. Those of tasks are merged over subtasks; the others keep
// their subtask_index, and are outputs of one input at a time.
func readCounts(t *testing.T, body, instance string) map[incarnation]float64 {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	require.NoError(t, err)
	counts := map[incarnation]float64{}
	for raw, name := range documented {
		for _, m := range families[raw].GetMetric() {
			key, value := countOf(name, instance, m)
			_, twice := counts[key]
			require.False(t, twice, "two samples of a body are %v", key)
			counts[key] = value
		}
	}
	return counts
}

func countOf(name, instance string, m *dto.Metric) (incarnation, float64) {
	set := map[string]string{"__name__": name, "job": "flink", "instance": instance}
	key := incarnation{}
	for _, l := range m.GetLabel() {
		switch l.GetName() {
		case "task_attempt_num":
			key.attempt = l.GetValue()
		case "task_attempt_id":
		case "subtask_index":
			key.subtask = l.GetValue()
			if !strings.HasPrefix(name, "flink_task_") {
				set["subtask_index"] = l.GetValue()
			}
		case "host":
			set["host_name"] = l.GetValue()
		default:
			set[l.GetName()] = l.GetValue()
		}
	}
	key.output = render(set)
	return key, m.GetGauge().GetValue()
}

// unsureFor is how long before a kill a body may have ended without that it is known to have counted.
const unsureFor = 2 * time.Second

// possibleTotals are the totals by output that one target's bodies allow, given in the order in which they were said, with the times of
// Weir's kills: at each kill, what was said just before may have counted as a whole, or not at all.
func possibleTotals(t *testing.T, instance string, bodies []scrape, kills []time.Time) []map[string]float64 {
	t.Helper()
	counts := make([]map[incarnation]float64, len(bodies))
	unsureAt := make([]int, len(bodies)) // one bit for each kill
	for i, b := range bodies {
		counts[i] = readCounts(t, b.body, instance)
		for k, kill := range kills {
			if b.at.Before(kill) && kill.Sub(b.ended) < unsureFor {
				unsureAt[i] |= 1 << k
			}
		}
	}
	var possible []map[string]float64
	for lost := range 1 << len(kills) {
		last := map[incarnation]float64{}
		for i := range bodies {
			if unsureAt[i]&lost == 0 {
				for key, value := range counts[i] {
					require.GreaterOrEqual(t, value, last[key], "%v never falls", key)
					last[key] = value
				}
			}
		}
		totals := map[string]float64{}
		for key, value := range last {
			totals[key.output] += value
		}
		possible = append(possible, totals)
	}
	return possible
}

func TestTheOracleAddsUpAttemptsAndSubtasks(t *testing.T) {
	line := func(subtask, attempt, value string) string {
		return `flink_taskmanager_job_task_numRecordsIn{host="tm",task_name="map",subtask_index="` + subtask +
			`",task_attempt_id="x` + attempt + `",task_attempt_num="` + attempt + `",} ` + value + "\n"
	}
	began := time.Now()
	at := func(seconds int, lines ...string) scrape {
		head := "# HELP flink_taskmanager_job_task_numRecordsIn numRecordsIn (scope: taskmanager_job_task)\n# TYPE flink_taskmanager_job_task_numRecordsIn gauge\n"
		when := began.Add(time.Duration(seconds) * time.Second)
		return scrape{at: when, ended: when, body: head + strings.Join(lines, "")}
	}
	bodies := []scrape{
		at(0, line("0", "0", "100.0"), line("1", "0", "10.0")),
		at(10, line("0", "0", "150.0"), line("1", "0", "20.0")), // may have been too late
		at(20, line("0", "1", "7.0")),                           // subtask 1 is somewhere else
		{at: began.Add(25 * time.Second), ended: began.Add(25 * time.Second), failed: true},
		at(30, line("0", "1", "9.0")),
	}
	const output = `{__name__="flink_task_numRecordsIn", host_name="tm", instance="i", job="flink", task_name="map"}`

	kill := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	totals := func(values ...float64) (all []map[string]float64) {
		for _, v := range values {
			all = append(all, map[string]float64{output: v})
		}
		return all
	}
	assert.Equal(t, totals(179), possibleTotals(t, "i", bodies, nil))
	assert.Equal(t, totals(179, 119), possibleTotals(t, "i", bodies, []time.Time{kill(11)}))
	assert.Equal(t, totals(179, 179), possibleTotals(t, "i", bodies, []time.Time{kill(13)}))
	assert.Equal(t, totals(179, 119, 179, 119), possibleTotals(t, "i", bodies, []time.Time{kill(11), kill(21)}),
		"a later body shows what an unsure one had")
}

func TestTheOracleReadsWhatFlinkSaid(t *testing.T) {
	processes, err := flinktest.Scenario("1.20.3", "restart")
	require.NoError(t, err)
	attempts := map[string]bool{}
	for _, p := range processes {
		var bodies []scrape
		for _, page := range p.Pages {
			bodies = append(bodies, scrape{body: string(page.Body), failed: page.Refused})
			for key := range readCounts(t, string(page.Body), p.Name) {
				attempts[key.attempt] = true
			}
		}
		assert.Len(t, possibleTotals(t, p.Name, bodies, nil), 1)
	}
	assert.Equal(t, map[string]bool{"0": true, "1": true}, attempts)
}
