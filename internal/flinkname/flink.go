package flinkname

import (
	"bytes"
	_ "embed"
	"slices"
)

//go:embed flink.csv
var flinkCSV []byte

// The file is part of the program, so a mistake in it stops the program at its start, and every test before that.
var flinkTable = mustReadTable(flinkCSV, "flink.csv")

func mustReadTable(data []byte, name string) *Table {
	t, err := ReadTable(bytes.NewReader(data), name)
	if err != nil {
		panic(err)
	}
	return t
}

// Flink returns the table of the documented metrics: 88 names, two of them under two raw names each.
func Flink() *Table { return flinkTable }

var entityLabels = []string{
	"tm_id", "job_id", "job_name", "task_id", "task_name", "task_attempt_id", "task_attempt_num",
	"subtask_index", "operator_id", "operator_name",
}

// EntityLabels returns the keys of the labels that name a Flink entity (TaskManager, job, task, operator), from the
// widest to the narrowest. The caller owns the slice.
func EntityLabels() []string { return slices.Clone(entityLabels) }

// IsEntityLabel tells whether a label of that key names a Flink entity.
func IsEntityLabel(key string) bool { return slices.Contains(entityLabels, key) }
