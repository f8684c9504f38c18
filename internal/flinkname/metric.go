package flinkname

// Kind is what the values of a metric mean, whatever type they arrive as. Flink's reporter types everything but
// summaries as a gauge.
type Kind uint8

const (
	// Gauge is a value of the moment.
	Gauge Kind = iota
	// Sum is a monotonic cumulative total: it only grows until its process, job or attempt starts again.
	Sum
	// AsReceived leaves the kind to the data. Only tables of users have it.
	AsReceived
)

// String returns the word that a table uses for the kind; AsReceived is the empty cell.
func (k Kind) String() string {
	switch k {
	case Gauge:
		return "gauge"
	case Sum:
		return "sum"
	default:
		return ""
	}
}

// Metric is one row of a Table.
type Metric struct {
	Raw   string // as the reporter exposes it: flink_taskmanager_job_task_numRecordsIn
	Name  string // as documentation has it: flink.task.numRecordsIn
	Unit  string // UCUM: By, ms, {record}/s; empty if the table does not say
	Kind  Kind
	Scope string // jobmanager, jobmanager_job, taskmanager, taskmanager_job, task, operator, or empty
	Note  string // what a reader of the documentation should know; often empty
}
