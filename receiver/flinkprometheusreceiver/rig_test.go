package flinkprometheusreceiver

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"weir.example/internal/flinktest"
	"weir.example/receiver/flinkprometheusreceiver/internal/metadata"
)

// rig is one scraper whose target, clock and pipeline are under control.
type rig struct {
	*scraper
	clock  time.Time
	body   string
	err    error  // of the request
	broken string // what came before err
	refuse error  // of the pipeline
	got    []pmetric.Metrics
	core   zapcore.Core
	logs   *observer.ObservedLogs
	tel    *componenttest.Telemetry
}

// testingT is what testing.T and rapid.T share.
type testingT interface {
	require.TestingT
	Helper()
}

func newRig(t testingT, edit func(*Config)) *rig {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.CollectionInterval = 10 * time.Second
	cfg.Targets = []string{"tm:9249"}
	if edit != nil {
		edit(cfg)
	}
	targets, err := parseTargets(cfg.Targets)
	require.NoError(t, err)
	g := &rig{clock: time.Unix(1_800_000_000, 0), tel: componenttest.NewTelemetry()}
	core, logs := observer.New(zap.InfoLevel)
	g.core, g.logs = core, logs
	set := receivertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = g.tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	require.NoError(t, err)
	obs, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{ReceiverID: set.ID, Transport: "http", ReceiverCreateSettings: set})
	require.NoError(t, err)
	r := &flinkReceiver{cfg: cfg, set: set, telemetry: telemetry, turns: newTurns(), reclaimer: newReclaimer(cfg.CollectionInterval)}
	g.scraper = r.newScraper(targets[0], obs)
	g.scraper.now = func() time.Time { return g.clock }
	g.scraper.get = func(_ context.Context, take func([]byte) error) error {
		if g.err != nil {
			return errors.Join(take([]byte(g.broken)), g.err)
		}
		return take([]byte(g.body))
	}
	g.scraper.next = sinkFunc(func(md pmetric.Metrics) error {
		if g.refuse == nil {
			g.got = append(g.got, md)
		}
		return g.refuse
	})
	return g
}

// scrapeOnce scrapes and moves the clock to the next scrape. It returns what the pipeline took, nil if nothing.
func (g *rig) scrapeOnce() map[string]seen {
	g.got = nil
	g.scraper.scrape(context.Background())
	g.clock = g.clock.Add(g.interval)
	if len(g.got) == 0 {
		return nil
	}
	return flatten(g.got[0])
}

// page scrapes a page of flinktest.
func (g *rig) page(p flinktest.Page) map[string]seen {
	g.body, g.err = string(p.Body), nil
	if p.Refused {
		g.body, g.err = "", failf(reasonRefused, "connection refused")
	}
	return g.scrapeOnce()
}

// at returns the time of scrape n, counted from 0.
func at(n int) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(time.Unix(1_800_000_000+int64(n)*10, 0))
}

// after returns the start time that follows a proof at scrape n.
func after(n int) pcommon.Timestamp { return at(n) + pcommon.Timestamp(time.Millisecond) }

type sinkFunc func(pmetric.Metrics) error

func (f sinkFunc) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error { return f(md) }

func (sinkFunc) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// seen is one delivered point.
type seen struct {
	value float64 // NaN for a stale marker
	stale bool
	sum   bool
	start pcommon.Timestamp
	time  pcommon.Timestamp
}

// flatten names each point by metric, resource and point attributes, without those that all series of a target share.
func flatten(md pmetric.Metrics) map[string]seen {
	points := map[string]seen{}
	for _, rm := range md.ResourceMetrics().All() {
		resource := rm.Resource().Attributes().AsRaw()
		delete(resource, "service.name")
		delete(resource, "service.instance.id")
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				sum := m.Type() == pmetric.MetricTypeSum
				var dps pmetric.NumberDataPointSlice
				if sum {
					dps = m.Sum().DataPoints()
				} else {
					dps = m.Gauge().DataPoints()
				}
				for _, dp := range dps.All() {
					key := m.Name() + strings.TrimPrefix(fmt.Sprint(merge(resource, dp.Attributes().AsRaw())), "map")
					if _, twice := points[key]; twice {
						panic("two points of " + key)
					}
					p := seen{value: dp.DoubleValue(), stale: dp.Flags().NoRecordedValue(), sum: sum, start: dp.StartTimestamp(), time: dp.Timestamp()}
					if p.stale {
						p.value = math.NaN()
					}
					points[key] = p
				}
			}
		}
	}
	return points
}

func merge(a, b map[string]any) map[string]any {
	both := map[string]any{}
	for k, v := range a {
		both[k] = v
	}
	for k, v := range b {
		both[k] = v
	}
	return both
}

// withoutReport leaves out up and its kin.
func withoutReport(points map[string]seen) map[string]seen {
	for _, name := range []string{"up[]", "scrape_duration_seconds[]", "scrape_samples_scraped[]", "scrape_series_added[]"} {
		delete(points, name)
	}
	return points
}
