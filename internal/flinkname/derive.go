package flinkname

import "strings"

// Prefix is what every name of Flink's reporter begins with.
const Prefix = "flink_"

// scopeRules say how the scope part of a raw name is written in documented names; the first match holds, so the
// narrower scope stands first. The images share no prefix after escaping: no two raw names can meet in one name.
var scopeRules = []struct{ raw, name string }{
	{"flink_taskmanager_job_task_operator_", "flink.operator."},
	{"flink_taskmanager_job_task_", "flink.task."},
	{"flink_taskmanager_job_", "flink.taskmanager.job."},
	{"flink_taskmanager_", "flink.taskmanager."},
	{"flink_jobmanager_job_operator_coordinator_", "flink.jobmanager.job.operator.coordinator."},
	{"flink_jobmanager_job_", "flink.jobmanager.job."},
	{"flink_jobmanager_", "flink.jobmanager."},
}

// documentedFlat holds the documented names as they look after underscore escaping.
var documentedFlat = flattenDocumented(flinkTable)

func flattenDocumented(t *Table) map[string]bool {
	flat := make(map[string]bool, t.Len())
	for metric := range t.All() {
		flat[flatten(metric.Name)] = true
	}
	return flat
}

// Derive returns a name in the style of the documented ones for a raw name that no table lists. The scope follows the
// rule of the table; below it, dots and dashes come back where help, the reporter's HELP text, proves them:
//
//	flink_taskmanager_job_task_operator_tenant_Orders_v1_orders_seen -> flink.operator.tenant.Orders.v1.orders-seen
//
// Without such proof the rest stays as it is. Both forms are the same name once characters are escaped to underscores,
// so a missing HELP never changes a series in a Prometheus store. Derive is injective and never returns a documented
// name of another raw name. It returns raw itself where no rule holds: a scope that Flink's reporter does not
// have, characters it cannot expose, or a result that reads like a documented name.
func Derive(raw, help string) string {
	for _, rule := range scopeRules {
		rest, ok := strings.CutPrefix(raw, rule.raw)
		if !ok {
			continue
		}
		if rest == "" || !allFlat(rest) || readsDocumented(raw, rule.name+rest) {
			return raw
		}
		return rule.name + restore(rest, strings.TrimPrefix(rule.raw, Prefix), help)
	}
	return raw
}

// readsDocumented tells whether name looks like a documented one that belongs to another raw name, as
// numRecordsOutPerSec does, which Flink exposes as numRecordsOutPerSecond.
func readsDocumented(raw, name string) bool {
	if metric, ok := flinkTable.Lookup(raw); ok && flatten(metric.Name) == flatten(name) {
		return false
	}
	return documentedFlat[flatten(name)]
}

func flatten(name string) string { return strings.ReplaceAll(name, ".", "_") }

// restore puts the dots of the metric group and the unsanitized name of the metric back into rest, the part of a raw
// name below the scope. A summary's count has the HELP of its summary.
func restore(rest, scopePrefix, help string) string {
	original, scope, ok := ParseHelp(help)
	if !ok {
		return rest
	}
	group, ok := strings.CutPrefix(scope+"_", scopePrefix)
	if !ok {
		return rest
	}
	shape := strings.ReplaceAll(group, "_", ".") + original
	if name, ok := unflatten(rest, shape); ok {
		return name
	}
	if summary, ok := strings.CutSuffix(rest, "_count"); ok {
		if name, ok := unflatten(summary, shape); ok {
			return name + "_count"
		}
	}
	return rest
}

// unflatten returns flat with the separators of shape, and false if shape does not flatten to flat. Prometheus
// escapes a run of separators to one underscore and cuts it at the ends, so only a separator that stands alone
// between two characters comes back.
func unflatten(flat, shape string) (string, bool) {
	if len(flat) != len(shape) {
		return "", false
	}
	name := []byte(flat)
	for i := range name {
		c := shape[i]
		switch {
		case isFlat(c) && c != flat[i], !isFlat(c) && flat[i] != '_':
			return "", false
		case isSeparator(c) && i > 0 && i < len(shape)-1 && isFlat(shape[i-1]) && isFlat(shape[i+1]):
			name[i] = c
		}
	}
	return string(name), true
}

// ParseHelp splits the HELP text of Flink's reporter, "orders-seen (scope: taskmanager_job_task_operator_tenant)", into
// the name that the metric was registered with and its logical scope. HELP is unescaped already.
func ParseHelp(help string) (original, scope string, ok bool) {
	const open = " (scope: "
	text, ok := strings.CutSuffix(help, ")")
	if !ok {
		return "", "", false
	}
	i := strings.LastIndex(text, open)
	if i <= 0 {
		return "", "", false
	}
	original, scope = text[:i], text[i+len(open):]
	if scope == "" || !allFlat(scope) {
		return "", "", false
	}
	return original, scope, true
}

// isFlat tells which characters a name of Flink's reporter has; all others it replaces by an underscore.
func isFlat(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == ':'
}

func allFlat(s string) bool {
	for i := range len(s) {
		if !isFlat(s[i]) {
			return false
		}
	}
	return true
}

// isSeparator tells which of the others an OpenTelemetry metric name may have.
func isSeparator(c byte) bool { return c == '.' || c == '-' || c == '/' }
