package flinkname

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the tables of docs/flink-metrics.md")

// TestDocumentationMatchesTheTable keeps the generated blocks of the documentation equal to flink.csv.
func TestDocumentationMatchesTheTable(t *testing.T) {
	const page = "../../docs/flink-metrics.md"
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	want := string(text)
	for block, content := range map[string]string{"names": namesBlock(), "cumulative": cumulativeBlock()} {
		pattern := regexp.MustCompile(`(?s)(<!-- begin ` + block + `:[^\n]*-->\n).*?(<!-- end ` + block + ` -->)`)
		require.Regexp(t, pattern, want)
		want = pattern.ReplaceAllString(want, "${1}"+content+"${2}")
	}
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, string(text), "run go generate ./internal/flinkname")
}

func namesBlock() string {
	titles := map[string]string{
		"jobmanager": "JobManager", "jobmanager_job": "Job, on the JobManager", "taskmanager": "TaskManager",
		"task": "Task", "operator": "Operator",
	}
	var b strings.Builder
	scope := ""
	for metric := range Flink().All() {
		if metric.Scope != scope {
			scope = metric.Scope
			fmt.Fprintf(&b, "\n### %s\n\n| Documented name | Raw name | Unit | Kind | Note |\n|---|---|---|---|---|\n", titles[scope])
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | `%s` | %s | %s |\n", metric.Name, metric.Raw, metric.Unit, metric.Kind, metric.Note)
	}
	return b.String() + "\n"
}

func cumulativeBlock() string {
	var b strings.Builder
	last := ""
	for metric := range Flink().All() {
		if metric.Kind == Sum && metric.Name != last {
			last = metric.Name
			fmt.Fprintf(&b, "- `%s`\n", metric.Name)
		}
	}
	return "\n" + b.String() + "\n"
}
