package orderedremotewriteexporter

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// benchWriter starts an exporter with a log that writes to a transport that swallows
// everything.
func benchWriter(b testing.TB, dir string, change func(*Config, *WALConfig)) *remoteWriter {
	cfg := createDefaultConfig().(*Config)
	cfg.HTTP.Endpoint = "http://127.0.0.1:9/"
	withWAL(dir, func(c *Config, wal *WALConfig) {
		wal.MaxSizeMiB = 4096
		if change != nil {
			change(c, wal)
		}
	})(cfg)
	x, err := newExporter(exportertest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(b, err)
	return x.benchStart(b)
}

// BenchmarkConsumeMetricsWithLog is BenchmarkConsumeMetrics with wal.
func BenchmarkConsumeMetricsWithLog(b *testing.B) {
	benchCalls(b, benchWriter(b, b.TempDir(), nil))
}

// logOnly is a journal whose log is there but not read.
func logOnly(b testing.TB) (*remoteWriter, *journal, pmetric.Metrics) {
	x := benchWriter(b, b.TempDir(), func(c *Config, _ *WALConfig) { c.Shards = 1 })
	require.NoError(b, x.Shutdown(context.Background()))
	slot, err := x.openJournal(b.TempDir(), 0, false)
	require.NoError(b, err)
	j := slot.backlog.(*journal)
	b.Cleanup(func() { require.NoError(b, j.shut()) })
	return x, j, taskManager()
}

// stage walks a call and logs it.
func (j *journal) stage(b testing.TB, md pmetric.Metrics, ms int64) {
	in := j.x.in
	advance(md, ms)
	in.walk(md)
	j.weigh(in.staged[0], in.before[0], ms)
	_, _, err := j.push()
	require.NoError(b, err)
	in.unstage(0)
}

// BenchmarkLog is encoding and appending alone.
func BenchmarkLog(b *testing.B) {
	_, j, md := logOnly(b)
	n := md.DataPointCount()
	j.stage(b, md, 1)
	in := j.x.in
	advance(md, 2)
	in.walk(md)
	before := j.end
	b.ReportAllocs()
	for b.Loop() {
		j.weigh(in.staged[0], in.before[0], 1)
		if _, _, err := j.push(); err != nil {
			b.Fatal(err)
		}
		if err := j.log.Truncate(j.written); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/sample")
	b.ReportMetric(float64(j.end.bytes-before.bytes)/float64(j.end.seq-before.seq), "disk-B/sample")
}

// BenchmarkReadLog is reading, checking and decoding.
func BenchmarkReadLog(b *testing.B) {
	_, j, md := logOnly(b)
	const calls = 20
	for i := range calls {
		j.stage(b, md, int64(i+1))
	}
	start := j.cursor.from
	b.ReportAllocs()
	for b.Loop() {
		j.mu.Lock()
		j.reader, j.record, j.read = j.log.Reader(start, nil), record{}, mark{}
		for j.front() != nil {
			j.pop()
		}
		require.NoError(b, j.reader.Close())
		j.mu.Unlock()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*calls*md.DataPointCount()), "ns/sample")
}

// Logging and reading known series must cost no allocation per sample.
func TestTheLogAllocatesNothingPerSample(t *testing.T) {
	_, j, md := logOnly(t)
	j.stage(t, md, 1)
	ms := int64(1)
	perCall := testing.AllocsPerRun(10, func() {
		ms++
		j.stage(t, md, ms)
		j.mu.Lock()
		for j.front() != nil {
			j.pop()
		}
		j.mu.Unlock()
	})
	require.Less(t, perCall, 30.0, "allocations for %d samples", md.DataPointCount())
}

// BenchmarkRecovery restores 1,000,000 series and the samples of three calls.
func BenchmarkRecovery(b *testing.B) {
	dir := b.TempDir()
	cfg := func(c *Config, wal *WALConfig) { c.SlotBy, wal.Fsync = slotBySeries, "never" }
	x := benchWriter(b, dir, cfg)
	x.client.http.Transport = refusing{}
	const entities, metrics = 40_000, 25
	for part := range 40 {
		bt := newBatch()
		for e := range entities / 40 {
			id := part*entities/40 + e
			bt.resource("service.name", "flink", "service.instance.id", fmt.Sprint("tm-", id/400), "tm_id", fmt.Sprint("tm-", id/400),
				"job_id", "0123456789abcdef0123456789abcdef", "job_name", "orders", "task_id", fmt.Sprintf("%032d", id),
				"task_attempt_id", fmt.Sprintf("%064d", id), "subtask_index", fmt.Sprint(id%8))
			for m := range metrics {
				bt.gauge(fmt.Sprint("flink.task.metric", m), 1, float64(id*m)*1.5)
			}
		}
		for ms := range int64(3) {
			advance(bt.md, ms+1)
			require.NoError(b, x.ConsumeMetrics(context.Background(), bt.md))
		}
	}
	require.NoError(b, x.Shutdown(canceled()))
	for b.Loop() {
		began := time.Now()
		x := benchWriter(b, dir, cfg)
		x.client.http.Transport = refusing{}
		b.ReportMetric(time.Since(began).Seconds(), "s/recovery")
		b.ReportMetric(float64(x.seriesActive()), "series")
		b.ReportMetric(float64(x.telemetry.pending.Load()), "samples")
		b.StopTimer()
		require.NoError(b, x.Shutdown(canceled()))
		b.StartTimer()
	}
}

type refusing struct{}

func (refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return nil, io.ErrClosedPipe
}
