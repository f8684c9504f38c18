package flinkprometheusreceiver

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"weir.example/internal/flinktest"
	"weir.example/receiver/flinkprometheusreceiver/internal/metadata"
)

// patience bounds every wait of these tests; the machine may be busy.
const patience = 60 * time.Second

// running is a whole receiver against endpoints.
type running struct {
	sink consumertest.MetricsSink
	logs *observer.ObservedLogs
	tel  *componenttest.Telemetry
	stop func()
}

func run(t *testing.T, edit func(*Config), targets ...string) *running {
	t.Helper()
	r := &running{}
	r.startWith(t, &r.sink, edit, targets...)
	return r
}

func (r *running) startWith(t *testing.T, next consumer.Metrics, edit func(*Config), targets ...string) {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Targets = targets
	cfg.CollectionInterval = 100 * time.Millisecond
	if edit != nil {
		edit(cfg)
	}
	require.NoError(t, cfg.Validate())
	core, logs := observer.New(zap.InfoLevel)
	r.logs, r.tel = logs, componenttest.NewTelemetry()
	set := receivertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = r.tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	rcv, err := NewFactory().CreateMetrics(t.Context(), set, cfg, next)
	require.NoError(t, err)
	require.NoError(t, rcv.Start(t.Context(), componenttest.NewNopHost()))
	r.stop = sync.OnceFunc(func() {
		began := time.Now()
		assert.NoError(t, rcv.Shutdown(context.Background()))
		assert.Less(t, time.Since(began), 5*time.Second)
		assert.NoError(t, r.tel.Shutdown(context.Background()))
	})
	t.Cleanup(r.stop)
}

func endpoint(t *testing.T, bodies ...string) *flinktest.Endpoint {
	t.Helper()
	e, err := flinktest.StartEndpoint("127.0.0.1:0", flinktest.Repeat(flinktest.Bodies(bodies...)...))
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

// scrapes returns the deliveries of one instance, oldest first.
func (r *running) scrapes(instance string) []map[string]seen {
	var found []map[string]seen
	for _, md := range r.sink.AllMetrics() {
		id, _ := md.ResourceMetrics().At(0).Resource().Attributes().Get("service.instance.id")
		if id.Str() == instance {
			found = append(found, flatten(md))
		}
	}
	return found
}

func (r *running) last(instance string) map[string]seen {
	all := r.scrapes(instance)
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

// counted returns the value of an internal counter with these attributes, given in pairs.
func (r *running) counted(t *testing.T, name string, pairs ...string) int64 {
	return counted(t, r.tel, name, pairs...)
}

func counted(t *testing.T, tel *componenttest.Telemetry, name string, pairs ...string) int64 {
	m, err := tel.GetMetric("otelcol_receiver_flinkprometheus_" + name)
	if err != nil {
		return 0
	}
	var points []metricdata.DataPoint[int64]
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		points = data.DataPoints
	case metricdata.Gauge[int64]:
		points = data.DataPoints
	default:
		t.Errorf("%s is %T", name, m.Data)
	}
	var total int64
	for _, p := range points {
		matches := true
		for i := 0; i < len(pairs); i += 2 {
			v, ok := p.Attributes.Value(attribute.Key(pairs[i]))
			matches = matches && ok && v.AsString() == pairs[i+1]
		}
		if matches {
			total += p.Value
		}
	}
	return total
}

const goodBody = "# HELP flink_taskmanager_job_task_numRecordsIn numRecordsIn (scope: taskmanager_job_task)\n" +
	"# TYPE flink_taskmanager_job_task_numRecordsIn gauge\n" +
	"flink_taskmanager_job_task_numRecordsIn{host=\"h\",subtask_index=\"0\",} 5.0\n"

const goodSeries = "flink_taskmanager_job_task_numRecordsIn[host.name:h subtask_index:0]"

// All faults at once, beside one target without any.
func TestEachFaultFailsOnlyItsTargetAndIsCountedAndLoggedOnce(t *testing.T) {
	faults := []struct {
		name   string
		fault  flinktest.Fault
		reason string
	}{
		{"refused connection", flinktest.Refuse, reasonRefused},
		{"no answer", flinktest.Hang, reasonTimeout},
		{"a byte at a time", flinktest.Drip, reasonTimeout},
		{"a body without end", flinktest.Endless, reasonBodySize},
		{"shorter than its length", flinktest.ShortLength, reasonTruncated},
		{"half a gzip stream", flinktest.CutGzip, reasonTruncated},
		{"a clean end in a line", flinktest.CutLine, reasonTruncated},
		{"a page of HTML", flinktest.HTML, reasonNotMetrics},
		{"a JSON document", flinktest.JSON, reasonNotMetrics},
		{"text that is not metrics", flinktest.PlainNonsense, reasonNotMetrics},
		{"status 500", flinktest.Status500, reasonStatus},
		{"status 503", flinktest.Status503, reasonStatus},
		{"a redirect", flinktest.Redirect, reasonStatus},
	}
	body := goodBody + strings.Repeat("# which takes long, a byte at a time\n", 50)
	good := endpoint(t, body)
	addresses := []string{good.Addr()}
	var bad []*flinktest.Endpoint
	for range faults {
		bad = append(bad, endpoint(t, body))
		addresses = append(addresses, bad[len(bad)-1].Addr())
	}
	r := run(t, func(cfg *Config) {
		cfg.CollectionInterval = 5 * time.Second // the timeout too, which a busy machine must not reach
		cfg.Limits.BodySizeMiB = 1
	}, addresses...)
	shows := func(address string, value float64) func() bool {
		return func() bool { return r.last(address)[goodSeries].value == value }
	}
	for _, address := range addresses {
		require.Eventually(t, shows(address, 5), patience, 5*time.Millisecond)
	}

	for i, c := range faults {
		require.NoError(t, bad[i].Misbehave(c.fault))
	}
	failures := func(address string) (n int64) {
		for _, points := range r.scrapes(address) {
			if points["up[]"].value == 0 {
				n++
			}
		}
		return n
	}
	for i, c := range faults {
		require.Eventually(t, func() bool { return failures(bad[i].Addr()) >= 2 }, patience, 5*time.Millisecond, c.name)
	}
	for i, c := range faults {
		warnings := r.logs.FilterMessage("target is down").FilterField(zap.String("target", bad[i].Addr())).All()
		if assert.Len(t, warnings, 1, c.name) {
			assert.Equal(t, c.reason, warnings[0].ContextMap()["reason"], c.name)
		}
	}
	before := len(r.scrapes(good.Addr()))
	require.Eventually(t, func() bool { return len(r.scrapes(good.Addr())) > before }, patience, 5*time.Millisecond)
	assert.Zero(t, failures(good.Addr()))

	for i := range faults {
		require.NoError(t, bad[i].Misbehave(flinktest.None))
	}
	for i, c := range faults {
		require.Eventually(t, shows(bad[i].Addr(), 5), patience, 5*time.Millisecond, c.name)
		stale := 0
		for _, points := range r.scrapes(bad[i].Addr()) {
			if points[goodSeries].stale {
				stale++
			}
		}
		assert.Equal(t, 1, stale, "one stale marker for one outage: %s", c.name)
	}
	assert.EqualValues(t, len(faults), r.counted(t, "stale_markers"))
	expected := map[string]int64{}
	for i, c := range faults {
		expected[c.reason] += failures(bad[i].Addr())
	}
	for reason, times := range expected {
		assert.Equal(t, times, r.counted(t, "scrapes", "outcome", "failure", "reason", reason), reason)
	}
}

func TestBadLinesCostOnlyThemselves(t *testing.T) {
	for name, c := range map[string]struct {
		fault  flinktest.Fault
		reason dropReason
	}{
		"malformed lines":         {flinktest.MalformedLines, malformed},
		"a label name twice":      {flinktest.DuplicateLabel, duplicateLabel},
		"a line beyond the limit": {flinktest.HugeLine, lineTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := endpoint(t, goodBody)
			require.NoError(t, e.Misbehave(c.fault))
			r := run(t, func(cfg *Config) { cfg.CollectionInterval = 500 * time.Millisecond }, e.Addr())
			require.Eventually(t, func() bool { return r.counted(t, "dropped_samples", "reason", string(c.reason)) >= 3 }, patience, 5*time.Millisecond)
			for _, points := range r.scrapes(e.Addr()) {
				if points["up[]"].value == 1 { // a busy machine may be too slow for the interval
					assert.Equal(t, 5.0, points[goodSeries].value)
				}
			}
			r.stop()
			assert.Len(t, r.logs.FilterMessage("dropping samples").All(), 1)
		})
	}
}

// TestWhatIsServedIsWhatArrives compares, value by value, the bodies that a recorded cluster has served over HTTP with
// what the pipeline got.
func TestWhatIsServedIsWhatArrives(t *testing.T) {
	processes, err := flinktest.Scenario("1.20.3", "steady")
	require.NoError(t, err)
	cluster, err := flinktest.StartCluster(processes, flinktest.Loop)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	for _, e := range cluster.Endpoints {
		e.StepPerRequest()
	}
	r := run(t, func(cfg *Config) {
		cfg.CollectionInterval, cfg.Sentinels = time.Second, sentinelsKeep
	}, cluster.URLs()...)
	for _, e := range cluster.Endpoints {
		require.Eventually(t, func() bool { return len(r.scrapes(e.Addr())) >= 5 }, patience, 50*time.Millisecond)
	}
	r.stop()
	for _, e := range cluster.Endpoints {
		served := e.Served()
		for i, got := range r.scrapes(e.Addr()) {
			if got["up[]"].value == 0 { // a busy machine may be too slow for the interval
				continue
			}
			c, want := read(t, served[i].Body)
			values := map[string]uint64{}
			for _, p := range want.points {
				values[c.delivered(p)] = math.Float64bits(p.value)
			}
			for key, p := range withoutReport(got) {
				if !p.stale {
					require.Equal(t, values[key], math.Float64bits(p.value), key)
					delete(values, key)
				}
			}
			require.Empty(t, values, "samples that did not arrive")
		}
	}
}

// delivered names a series as flatten does.
func (t *table) delivered(p point) string {
	attributes := map[string]any{}
	for _, l := range t.labelsOf(p) {
		if l.name == hostLabel {
			l.name = "host.name"
		}
		attributes[l.name] = l.value
	}
	return t.metricOf(p).name + strings.TrimPrefix(fmt.Sprint(attributes), "map")
}

func TestSeriesLimitFailsTheScrape(t *testing.T) {
	e := endpoint(t, goodBody+strings.Repeat("flink_x 1\n", 10))
	r := run(t, func(cfg *Config) { cfg.Limits.Series = 10 }, e.Addr())
	require.Eventually(t, func() bool {
		return r.counted(t, "scrapes", "outcome", "failure", "reason", reasonSeriesLimit) >= 2
	}, patience, 5*time.Millisecond)
	assert.Empty(t, withoutReport(r.last(e.Addr())))
	assert.Contains(t, r.logs.FilterMessage("target is down").All()[0].ContextMap()["error"], "more than limits.series = 10 series")
}

func TestPortsOfARangeAreSilentUntilTheyAnswer(t *testing.T) {
	g := newRig(t, func(cfg *Config) { cfg.Targets = []string{"tm:9249-9250"} })

	assert.Nil(t, g.run(step{fail: reasonRefused}))
	assert.Nil(t, g.run(step{fail: reasonTimeout}))
	assert.Zero(t, g.logs.Len())
	assert.EqualValues(t, 2, counted(t, g.tel, "scrapes", "outcome", "silent"))
	first := g.run(step{body: lineA + "5\n"})
	assert.Equal(t, 1.0, first["up[]"].value)
	assert.Equal(t, after(0), first[counterA].start, "the refused probe proves that nothing was there")
	assert.Zero(t, g.run(step{fail: reasonRefused})["up[]"].value)
	assert.Equal(t, 1, g.logs.FilterMessage("target is down").Len())
}

func TestPipelineThatRefusesIsLoggedOnce(t *testing.T) {
	g := newRig(t, nil)
	for range 3 {
		g.run(step{body: lineA + "5\n", refuse: true})
	}
	g.run(step{body: lineA + "5\n"})
	g.run(step{body: lineA + "5\n"})
	assert.EqualValues(t, 3, counted(t, g.tel, "scrapes", "outcome", "undelivered"))
	assert.EqualValues(t, 2, counted(t, g.tel, "scrapes", "outcome", "success"))
	assert.Equal(t, 1, g.logs.FilterMessage("pipeline refuses scrapes").Len())
	assert.Equal(t, 1, g.logs.FilterMessage("pipeline takes scrapes again").Len())
}

// blocked is a pipeline that takes nothing until its caller gives up.
type blocked struct{ entered chan struct{} }

func (blocked) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (b blocked) ConsumeMetrics(ctx context.Context, _ pmetric.Metrics) error {
	select {
	case b.entered <- struct{}{}:
	default:
	}
	<-ctx.Done()
	return ctx.Err()
}

func TestBlockedPipelineIsGivenOneInterval(t *testing.T) {
	e := endpoint(t, goodBody)
	r := &running{}
	r.startWith(t, blocked{make(chan struct{}, 1)}, nil, e.Addr())
	require.Eventually(t, func() bool { return r.counted(t, "scrapes", "outcome", "undelivered") >= 2 }, patience, 5*time.Millisecond)
	require.Eventually(t, func() bool { return r.counted(t, "skipped_scrapes") >= 1 }, patience, 5*time.Millisecond)
}

func TestShutdownIsPromptAndSendsNoStaleMarkers(t *testing.T) {
	t.Run("before the first scrape", func(t *testing.T) {
		r := run(t, func(cfg *Config) { cfg.CollectionInterval = time.Hour }, endpoint(t, goodBody).Addr())
		r.stop()
		assert.Empty(t, r.sink.AllMetrics())
	})
	t.Run("while the pipeline blocks", func(t *testing.T) {
		r, b := &running{}, blocked{make(chan struct{}, 1)}
		r.startWith(t, b, func(cfg *Config) { cfg.CollectionInterval = 4 * time.Second }, endpoint(t, goodBody).Addr())
		<-b.entered
		r.stop()
	})
	t.Run("while a target hangs", func(t *testing.T) {
		e := endpoint(t, goodBody)
		r := run(t, nil, e.Addr())
		require.Eventually(t, func() bool { return len(r.scrapes(e.Addr())) > 0 }, patience, 5*time.Millisecond)
		require.NoError(t, e.Misbehave(flinktest.Hang))
		r.stop()
		for _, points := range r.scrapes(e.Addr()) {
			assert.False(t, points[goodSeries].stale && points["up[]"].value == 1)
		}
		assert.Empty(t, r.logs.FilterMessage("target is down").FilterField(zap.String("reason", reasonConnection)).All())
	})
}

func TestNamesArePushedDown(t *testing.T) {
	body := goodBody + "# TYPE flink_other gauge\nflink_other 1\n# TYPE flink_lat summary\nflink_lat_count 3\nflink_lat{quantile=\"0.5\"} 1\n"
	t.Run("exact names are asked for", func(t *testing.T) {
		e := endpoint(t, body)
		r := run(t, func(cfg *Config) { cfg.Metrics.Include = []string{"flink_lat"} }, e.Addr())
		require.Eventually(t, func() bool { return len(r.scrapes(e.Addr())) > 0 }, patience, 5*time.Millisecond)
		assert.Equal(t, "name%5B%5D=flink_lat&name%5B%5D=flink_lat_count", e.Served()[0].Query)
		assert.Equal(t, map[string]string{"flink_lat[quantile:0.5]": "1@?", "flink_lat_count[]": "3@?"}, render(withoutReport(r.last(e.Addr()))))
	})
	t.Run("globs are not", func(t *testing.T) {
		e := endpoint(t, body)
		r := run(t, func(cfg *Config) {
			cfg.Metrics.Include, cfg.Metrics.Exclude = []string{"flink_l*", "flink_o*"}, []string{"*other"}
		}, e.Addr())
		require.Eventually(t, func() bool { return len(r.scrapes(e.Addr())) > 0 }, patience, 5*time.Millisecond)
		assert.Empty(t, e.Served()[0].Query)
		assert.Equal(t, map[string]string{"flink_lat[quantile:0.5]": "1@?", "flink_lat_count[]": "3@?"}, render(withoutReport(r.last(e.Addr()))))
	})
}
