package flinkprometheusreceiver

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	otelmetric "go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"weir.example/receiver/flinkprometheusreceiver/internal/metadata"
)

// watch counts what happens to one target and logs it when it changes.
type watch struct {
	log       *zap.Logger
	telemetry *metadata.TelemetryBuilder
	target    otelmetric.MeasurementOption

	down    string // the reason why the target is down; empty: it is up or was not scraped yet
	refused bool   // the pipeline did not take the last scrape
	dropped map[dropReason]bool
}

func newWatch(log *zap.Logger, telemetry *metadata.TelemetryBuilder, t target) *watch {
	return &watch{
		log:       log.With(zap.String("target", t.instance())),
		telemetry: telemetry,
		target:    otelmetric.WithAttributeSet(attribute.NewSet(attribute.String("target", t.instance()))),
		dropped:   map[dropReason]bool{},
	}
}

func (w *watch) scraped(ctx context.Context, d time.Duration) {
	w.telemetry.ReceiverFlinkprometheusScrapeDuration.Record(ctx, d.Seconds())
}

func (w *watch) skipped(ctx context.Context, n int64) {
	w.telemetry.ReceiverFlinkprometheusSkippedScrapes.Add(ctx, n)
}

func (w *watch) silent(ctx context.Context) { w.count(ctx, "silent", "") }

func (w *watch) undelivered(ctx context.Context, refusal error) {
	w.count(ctx, "undelivered", "")
	if !w.refused {
		w.log.Warn("pipeline refuses scrapes", zap.Error(refusal))
	}
	w.refused = true
}

// delivered takes note of a scrape that the pipeline took; failed is the error of the target, if any.
func (w *watch) delivered(ctx context.Context, r *reading, failed error) {
	if w.refused {
		w.log.Info("pipeline takes scrapes again")
		w.refused = false
	}
	w.state(ctx, failed)
	for why, n := range r.drops {
		w.telemetry.ReceiverFlinkprometheusDroppedSamples.Add(ctx, int64(n), attributes("reason", string(why)))
		if !w.dropped[why] {
			w.dropped[why] = true
			w.log.Warn("dropping samples", zap.String("reason", string(why)), zap.Int("in_this_scrape", n))
		}
	}
	var values, markers int64
	for _, p := range r.points {
		switch p.form {
		case value:
			values++
		case ended:
			markers++
		}
	}
	w.telemetry.ReceiverFlinkprometheusSentinels.Add(ctx, int64(r.sentinels))
	w.telemetry.ReceiverFlinkprometheusStaleMarkers.Add(ctx, markers)
	w.telemetry.ReceiverFlinkprometheusSeries.Record(ctx, values, w.target)
}

func (w *watch) state(ctx context.Context, failed error) {
	if failed == nil {
		w.count(ctx, "success", "")
		if w.down != "" {
			w.log.Info("target is up again")
		}
		w.down = ""
		return
	}
	reason := reasonOf(failed)
	w.count(ctx, "failure", reason)
	if w.down == "" {
		w.log.Warn("target is down", zap.String("reason", reason), zap.Error(failed))
	}
	w.down = reason
}

func (w *watch) count(ctx context.Context, outcome, reason string) {
	pairs := []string{"outcome", outcome}
	if reason != "" {
		pairs = append(pairs, "reason", reason)
	}
	w.telemetry.ReceiverFlinkprometheusScrapes.Add(ctx, 1, attributes(pairs...))
}

func attributes(pairs ...string) otelmetric.MeasurementOption {
	var set []attribute.KeyValue
	for i := 0; i < len(pairs); i += 2 {
		set = append(set, attribute.String(pairs[i], pairs[i+1]))
	}
	return otelmetric.WithAttributeSet(attribute.NewSet(set...))
}

// reasonOf returns the reason of a failed scrape.
func reasonOf(err error) string {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.reason
	}
	return reasonConnection
}
