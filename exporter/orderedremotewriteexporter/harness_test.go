package orderedremotewriteexporter

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"weir.example/internal/promtest"
)

const patience = 60 * time.Second

// rig is an exporter that writes to a strict receiver.
type rig struct {
	*remoteWriter
	t         require.TestingT
	store     *promtest.Receiver
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
	statuses  chan componentstatus.Status

	extensions map[component.ID]component.Component
}

// newRig starts an exporter whose configuration is the default, with requests
// sent at once, changed by change. It ends with the test.
func newRig(t *testing.T, change func(*Config), opts ...promtest.Option) *rig {
	t.Helper()
	r := buildRig(t, change, opts...)
	t.Cleanup(r.close)
	return r
}

func buildRig(t require.TestingT, change func(*Config), opts ...promtest.Option) *rig {
	r := &rig{t: t, store: promtest.New(opts...), telemetry: componenttest.NewTelemetry(), statuses: make(chan componentstatus.Status, 100)}
	cfg := createDefaultConfig().(*Config)
	cfg.HTTP.Endpoint = r.store.URL()
	cfg.Batch.FlushTimeout = 0
	cfg.Retry.InitialInterval = time.Millisecond
	cfg.Retry.MaxInterval = 20 * time.Millisecond
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	var err error
	r.remoteWriter, err = newExporter(r.settings(), cfg)
	require.NoError(t, err)
	require.NoError(t, r.Start(context.Background(), r))
	return r
}

func (r *rig) settings() exporter.Settings {
	set := exportertest.NewNopSettings(component.MustNewType("orderedremotewrite"))
	set.TelemetrySettings = r.telemetry.NewTelemetrySettings()
	core, logs := observer.New(zap.DebugLevel)
	r.logs, set.Logger = logs, zap.New(core)
	set.BuildInfo.Version = "1.2.3"
	return set
}

func (r *rig) GetExtensions() map[component.ID]component.Component { return r.extensions }

func (r *rig) Report(e *componentstatus.Event) { r.statuses <- e.Status() }

func (r *rig) close() {
	require.NoError(r.t, r.Shutdown(context.Background()))
	r.store.Close()
	require.NoError(r.t, r.telemetry.Shutdown(context.Background()))
}

func (r *rig) send(md pmetric.Metrics) {
	require.NoError(r.t, r.ConsumeMetrics(context.Background(), md))
}

// settle waits until nothing is pending.
func (r *rig) settle() {
	require.Eventually(r.t, func() bool { return r.remoteWriter.telemetry.pending.Load() == 0 }, patience, time.Millisecond)
}

const metricPrefix = "otelcol_exporter_orderedremotewrite_"

// metric returns the sum of a counter's or gauge's points that carry the
// attributes (key, value, ...).
func (r *rig) metric(name string, pairs ...string) float64 {
	m, err := r.telemetry.GetMetric(metricPrefix + name)
	if err != nil {
		return 0 // never counted
	}
	total := 0.0
	switch d := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range d.DataPoints {
			if hasAttributes(p, pairs) {
				total += float64(p.Value)
			}
		}
	case metricdata.Gauge[int64]:
		total = float64(d.DataPoints[0].Value)
	case metricdata.Gauge[float64]:
		total = d.DataPoints[0].Value
	case metricdata.Histogram[float64]:
		total = float64(d.DataPoints[0].Count)
	default:
		require.Fail(r.t, fmt.Sprintf("metric %s has data %T", name, d))
	}
	return total
}

func hasAttributes(p metricdata.DataPoint[int64], pairs []string) bool {
	for i := 0; i < len(pairs); i += 2 {
		if v, ok := p.Attributes.Value(attribute.Key(pairs[i])); !ok || v.AsString() != pairs[i+1] {
			return false
		}
	}
	return true
}

func (r *rig) droppedFor(why reason) int {
	return int(r.metric("num_samples_dropped", "reason", why.String()))
}

// requireAddsUp checks that samples in and restored = out + dropped + pending.
func (r *rig) requireAddsUp() {
	require.Equal(r.t, r.metric("num_samples_in")+r.metric("num_samples_restored"),
		r.metric("num_samples_out")+r.metric("num_samples_dropped")+r.metric("samples_pending"))
}

// batch builds metrics; its zero value is empty.
type batch struct {
	md   pmetric.Metrics
	last pmetric.ResourceMetrics
}

func newBatch() *batch { return &batch{md: pmetric.NewMetrics()} }

// resource begins a resource with these attributes (key, value, ...).
func (b *batch) resource(pairs ...string) *batch {
	b.last = b.md.ResourceMetrics().AppendEmpty()
	put(b.last.Resource().Attributes(), pairs)
	b.last.ScopeMetrics().AppendEmpty()
	return b
}

func (b *batch) metric(name string) pmetric.Metric {
	m := b.last.ScopeMetrics().At(0).Metrics().AppendEmpty()
	m.SetName(name)
	return m
}

// gauge adds one point at ms with these attributes (key, value, ...).
func (b *batch) gauge(name string, ms int64, value float64, pairs ...string) *batch {
	p := b.metric(name).SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(stamp(ms))
	p.SetDoubleValue(value)
	put(p.Attributes(), pairs)
	return b
}

func put(m pcommon.Map, pairs []string) {
	for i := 0; i < len(pairs); i += 2 {
		m.PutStr(pairs[i], pairs[i+1])
	}
}

func stamp(ms int64) pcommon.Timestamp { return pcommon.Timestamp(ms * 1e6) }

// flink is the resource most tests use: nothing is left for target_info.
var flink = []string{"service.name", "flink", "service.instance.id", "tm:9249", "tm_id", "tm-1"}
