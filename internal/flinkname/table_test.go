package flinkname

import (
	"encoding/csv"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFlinkListsEveryDocumentedName(t *testing.T) {
	file, err := os.Open("testdata/datadog-metadata.csv")
	require.NoError(t, err)
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)

	// The list knows fullRestarts; a later revision of it has numRestarts in that place.
	want := []string{"flink.jobmanager.job.numRestarts"}
	for _, record := range records[1:] {
		want = append(want, record[0])
	}
	assert.ElementsMatch(t, want, Flink().Documented())
	assert.Len(t, Flink().Documented(), 88)
	assert.Equal(t, 90, Flink().Len(), "88 names, two of them under a second raw name")
}

func TestFlinkSumsAreTheTrulyCumulativeMetrics(t *testing.T) {
	counters := []string{
		"flink.task.numBytesOut", "flink.task.numBuffersOut", "flink.task.numRecordsIn", "flink.task.numRecordsOut",
		"flink.task.numLateRecordsDropped", "flink.task.Shuffle.Netty.Input.numBytesInLocal",
		"flink.task.Shuffle.Netty.Input.numBytesInRemote", "flink.task.Shuffle.Netty.Input.numBuffersInLocal",
		"flink.task.Shuffle.Netty.Input.numBuffersInRemote", "flink.operator.numRecordsIn",
		"flink.operator.numRecordsOut", "flink.operator.numLateRecordsDropped", "flink.operator.numSplitsProcessed",
		"flink.operator.commitsSucceeded", "flink.operator.commitsFailed",
	}
	growingGauges := []string{
		"flink.jobmanager.job.numberOfCompletedCheckpoints", "flink.jobmanager.job.numberOfFailedCheckpoints",
		"flink.jobmanager.job.totalNumberOfCheckpoints", "flink.jobmanager.job.fullRestarts",
		"flink.jobmanager.Status.JVM.CPU.time", "flink.taskmanager.Status.JVM.CPU.time",
		"flink.jobmanager.Status.JVM.ClassLoader.ClassesLoaded", "flink.jobmanager.Status.JVM.ClassLoader.ClassesUnloaded",
		"flink.taskmanager.Status.JVM.ClassLoader.ClassesLoaded", "flink.taskmanager.Status.JVM.ClassLoader.ClassesUnloaded",
	}
	want := slices.Concat(counters, growingGauges)
	require.Len(t, want, 25)
	want = append(want, "flink.jobmanager.job.numRestarts")

	var sums []string
	for metric := range Flink().All() {
		switch metric.Kind {
		case Sum:
			sums = append(sums, metric.Name)
		case AsReceived:
			assert.Failf(t, "a documented metric has a kind", "%s has none", metric.Raw)
		}
	}
	slices.Sort(sums)
	assert.Len(t, sums, 28, "two sums have a second raw name")
	assert.ElementsMatch(t, want, slices.Compact(sums))
}

func TestFlinkRowsFollowTheScopeRule(t *testing.T) {
	prefixes := map[string]string{
		"jobmanager": "flink.jobmanager.", "jobmanager_job": "flink.jobmanager.job.",
		"taskmanager": "flink.taskmanager.", "task": "flink.task.", "operator": "flink.operator.",
	}
	for metric := range Flink().All() {
		assert.True(t, strings.HasPrefix(metric.Name, prefixes[metric.Scope]), "%s in %q", metric.Name, metric.Scope)
		assert.True(t, strings.HasPrefix(metric.Raw, Prefix), metric.Raw)
		assert.NotEmpty(t, metric.Unit, metric.Raw)
	}
}

func TestLookup(t *testing.T) {
	tests := map[string]Metric{
		"flink_taskmanager_job_task_numBytesOut": {
			Name: "flink.task.numBytesOut", Unit: "By", Kind: Sum, Scope: "task",
		},
		"flink_jobmanager_job_numRestarts": {
			Name: "flink.jobmanager.job.numRestarts", Unit: "{restart}", Kind: Sum, Scope: "jobmanager_job",
		},
		"flink_jobmanager_job_fullRestarts": {
			Name: "flink.jobmanager.job.fullRestarts", Unit: "{restart}", Kind: Sum, Scope: "jobmanager_job",
		},
		"flink_taskmanager_job_task_operator_numRecordsOutPerSecond": {
			Name: "flink.operator.numRecordsOutPerSec", Unit: "{record}/s", Kind: Gauge, Scope: "operator",
		},
		"flink_taskmanager_job_task_operator_commitsFailed": {
			Name: "flink.operator.commitsFailed", Unit: "{commit}", Kind: Sum, Scope: "operator",
		},
		"flink_taskmanager_job_task_operator_KafkaSourceReader_commitsFailed": {
			Name: "flink.operator.commitsFailed", Unit: "{commit}", Kind: Sum, Scope: "operator",
		},
		"flink_taskmanager_Status_JVM_CPU_Time": {
			Name: "flink.taskmanager.Status.JVM.CPU.time", Unit: "ns", Kind: Sum, Scope: "taskmanager",
		},
	}
	for raw, want := range tests {
		got, ok := Flink().Lookup(raw)
		require.True(t, ok, raw)
		want.Raw, want.Note = raw, got.Note
		assert.Equal(t, want, got)
	}
	_, ok := Flink().Lookup("flink.task.numBytesOut")
	assert.False(t, ok, "a documented name is not a raw name")
}

func TestReadTable(t *testing.T) {
	table, err := ReadTable(strings.NewReader(
		"name,raw,kind\norders.seen,flink_taskmanager_job_task_operator_orders,sum\nup.state,up,\n"), "mine.csv")
	require.NoError(t, err)
	assert.Equal(t, []Metric{
		{Raw: "flink_taskmanager_job_task_operator_orders", Name: "orders.seen", Kind: Sum},
		{Raw: "up", Name: "up.state", Kind: AsReceived},
	}, slices.Collect(table.All()))
	assert.Equal(t, []string{"orders.seen", "up.state"}, table.Documented())
}

func TestReadTableTellsFileLineGivenAndAllowed(t *testing.T) {
	long := strings.Repeat("a", maxNameBytes+1)
	tests := map[string]struct{ csv, want string }{
		"empty file":         {"", "t.csv:1: table is empty: the first line must name the columns, at least raw,name"},
		"unknown column":     {"raw,name,colour\n", `t.csv:1: unknown column "colour": allowed are raw, name, unit, kind, scope, note`},
		"column twice":       {"raw,name,raw\n", `t.csv:1: column "raw" is named twice`},
		"column missing":     {"raw,unit\n", `t.csv:1: column "name" is missing: raw and name are required`},
		"unknown kind":       {"raw,name,kind\na,b,gauge\nc,d,counter\n", `t.csv:3: kind must be gauge, sum or empty (got "counter")`},
		"no raw name":        {"raw,name\n,b\n", "t.csv:2: raw must not be empty"},
		"no name":            {"raw,name\na,\n", "t.csv:2: name must not be empty"},
		"name with a space":  {"raw,name\na,b c\n", `t.csv:2: name must be visible characters without spaces (got "b c")`},
		"name not UTF-8":     {"raw,name\na,b\xff\n", `t.csv:2: name must be visible characters without spaces (got "b\xff")`},
		"name too long":      {"raw,name\n" + long + ",b\n", "t.csv:2: raw must have at most 512 bytes (got 513)"},
		"unit with a break":  {"raw,name,unit\na,b,\"B\ny\"\n", `t.csv:2: unit must be at most 63 visible characters, such as By or {record}/s (got "B\ny")`},
		"unknown scope":      {"raw,name,scope\na,b,job\n", `t.csv:2: scope must be empty or one of jobmanager, jobmanager_job, taskmanager, taskmanager_job, task, operator (got "job")`},
		"raw name twice":     {"raw,name\na,b\nc,d\na,e\n", `t.csv:4: raw name "a" is listed twice, first in line 2`},
		"kinds disagree":     {"raw,name,kind\na,x,sum\nb,x,gauge\n", `t.csv:3: name "x" must have the unit "" and kind "sum" of line 2 (got "" and "gauge")`},
		"units disagree":     {"raw,name,unit\na,x,s\nb,x,ms\n", `t.csv:3: name "x" must have the unit "s" and kind "" of line 2 (got "ms" and "")`},
		"too few cells":      {"raw,name\na,b\nc\n", "t.csv:3: column 1: wrong number of fields"},
		"stray quote":        {"raw,name\na,b\"c\n", `t.csv:2: column 4: bare " in non-quoted-field`},
		"line after a break": {"raw,name,note\na,b,\"one\ntwo\"\nc,,\n", "t.csv:4: name must not be empty"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ReadTable(strings.NewReader(test.csv), "t.csv")
			assert.EqualError(t, err, test.want)
		})
	}
}

func TestReadTableIsBounded(t *testing.T) {
	_, err := ReadTable(strings.NewReader("raw,name,note\na,b,"+strings.Repeat("x", maxTableBytes)), "t.csv")
	assert.EqualError(t, err, "t.csv: table is larger than 8388608 bytes")

	var rows strings.Builder
	rows.WriteString("raw,name\n")
	for i := range maxTableRows + 1 {
		rows.WriteString(strconv.Itoa(i) + "," + strconv.Itoa(i) + "\n")
	}
	_, err = ReadTable(strings.NewReader(rows.String()), "t.csv")
	assert.EqualError(t, err, "t.csv:50002: table has more than 50000 rows")
}

func FuzzReadTable(f *testing.F) {
	f.Add(string(flinkCSV))
	f.Add("raw,name,unit,kind\na,b,By,sum\n\"c\nd\",e,,\n")
	f.Add("raw,name\na,\"b")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := ReadTable(strings.NewReader(text), "t.csv")
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "t.csv:"), err)
			return
		}
		for metric := range table.All() {
			found, ok := table.Lookup(metric.Raw)
			require.True(t, ok)
			require.Equal(t, metric, found)
			require.NotEmpty(t, metric.Name)
		}
	})
}

func TestEntityLabels(t *testing.T) {
	assert.Len(t, EntityLabels(), 10)
	for _, key := range EntityLabels() {
		assert.True(t, IsEntityLabel(key), key)
	}
	for _, key := range []string{"", "host", "tenant", "topic", "TM_ID"} {
		assert.False(t, IsEntityLabel(key), key)
	}
	EntityLabels()[0] = "mine"
	assert.Equal(t, "tm_id", EntityLabels()[0], "the caller owns what it got")
}
