//go:build anchors

package anchors

import (
	"context"
	"sync"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/metricstransformprocessor"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"weir.example/internal/promtest"
)

// transform is contrib's processor in this process. It keeps nothing from call to call, so a restart does not change it.
type transform struct {
	processor processor.Metrics

	mu   sync.Mutex
	kept []promtest.Sample
}

func startTransform(t *testing.T) engine {
	factory := metricstransformprocessor.NewFactory()
	config := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"transforms": []any{map[string]any{
		"include": metricName, "action": "update",
		"operations": []any{map[string]any{"action": "aggregate_labels", "label_set": []any{}, "aggregation_type": "sum"}},
	}}}).Unmarshal(config))
	e := &transform{}
	next, err := consumer.NewMetrics(e.keep)
	require.NoError(t, err)
	e.processor, err = factory.CreateMetrics(t.Context(), processortest.NewNopSettings(factory.Type()), config, next)
	require.NoError(t, err)
	require.NoError(t, e.processor.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.processor.Shutdown(context.Background())) })
	return e
}

func (e *transform) push(ctx context.Context, md pmetric.Metrics) error {
	return e.processor.ConsumeMetrics(ctx, md)
}

func (e *transform) restart(bool) error { return nil }

// keep does what a store without room for disorder does.
func (e *transform) keep(_ context.Context, md pmetric.Metrics) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				for _, pt := range m.Sum().DataPoints().All() {
					at := pt.Timestamp().AsTime().UnixMilli()
					if n := len(e.kept); n == 0 || e.kept[n-1].T < at {
						e.kept = append(e.kept, promtest.Sample{T: at, V: float64(pt.IntValue())})
					}
				}
			}
		}
	}
	return nil
}

func (e *transform) output() []promtest.Sample {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]promtest.Sample(nil), e.kept...)
}
