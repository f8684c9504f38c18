// Package flinkname is the vocabulary of Apache Flink's metrics: what a name of its Prometheus reporter is called in
// Flink's and Datadog's documentation, which unit and kind it has, which labels name a Flink entity, and what to call
// metrics that no documentation lists.
//
// The table comes from one file, flink.csv. A raw name is what the reporter exposes
// (flink_taskmanager_job_task_numRecordsIn), a documented name what people look for (flink.task.numRecordsIn).
package flinkname

//go:generate go test . -run TestDocumentationMatchesTheTable -update
