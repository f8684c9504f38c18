package flinktest

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// Exposition generates the pages of one TaskManager with one job. The same fields give the same pages; counters have
// grown with each step since their attempt began.
type Exposition struct {
	TaskManager string // tm_id and host; "tm-1" if empty
	Job         string // job_name; "job" if empty
	Subtasks    int    // of each task
	Tasks       int
	Operators   int // of each task
	// TaskMetrics and OperatorMetrics are numbers of metrics per subtask. The first are cumulative ones of Flink's own.
	TaskMetrics     int
	OperatorMetrics int
	UserVariables   map[string]string // on every operator series
	Restarts        []int             // steps at which all tasks begin a new attempt, with counters from 0
	Gaps            []int             // steps at which the job's series are absent
	Escapes         bool              // put quotes, backslashes and line feeds into a label
	Shuffle         uint64            // seed for the order of families and labels, another at each step; 0: fixed order
}

// LargeTaskManager is the size of a TaskManager in a job of parallelism 32: 4,136 series.
func LargeTaskManager() Exposition {
	return Exposition{Subtasks: 32, Tasks: 2, Operators: 1, TaskMetrics: 42, OperatorMetrics: 22}
}

// taskCounters and operatorCounters are cumulative in Flink's table.
var (
	taskCounters     = []string{"numRecordsIn", "numRecordsOut", "numBytesOut", "numBuffersOut"}
	operatorCounters = []string{"numRecordsIn", "numRecordsOut"}
)

// processMetrics is the number of series of the TaskManager itself.
const processMetrics = 40

// Page is a Script.
func (x Exposition) Page(step int) Page {
	random := rand.New(rand.NewPCG(x.Shuffle, uint64(step)))
	families := [][]byte{}
	for m := range processMetrics {
		families = append(families, x.family(step, "taskmanager", fmt.Sprintf("Status_metric%02d", m), false, nil, random))
	}
	if !slices.Contains(x.Gaps, step) {
		for m := range x.TaskMetrics {
			name, counter := metricName(taskCounters, m)
			families = append(families, x.family(step, "taskmanager_job_task", name, counter, x.tasks(step, 0), random))
		}
		for m := range x.OperatorMetrics {
			name, counter := metricName(operatorCounters, m)
			families = append(families, x.family(step, "taskmanager_job_task_operator", name, counter, x.tasks(step, x.Operators), random))
		}
	}
	if x.Shuffle != 0 {
		random.Shuffle(len(families), func(i, j int) { families[i], families[j] = families[j], families[i] })
	}
	return Page{Body: bytes.Join(families, nil)}
}

func metricName(counters []string, m int) (name string, counter bool) {
	if m < len(counters) {
		return counters[m], true
	}
	return fmt.Sprintf("metric%02d", m), false
}

// tasks returns the label sets of all subtasks, or of all their operators if there are any.
func (x Exposition) tasks(step, operators int) [][]string {
	attempt := x.attempt(step)
	var sets [][]string
	for task := range x.Tasks {
		for subtask := range x.Subtasks {
			set := []string{
				"job_id", "7d147e7e9351bb1e6be100ccbe28e90e",
				"task_id", fmt.Sprintf("%032x", task+1),
				"task_attempt_id", fmt.Sprintf("0a23bf9832ee49a2a696226b70682c87_%032x_%d_%d", task+1, subtask, attempt),
				"task_name", fmt.Sprintf("Source:_orders__%d_____enrich:_order____priced_order", task),
				"task_attempt_num", fmt.Sprint(attempt),
				"job_name", orDefault(x.Job, "job"),
				"subtask_index", fmt.Sprint(subtask),
			}
			if operators == 0 {
				sets = append(sets, set)
			}
			for operator := range operators {
				with := append(slices.Clip(set),
					"operator_id", fmt.Sprintf("%032x", 16*(task+1)+operator), "operator_name", fmt.Sprintf("operator_%d", operator))
				for _, key := range slices.Sorted(maps.Keys(x.UserVariables)) {
					with = append(with, key, x.UserVariables[key])
				}
				sets = append(sets, with)
			}
		}
	}
	return sets
}

func (x Exposition) attempt(step int) int {
	attempt := 0
	for _, restart := range x.Restarts {
		if step >= restart {
			attempt++
		}
	}
	return attempt
}

// family writes HELP, TYPE and one sample per label set; no sets mean one sample of the process.
func (x Exposition) family(step int, scope, name string, counter bool, sets [][]string, random *rand.Rand) []byte {
	var b bytes.Buffer
	raw := "flink_" + scope + "_" + name
	fmt.Fprintf(&b, "# HELP %s %s (scope: %s)\n# TYPE %s gauge\n", raw, name, scope, raw)
	tm := orDefault(x.TaskManager, "tm-1")
	common := []string{"host", tm, "tm_id", tm + ":46145_6e0e61"}
	if x.Escapes {
		common = append(common, "odd", "a \\ backslash, a \" quote, a } brace\nand = a line")
	}
	if sets == nil && !strings.Contains(scope, "_job") {
		sets = [][]string{nil}
	}
	for i, set := range sets {
		b.WriteString(raw)
		x.labels(&b, append(slices.Clip(common), set...), random)
		b.WriteString(" " + javaDouble(x.value(step, i, counter)) + "\n")
	}
	return b.Bytes()
}

func (x Exposition) labels(b *bytes.Buffer, pairs []string, random *rand.Rand) {
	order := make([]int, len(pairs)/2)
	for i := range order {
		order[i] = i
	}
	if x.Shuffle != 0 {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	b.WriteByte('{')
	for _, i := range order {
		fmt.Fprintf(b, `%s="%s",`, pairs[2*i], labelEscapes.Replace(pairs[2*i+1]))
	}
	b.WriteByte('}')
}

// value is the same for the same step and series: a counter gains 10 to 16 a step from 0 at the start of its attempt.
func (x Exposition) value(step, series int, counter bool) float64 {
	if !counter {
		return float64((step*31 + series*7) % 1000)
	}
	began := 0
	for _, restart := range x.Restarts {
		if step >= restart {
			began = max(began, restart)
		}
	}
	return float64((step - began) * (10 + series%7))
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func orDefault(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
