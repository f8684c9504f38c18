package cardinalityprocessor

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// logLine is what an application writes, without anything that a rule of the preset looks for.
const logLine = "INFO  [main] o.a.f.r.taskmanager.Task - Source: orders -> Map (2/4)#0 switched from RUNNING to FINISHED, 1204 rows in 37 ms\n"

func logsWith(body string, attributes int) plog.Logs {
	ld := plog.NewLogs()
	record := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.Body().SetStr(body)
	for _, key := range []string{"level", "logger", "thread", "http.route", "http.method", "code", "port", "pod.ip.family"}[:attributes] {
		record.Attributes().PutStr(key, "some value of "+key)
	}
	record.Attributes().PutInt("http.status_code", 200)
	return ld
}

// BenchmarkTexts is the preset over data in which it finds nothing, and over a log with an address in each line.
func BenchmarkTexts(b *testing.B) {
	walk := func(b *testing.B, bytes int, do func(*textWalk)) {
		core, err := newCore(sanitizing(), nopSettings())
		require.NoError(b, err)
		b.SetBytes(int64(bytes))
		b.ReportAllocs()
		for b.Loop() {
			w := beginTexts(core.inForce.Load())
			do(w)
			w.end()
		}
	}
	body := strings.Repeat(logLine, 4096/len(logLine)+1)[:4096]
	b.Run("body of 4 KiB", func(b *testing.B) {
		ld := logsWith(body, 0)
		walk(b, len(body), func(w *textWalk) { w.logs(ld) })
	})
	b.Run("record with 9 attributes", func(b *testing.B) {
		ld := logsWith("started", 8)
		walk(b, 0, func(w *textWalk) { w.logs(ld) })
	})
	b.Run("span with 20 events of 1 KiB", func(b *testing.B) {
		td := airflowSpan(body[:1025])
		walk(b, 20*1025, func(w *textWalk) { w.traces(td) })
	})
	b.Run("an address in each line", func(b *testing.B) {
		leaky := strings.ReplaceAll(body, "main", "ana@corp.io")
		td, given := ptrace.NewTraces(), airflowSpan(leaky)
		walk(b, 20*len(leaky), func(w *textWalk) {
			given.CopyTo(td)
			w.traces(td)
		})
	})
}
