package flinkname

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/prometheus/otlptranslator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// capturedHelp holds every name that Flink 1.18.1 and 1.20.3 exposed in the captures, a tab, and its HELP text.
//
//go:embed testdata/help.txt
var capturedHelp string

// flat is the name as it stands in a Prometheus store.
func flat(t require.TestingT, name string) string {
	namer := otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithoutSuffixes)
	escaped, err := namer.Build(otlptranslator.Metric{Name: name})
	require.NoError(t, err)
	return escaped
}

func TestDerive(t *testing.T) {
	const operator = "flink_taskmanager_job_task_operator_"
	tests := map[string]struct{ raw, help, want string }{
		"a task metric": {
			"flink_taskmanager_job_task_busyTimeMsPerSecond", "busyTimeMsPerSecond (scope: taskmanager_job_task)",
			"flink.task.busyTimeMsPerSecond",
		},
		"a user's groups and name": {
			operator + "tenant_Orders_v1_orders_seen", "orders-seen (scope: taskmanager_job_task_operator_tenant_Orders_v1)",
			"flink.operator.tenant.Orders.v1.orders-seen",
		},
		"the count of a summary": {
			operator + "tenant_Orders_v1_orderValue_count", "orderValue (scope: taskmanager_job_task_operator_tenant_Orders_v1)",
			"flink.operator.tenant.Orders.v1.orderValue_count",
		},
		"a name that ends in count by itself": {
			operator + "rows_count", "rows.count (scope: taskmanager_job_task_operator)", "flink.operator.rows.count",
		},
		"a Kafka client's metric": {
			operator + "KafkaSourceReader_KafkaConsumer_records_lag_max",
			"records-lag-max (scope: taskmanager_job_task_operator_KafkaSourceReader_KafkaConsumer)",
			"flink.operator.KafkaSourceReader.KafkaConsumer.records-lag-max",
		},
		"RocksDB": {
			operator + "column_family_rocksdb_estimate_num_keys",
			"rocksdb.estimate-num-keys (scope: taskmanager_job_task_operator_column_family)",
			"flink.operator.column.family.rocksdb.estimate-num-keys",
		},
		"a source coordinator": {
			"flink_jobmanager_job_operator_coordinator_enumerator_unassignedSplits",
			"unassignedSplits (scope: jobmanager_job_operator_coordinator_enumerator)",
			"flink.jobmanager.job.operator.coordinator.enumerator.unassignedSplits",
		},
		"a JobManager's job": {
			"flink_jobmanager_job_runningTime", "runningTime (scope: jobmanager_job)", "flink.jobmanager.job.runningTime",
		},
		"a TaskManager's job": {
			"flink_taskmanager_job_fileMerging_logicalFileCount", "", "flink.taskmanager.job.fileMerging_logicalFileCount",
		},
		"a garbage collector": {
			"flink_jobmanager_Status_JVM_GarbageCollector_G1_Old_Generation_Count",
			"Count (scope: jobmanager_Status_JVM_GarbageCollector_G1_Old_Generation)",
			"flink.jobmanager.Status.JVM.GarbageCollector.G1.Old.Generation.Count",
		},
		"no HELP":           {operator + "tenant_Orders_v1_orders_seen", "", "flink.operator.tenant_Orders_v1_orders_seen"},
		"HELP of no Flink":  {operator + "orders_seen", "orders-seen", "flink.operator.orders_seen"},
		"HELP of another":   {operator + "orders_seen", "orders-lost (scope: taskmanager_job_task_operator)", "flink.operator.orders_seen"},
		"another scope":     {operator + "orders_seen", "orders-seen (scope: taskmanager_job_task)", "flink.operator.orders_seen"},
		"a nested bracket":  {operator + "a__scope__b_", "a (scope: b) (scope: taskmanager_job_task_operator)", "flink.operator.a__scope__b_"},
		"adjacent dots":     {operator + "a____b_c", "a...-b.c (scope: taskmanager_job_task_operator)", "flink.operator.a____b.c"},
		"dots at both ends": {operator + "_a_", ".a. (scope: taskmanager_job_task_operator)", "flink.operator._a_"},
		"spaces and arrows": {operator + "in____out_rate", "in -> out/rate (scope: taskmanager_job_task_operator)", "flink.operator.in____out/rate"},
		"letters beyond ASCII": {
			operator + "gr__en", "größen (scope: taskmanager_job_task_operator)", "flink.operator.gr__en",
		},
		"a scope alone":                    {operator, "", operator},
		"no scope of the reporter":         {"flink_k8soperator_jobs", "jobs (scope: k8soperator)", "flink_k8soperator_jobs"},
		"already short":                    {"flink_operator_orders", "", "flink_operator_orders"},
		"not a reporter's character":       {"flink_taskmanager_a.b", "", "flink_taskmanager_a.b"},
		"not Flink's":                      {"jvm_threads", "", "jvm_threads"},
		"reads like a documented name":     {operator + "numRecordsOutPerSec", "", operator + "numRecordsOutPerSec"},
		"a documented name in another way": {"flink_jobmanager_Status_JVM_CPU_load", "load (scope: jobmanager_Status_JVM_CPU)", "flink_jobmanager_Status_JVM_CPU_load"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, Derive(test.raw, test.help))
		})
	}
}

func TestDeriveAgreesWithTheTableWhereNamesAreRegular(t *testing.T) {
	irregular := map[string]bool{}
	for line := range strings.Lines(capturedHelp) {
		raw, help, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		metric, ok := Flink().Lookup(raw)
		if ok && Derive(raw, help) != metric.Name {
			irregular[raw] = true
		}
	}
	assert.Equal(t, map[string]bool{
		"flink_jobmanager_Status_JVM_CPU_Load":                                   true,
		"flink_jobmanager_Status_JVM_CPU_Time":                                   true,
		"flink_taskmanager_Status_JVM_CPU_Load":                                  true,
		"flink_taskmanager_Status_JVM_CPU_Time":                                  true,
		"flink_taskmanager_job_task_numRecordsOutPerSecond":                      true,
		"flink_taskmanager_job_task_operator_numRecordsOutPerSecond":             true,
		"flink_taskmanager_job_task_operator_KafkaSourceReader_commitsSucceeded": true,
		"flink_taskmanager_job_task_operator_KafkaSourceReader_commitsFailed":    true,
	}, irregular)
}

func TestDerivedNamesOfTheCapturesAreDistinctAndDotted(t *testing.T) {
	documented := map[string]bool{}
	for _, name := range Flink().Documented() {
		documented[name] = true
	}
	seen := map[string]string{}
	for line := range strings.Lines(capturedHelp) {
		raw, help, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		original, scope, ok := ParseHelp(help)
		require.True(t, ok, help)
		if _, listed := Flink().Lookup(raw); listed {
			continue
		}
		name := Derive(raw, help)
		assert.True(t, strings.HasSuffix(name, "."+original), "%s of %s must keep %q", name, raw, original)
		assert.NotContains(t, strings.TrimSuffix(name, original), "_", "all of scope %s is known", scope)
		assert.False(t, documented[name], name)
		assert.Equal(t, flat(t, Derive(raw, "")), flat(t, name))
		for _, derived := range []string{name, flat(t, name), Derive(raw, "")} {
			other, taken := seen[derived]
			assert.True(t, !taken || other == raw, "%s and %s meet in %s", raw, other, derived)
			seen[derived] = raw
		}
	}
	assert.Greater(t, len(seen), 1000)
}

// registered is a metric as somebody registered it, with what the reporter makes of it.
type registered struct{ raw, help string }

var registrations = rapid.Custom(func(t *rapid.T) registered {
	sanitize := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < 128 && isFlat(byte(r)) {
				return r
			}
			return '_'
		}, s)
	}
	scope := rapid.SampledFrom([]string{
		"taskmanager_job_task_operator", "taskmanager_job_task", "taskmanager_job", "taskmanager",
		"jobmanager_job_operator_coordinator", "jobmanager_job", "jobmanager", "operator", "task", "k8soperator",
	}).Draw(t, "scope")
	word := rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z0-9_.:/ >-]{1,6}`),
		rapid.SampledFrom([]string{"operator", "task", "job", "coordinator", "count", "numRecordsOutPerSec", "größe", "é"}),
	)
	for _, group := range rapid.SliceOfN(word, 0, 3).Draw(t, "groups") {
		scope += "_" + sanitize(group)
	}
	name := word.Draw(t, "name")
	m := registered{raw: Prefix + scope + "_" + sanitize(name), help: name + " (scope: " + scope + ")"}
	if rapid.Bool().Draw(t, "count of a summary") {
		m.raw += "_count"
	}
	return m
})

func TestDeriveIsInjectiveAndTheSameAfterEscaping(t *testing.T) {
	documented := map[string]bool{}
	for _, name := range Flink().Documented() {
		documented[name] = true
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := registrations.Draw(t, "a"), registrations.Draw(t, "b")
		derived := Derive(a.raw, a.help)
		if row, listed := Flink().Lookup(a.raw); !listed || row.Name != derived {
			assert.False(t, documented[derived], "%s is documented for another name than %s", derived, a.raw)
		}
		assert.Equal(t, flat(t, Derive(a.raw, "")), flat(t, derived))
		assert.Equal(t, flat(t, derived), flat(t, Derive(a.raw, b.help)), "the HELP of another metric changes nothing")
		if a.raw != b.raw {
			assert.NotEqual(t, derived, Derive(b.raw, b.help))
			assert.NotEqual(t, derived, Derive(b.raw, ""))
		}
	})
}

func TestParseHelp(t *testing.T) {
	tests := map[string]struct {
		help, original, scope string
		ok                    bool
	}{
		"name and scope":   {"orders-seen (scope: taskmanager_job_task)", "orders-seen", "taskmanager_job_task", true},
		"brackets in name": {"a (scope: b) (scope: taskmanager)", "a (scope: b)", "taskmanager", true},
		"empty":            {},
		"a sentence":       {help: "Number of records."},
		"no name":          {help: " (scope: taskmanager)"},
		"no scope":         {help: "a (scope: )"},
		"no end":           {help: "a (scope: taskmanager"},
		"scope unclean":    {help: "a (scope: task manager)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			original, scope, ok := ParseHelp(test.help)
			assert.Equal(t, test.ok, ok)
			assert.Equal(t, test.original, original)
			assert.Equal(t, test.scope, scope)
		})
	}
}

func FuzzDerive(f *testing.F) {
	for line := range strings.Lines(capturedHelp) {
		raw, help, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		f.Add(raw, help)
	}
	f.Add("flink_taskmanager_job_task_operator_a_count", "a (scope: taskmanager_job_task_operator)")
	f.Add("flink_taskmanager_\xff", "\xff (scope: taskmanager)")
	f.Fuzz(func(t *testing.T, raw, help string) {
		if original, scope, ok := ParseHelp(help); ok {
			require.Equal(t, help, original+" (scope: "+scope+")")
		}
		name := Derive(raw, help)
		if name != raw {
			require.Len(t, name, len(Derive(raw, "")))
			require.Equal(t, flat(t, Derive(raw, "")), flat(t, name))
		}
	})
}
