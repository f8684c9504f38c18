package cardinalityprocessor

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"weir.example/processor/cardinalityprocessor/internal/evidence"
	"weir.example/processor/cardinalityprocessor/internal/metadatatest"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// shelf is a storage extension that keeps logs in a directory and values in memory.
type shelf struct {
	logStorage
	storage.Client

	mu     sync.Mutex
	values map[string][]byte
	fail   error
}

func newShelf(dir string) *shelf {
	return &shelf{logStorage: logStorage{dir: dir}, values: map[string][]byte{}}
}

func (s *shelf) Start(context.Context, component.Host) error { return nil }
func (s *shelf) Shutdown(context.Context) error              { return nil }
func (s *shelf) Close(context.Context) error                 { return nil }

func (s *shelf) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return s, nil
}

func (s *shelf) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[key], s.fail
}

func (s *shelf) Set(ctx context.Context, key string, value []byte) error {
	return s.Batch(ctx, storage.SetOperation(key, value))
}

func (s *shelf) Batch(_ context.Context, ops ...*storage.Operation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	for _, op := range ops {
		s.values[op.Key] = op.Value
		if op.Type == storage.Delete {
			delete(s.values, op.Key)
		}
	}
	return nil
}

func (s *shelf) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// observingConfig also drops the label `input`.
func observingConfig(dir string) *Config {
	cfg := mergingConfig(dir)
	cfg.Learn.Mode = LearnObserve
	cfg.Learn.ReportFile = filepath.Join(dir, "report.json")
	return cfg
}

// observing starts a site whose storage is the shelf.
func observing(t testing.TB, cfg *Config, s *shelf) *site {
	made := newSite(t, cfg, s.dir)
	made.host.extensions[logsID] = s
	require.NoError(t, made.Start(context.Background(), made.host))
	return made
}

// labelled is a call with a sum that has this label.
func labelled(metric, label string, value any) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("host.name", "h1")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(metric)
	_ = m.SetEmptySum().DataPoints().AppendEmpty().Attributes().FromRaw(map[string]any{label: value})
	return md
}

func readReport(t testing.TB, cfg *Config) (text string, labels map[string]evidence.Label) {
	raw, err := os.ReadFile(cfg.Learn.ReportFile)
	require.NoError(t, err)
	var r evidence.Report
	require.NoError(t, json.Unmarshal(raw, &r))
	labels = map[string]evidence.Label{}
	for _, l := range r.Labels {
		labels[l.Metric+"|"+l.Name] = l
	}
	return string(raw), labels
}

func TestEvidenceTellsWhatArrivesUnderTheNamesThatRulesSee(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg := observingConfig(dir)
		cfg.Rename.GetOrInsertDefault()
		s := observing(t, cfg, newShelf(dir))
		for i := range 3 {
			md := pointOf("flink_taskmanager_job_task_numRecordsIn", fmt.Sprint("in-", i), 1, time.Now().UnixNano(), 1)
			require.NoError(t, s.ConsumeMetrics(t.Context(), md))
			md = labelled("requests", "status", 200)
			require.NoError(t, s.ConsumeMetrics(t.Context(), md))
			md = labelled("requests", "status", "200")
			require.NoError(t, s.ConsumeMetrics(t.Context(), md))
		}
		s.end(t)
		_, labels := readReport(t, cfg)
		require.Len(t, labels, 3)
		assert.EqualValues(t, 3, labels["|input"].Distinct.Minute, "before the rule takes it away")
		assert.EqualValues(t, 1, labels["|host.name"].Distinct.Day)
		assert.EqualValues(t, 6, labels["requests|status"].Observations)
		assert.EqualValues(t, []evidence.Share{{Value: "200", Share: 1}}, labels["requests|status"].Top, "as a number and as text")
	})
}

func TestNoReportAndNoSnapshotHoldsASecret(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg, s := observingConfig(dir), newShelf(dir)
		site := observing(t, cfg, s)
		secrets := []string{"joao.silva@example.com", "4111 1111 1111 1111", "123-45-6789", "ghp_0123456789abcdefABCDEF0123456789abcd"}
		for _, secret := range secrets {
			require.NoError(t, site.ConsumeMetrics(t.Context(), labelled("logins", "who", secret)))
			require.NoError(t, site.ConsumeMetrics(t.Context(), labelled("logins", "text", "by "+secret+" today")))
		}
		site.end(t)
		text, labels := readReport(t, cfg)
		assert.EqualValues(t, len(secrets), labels["logins|who"].Distinct.Minute)
		for _, secret := range secrets {
			assert.NotContains(t, text, secret)
			assert.NotContains(t, string(s.values["evidence"]), secret)
		}
	})
}

func TestWhatRulesMakeUnreadableIsNotShown(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg, s := observingConfig(dir), newShelf(dir)
		cfg.HashKey = "0123456789abcdef"
		in := rules.Match{Resource: map[string]string{"host.name": "h*"}}
		cfg.Rules = []rules.Rule{
			{Labels: []string{"user"}, Match: in, Action: rules.Hash},
			{Labels: []string{"note", "room"}, Values: []string{"/prj-[a-z]+/"}, Action: rules.Redact},
			{Labels: []string{"room"}, Action: rules.Drop},
		}
		site := observing(t, cfg, s)
		for _, label := range []string{"user", "note", "room", "host"} {
			require.NoError(t, site.ConsumeMetrics(t.Context(), labelled("m", label, "of prj-moon")))
		}
		site.end(t)
		_, labels := readReport(t, cfg)
		assert.Regexp(t, "^[0-9a-f]{16}$", labels["m|user"].Top[0].Value)
		assert.Equal(t, "of {redacted}", labels["m|note"].Top[0].Value)
		assert.Equal(t, "of {redacted}", labels["m|room"].Top[0].Value)
		assert.Equal(t, "of prj-moon", labels["m|host"].Top[0].Value)
	})
}

func TestKnownValuesAreMeasuredWithoutAllocations(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Learn.Mode = LearnObserve
	w, md, now := newWitness(&cfg.Learn), requestsOf(0), time.Unix(1_760_000_000, 0)
	set, err := cfg.compileRules(nil, nil, newReader())
	require.NoError(t, err)
	for range 40 { // of equally heavy values some take turns in the table until they have been seen often
		w.observe(md, set, now)
	}
	assert.Zero(t, testing.AllocsPerRun(10, func() { w.observe(md, set, now) }))
}

func TestEvidenceGoesOnAfterARestart(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg, s := observingConfig(dir), newShelf(dir)
		for life := range 3 {
			site := observing(t, cfg, s)
			for i := range 100 {
				require.NoError(t, site.ConsumeMetrics(t.Context(), labelled("m", "l", fmt.Sprint(life*50+i))))
			}
			site.end(t)
		}
		_, labels := readReport(t, cfg)
		assert.EqualValues(t, 300, labels["m|l"].Observations)
		assert.EqualValues(t, 200, labels["m|l"].Distinct.Minute)
	})
}

func TestEvidenceThatCannotBeReadIsSetAsideWithOneWarning(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg, s := observingConfig(dir), newShelf(dir)
		s.values["evidence"] = []byte("of another kind")
		site := observing(t, cfg, s)
		require.NoError(t, site.ConsumeMetrics(t.Context(), labelled("m", "l", "a")))
		site.end(t)
		assert.Equal(t, "of another kind", string(s.values["evidence.aside"]))
		assert.Len(t, site.logs.FilterMessageSnippet("set aside").All(), 1)
		again := observing(t, cfg, s)
		again.end(t)
		assert.Empty(t, again.logs.FilterMessageSnippet("set aside").All())
		_, labels := readReport(t, cfg)
		assert.EqualValues(t, 1, labels["m|l"].Observations)
	})
}

func TestEvidenceThatCannotBeSavedOrWrittenIsAFaultUntilItCan(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg, s := observingConfig(dir), newShelf(dir)
		reports := filepath.Join(dir, "reports")
		require.NoError(t, os.Mkdir(reports, 0o700))
		cfg.Learn.ReportFile = filepath.Join(reports, "r.json")
		site := observing(t, cfg, s)
		require.NoError(t, os.Remove(reports))
		s.set(func() { s.fail = errGate })
		require.NoError(t, site.ConsumeMetrics(t.Context(), labelled("m", "l", "a")))
		time.Sleep(evidenceInterval + 2*atticInterval)
		assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusRecoverableError},
			site.host.reported())
		require.NoError(t, os.Mkdir(reports, 0o700))
		s.set(func() { s.fail = nil })
		time.Sleep(time.Minute)
		statuses := site.host.reported()
		assert.Equal(t, componentstatus.StatusOK, statuses[len(statuses)-1])
		site.end(t)
	})
}

func TestStorageWithoutValuesIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := newSite(t, observingConfig(dir), dir)
	s.host.extensions[logsID] = struct {
		component.Component
		logDirectories
	}{logDirectories: logStorage{dir: dir}}
	require.EqualError(t, s.Start(t.Context(), s.host),
		`storage: "logs" stores no values (allowed: an extension that does, such as pebblestorage)`)
	s.end(t)
}

func TestTheLargestLabelsHaveGauges(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg := observingConfig(dir)
		cfg.Learn.MaxLabels = shownLabels + 5
		s := observing(t, cfg, newShelf(dir))
		for i := range 30 {
			for n := range i + 1 {
				require.NoError(t, s.ConsumeMetrics(t.Context(), labelled("m", fmt.Sprintf("l%02d", i), fmt.Sprint(n))))
			}
		}
		time.Sleep(time.Minute + time.Second)
		shown, err := s.telemetry.GetMetric("otelcol_processor_cardinality_label_values")
		require.NoError(t, err)
		assert.Len(t, shown.Data.(metricdata.Gauge[float64]).DataPoints, 3*shownLabels)
		metadatatest.AssertEqualProcessorCardinalityEvidenceLabels(t, s.telemetry,
			[]metricdata.DataPoint[int64]{{Value: shownLabels + 5}}, metricdatatest.IgnoreTimestamp())
		// l24 to l29: host.name takes a place.
		metadatatest.AssertEqualProcessorCardinalityEvidenceUntracked(t, s.telemetry,
			[]metricdata.DataPoint[int64]{{Value: 25 + 26 + 27 + 28 + 29 + 30}}, metricdatatest.IgnoreTimestamp())
		s.end(t)
	})
}

func TestLearnTellsKeyGivenAndAllowed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*LearnConfig)
		want   string
	}{
		"enforce":       {func(c *LearnConfig) { c.Mode = "enforce" }, "learn.mode: enforce is not available yet (allowed: off, observe)"},
		"another mode":  {func(c *LearnConfig) { c.Mode = "on" }, `learn.mode: must be off or observe (got "on")`},
		"no labels":     {func(c *LearnConfig) { c.MaxLabels = 0 }, "learn.max_labels: must be from 1 to 100000 (got 0)"},
		"few values":    {func(c *LearnConfig) { c.MaxRememberedValues = 1 }, "learn.max_remembered_values: must be from 1000 to 268435456 (got 1)"},
		"no interval":   {func(c *LearnConfig) { c.ReportInterval = 0 }, "learn.report_interval: must be from 1s to 24h0m0s (got 0s)"},
		"a file if off": {func(c *LearnConfig) { c.ReportFile = "r.json" }, "learn.report_file: there is no report while learn.mode is off (allowed: observe)"},
		"a folder that is not there": {
			func(c *LearnConfig) { c.Mode, c.ReportFile = LearnObserve, "not/there/r.json" },
			`learn.report_file: "not/there" is not a directory that is there (got "not/there/r.json")`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			c.change(&cfg.Learn)
			assert.EqualError(t, cfg.Validate(), c.want)
		})
	}
}

func TestTemplatesThatWereMinedAreKnownAfterARestart(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		cfg, s := mergingConfig(dir), newShelf(dir)
		cfg.Preset = "sanitize"
		last := func(of *site) string {
			point := pcommon.NewMap()
			point.PutStr("path", "/teams/zqqz/board")
			return of.set.Explain("requests", "path", "/teams/zqqz/board", pcommon.NewMap(), point).Value
		}
		site := observing(t, cfg, s)
		for i := range 40 {
			path := fmt.Sprintf("/teams/%c%cq%cx/board", 'a'+i%26, 'b'+i/26%26, 'a'+i%7)
			require.NoError(t, site.ConsumeMetrics(t.Context(), labelled("requests", "path", path)))
		}
		require.Equal(t, "/teams/{*}/board", last(site))
		time.Sleep(2 * atticInterval)
		s.set(func() { assert.Contains(t, s.values, "templates", "soon, since series have their names from them") })
		site.end(t)
		site = observing(t, cfg, s)
		assert.Equal(t, "/teams/{*}/board", last(site))
		site.end(t)
	})
}
