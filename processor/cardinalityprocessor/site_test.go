package cardinalityprocessor

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"weir.example/processor/cardinalityprocessor/internal/metadata"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

var logsID = component.MustNewID("logs")

// site is a processor with all that is around it: storage, a next consumer, log, telemetry and status.
type site struct {
	processor.Metrics
	*core
	cfg       *Config
	sink      *gate
	logs      *observer.ObservedLogs
	telemetry *componenttest.Telemetry
	host      *storageHost
}

// mergingConfig drops the label `input`; dir is empty for none.
func mergingConfig(dir string) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Rules = []rules.Rule{{Labels: []string{"input"}, Action: rules.Drop}}
	if dir != "" {
		cfg.Storage = &logsID
	}
	return cfg
}

// newSite returns a site that is not yet started; dir is where its storage keeps the log.
func newSite(t testing.TB, cfg *Config, dir string) *site {
	observed, logs := observer.New(zapcore.InfoLevel)
	s := &site{
		cfg: cfg, sink: &gate{}, logs: logs, telemetry: componenttest.NewTelemetry(),
		host: &storageHost{extensions: map[component.ID]component.Component{logsID: logStorage{dir: dir}}},
	}
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = s.telemetry.NewTelemetrySettings()
	set.Logger = zap.New(observed)
	require.NoError(t, cfg.Validate())
	p, err := NewFactory().CreateMetrics(context.Background(), set, cfg, s.sink)
	require.NoError(t, err)
	s.Metrics, s.core = p, p.(*pipeline).core
	return s
}

// start returns a site that runs.
func start(t testing.TB, cfg *Config, dir string) *site {
	s := newSite(t, cfg, dir)
	require.NoError(t, s.Start(context.Background(), s.host))
	return s
}

// end shuts the site down.
func (s *site) end(t testing.TB) {
	require.NoError(t, s.Shutdown(context.Background()))
	require.NoError(t, s.telemetry.Shutdown(context.Background()))
}

// give sends one cumulative point of an input.
func (s *site) give(t testing.TB, input string, value float64) {
	require.NoError(t, s.ConsumeMetrics(context.Background(), pointOf("requests", input, value, s.now().Add(0).UnixNano(), 1)))
}

// pointOf is a call with one cumulative point.
func pointOf(name, input string, value float64, at int64, start pcommon.Timestamp) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("input", input)
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	sum := m.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := sum.DataPoints().AppendEmpty()
	p.SetDoubleValue(value)
	p.SetTimestamp(pcommon.Timestamp(at))
	p.SetStartTimestamp(start)
	return md
}

// sent is one number point that the next consumer was given.
type sent struct {
	name      string
	at, start pcommon.Timestamp
	value     float64
	stale     bool
}

// gate is a next consumer that answers as it is told, and remembers every point it was offered.
type gate struct {
	mu      sync.Mutex
	answer  func(context.Context) error // nil: takes all
	offered []sent
	taken   []sent
}

func (*gate) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (g *gate) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	points := sentIn(md)
	g.mu.Lock()
	answer := g.answer
	g.offered = append(g.offered, points...)
	g.mu.Unlock()
	if answer != nil {
		if err := answer(ctx); err != nil {
			return err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.taken = append(g.taken, points...)
	return nil
}

func sentIn(md pmetric.Metrics) (points []sent) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				for _, p := range m.Sum().DataPoints().All() {
					points = append(points, sent{
						m.Name(), p.Timestamp(), p.StartTimestamp(), p.DoubleValue(), p.Flags().NoRecordedValue(),
					})
				}
			}
		}
	}
	return points
}

// answers sets what the gate does from now on.
func (g *gate) answers(answer func(context.Context) error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answer = answer
}

func (g *gate) all() (offered, taken []sent) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]sent(nil), g.offered...), append([]sent(nil), g.taken...)
}

// last is the point taken last.
func (g *gate) last(t testing.TB) sent {
	_, taken := g.all()
	require.NotEmpty(t, taken)
	return taken[len(taken)-1]
}

// storageHost has extensions and remembers the last status.
type storageHost struct {
	extensions map[component.ID]component.Component

	mu     sync.Mutex
	status []componentstatus.Status
}

func (h *storageHost) GetExtensions() map[component.ID]component.Component { return h.extensions }

// Report implements componentstatus.Reporter.
func (h *storageHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = append(h.status, event.Status())
}

func (h *storageHost) reported() []componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]componentstatus.Status(nil), h.status...)
}

// logStorage keeps all logs in one directory, and no values for the next life.
type logStorage struct {
	component.Component
	dir string
	err error
}

func (s logStorage) LogDirectory(component.Kind, component.ID, string) (string, error) {
	return s.dir, s.err
}

// GetClient implements storage.Extension.
func (s logStorage) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return newShelf(s.dir), nil
}
