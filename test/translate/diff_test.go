package translate

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/translator/prometheusremotewrite"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"

	"weir.example/exporter/orderedremotewriteexporter"
	"weir.example/internal/promtest"
)

// What Weir does differently, on purpose:
//
//  1. Of two points that become one sample the first stays and the other is
//     counted; contrib sends both.
//  2. A NaN that is not a stale marker becomes the ordinary NaN.
//  3. A start that is not before its sample is left out.
//  4. A histogram whose buckets contradict its count is refused and counted:
//     a store would refuse the whole request for it.
//  5. Empty buckets at the ends of a native histogram are left out.
//  6. The last native histogram of a series has count 0 and a stale sum; contrib
//     writes the marker's bits as count as well, and nothing if it is too coarse.
//  7. Exemplars: the ten newest of a point, oldest first; one without time gets
//     the point's; attributes get label names; classic buckets have theirs in
//     2.0 as well. Only those of numbers are compared here.
//  8. A clash of a point's attribute with job or instance is exported_...;
//     contrib overwrites it. No generated key is called that.
//  9. target_info is one series per job and instance and has type info; scope
//     labels are never sent. Both are switched off here.
//  10. Above scale 8, what follows an empty bucket stays in its range; contrib
//     puts it one bucket too low. No such bucket is generated.
func TestAgainstContrib(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		strategy := rapid.SampledFrom([]string{
			"UnderscoreEscapingWithSuffixes", "UnderscoreEscapingWithoutSuffixes", "NoUTF8EscapingWithSuffixes", "NoTranslation",
		}).Draw(t, "strategy")
		external := map[string]string{"a": "ext", "z": "ext"}
		custom := rapid.Bool().Draw(t, "custom buckets")
		md := (&generator{T: t}).metrics()
		want := contrib(md, prometheusremotewrite.Settings{
			ExternalLabels: external, DisableTargetInfo: true, DisableScopeInfo: true,
			TranslationStrategy: strategy, ConvertExplicitHistogramsToNHCB: custom,
		})
		got := weir(t, md, func(cfg *orderedremotewriteexporter.Config) {
			cfg.TargetInfo, cfg.ResourceLabels, cfg.ExternalLabels, cfg.TranslationStrategy = false, nil, external, strategy
			if custom {
				cfg.Histograms = "custom_buckets"
			}
		})
		require.Equal(t, want, got)
	})
}

// weir sends md and returns what arrived, by series.
func weir(t *rapid.T, md pmetric.Metrics, change func(*orderedremotewriteexporter.Config)) map[string]string {
	store := promtest.New(promtest.AllowUTF8())
	defer store.Close()
	factory := orderedremotewriteexporter.NewFactory()
	cfg := factory.CreateDefaultConfig().(*orderedremotewriteexporter.Config)
	cfg.HTTP.Endpoint = store.URL()
	cfg.Batch.FlushTimeout = time.Millisecond
	change(cfg)
	x, err := factory.CreateMetrics(context.Background(), exportertest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, x.Start(context.Background(), componenttest.NewNopHost()))
	require.NoError(t, x.ConsumeMetrics(context.Background(), md))
	require.NoError(t, x.Shutdown(context.Background()))
	require.Empty(t, store.Violations())
	got := map[string]string{}
	for _, s := range store.Series() {
		p := s.Samples[0]
		text := render(p.T, p.Start, p.V, p.Histogram) + fmt.Sprintf(" %+v", s.Metadata)
		if p.Histogram == nil && len(s.Exemplars) > 0 {
			x := s.Exemplars[0]
			text += fmt.Sprint(" ", x.T, x.V, x.Labels)
		}
		got[s.String()] = text
	}
	return got
}

// contrib translates md and returns the first sample of each series.
func contrib(md pmetric.Metrics, settings prometheusremotewrite.Settings) map[string]string {
	all, table, _ := prometheusremotewrite.FromMetricsV2(md, settings) // errors are what is left out
	symbols := table.Symbols()
	label := func(refs []uint32) (out []promtest.Label) {
		for i := 0; i < len(refs); i += 2 {
			out = append(out, promtest.Label{Name: symbols[refs[i]], Value: symbols[refs[i+1]]})
		}
		return out
	}
	want := map[string]string{}
	for _, ts := range all {
		s := promtest.Series{Labels: label(ts.LabelsRefs)}
		text, ok := first(*ts)
		if !ok {
			continue
		}
		text += fmt.Sprintf(" %+v", promtest.Metadata{Type: int(ts.Metadata.Type), Help: symbols[ts.Metadata.HelpRef], Unit: symbols[ts.Metadata.UnitRef]})
		if len(ts.Samples) > 0 && len(ts.Exemplars) > 0 {
			x := ts.Exemplars[0]
			text += fmt.Sprint(" ", x.Timestamp, x.Value, label(x.LabelsRefs))
		}
		want[s.String()] = text
	}
	return want
}

func first(ts writev2.TimeSeries) (string, bool) {
	if len(ts.Samples) > 0 {
		p := ts.Samples[0]
		return render(p.Timestamp, p.StartTimestamp, p.Value, nil), true
	}
	if len(ts.Histograms) == 0 {
		return "", false
	}
	p := ts.Histograms[0]
	return render(p.Timestamp, p.StartTimestamp, 0, p.ToFloatHistogram()), true
}

// render applies differences 2, 3, 5 and 6.
func render(ms, start int64, v float64, h *histogram.FloatHistogram) string {
	if start >= ms {
		start = 0
	}
	switch {
	case h == nil && math.IsNaN(v) && !value.IsStaleNaN(v):
		v = math.NaN()
	case h != nil && value.IsStaleNaN(h.Sum):
		return fmt.Sprint(ms, "stale histogram")
	case h != nil:
		return fmt.Sprint(ms, start, h.Compact(0).String(), h.Schema, h.ZeroThreshold, h.CustomValues)
	}
	return fmt.Sprint(ms, start, math.Float64bits(v))
}
