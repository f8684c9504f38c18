package flinkprometheusreceiver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	xentity "go.opentelemetry.io/collector/pdata/xpdata/entity"
	"pgregory.net/rapid"

	"weir.example/internal/lease"
)

// TestWhatCameBackIsFilledAsIfItWereNew is the law of lent data: whatever the pipeline did to it, what is built of it is
// in every field what is built of nothing.
func TestWhatCameBackIsFilledAsIfItWereNew(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		supply := newStock()
		var targets []*drawnTarget
		for i := range rapid.IntRange(1, 3).Draw(rt, "targets") {
			targets = append(targets, newDrawnTarget(fmt.Sprint("tm", i, ":9249")))
		}
		for range rapid.IntRange(2, 6).Draw(rt, "scrapes") {
			d := rapid.SampledFrom(targets).Draw(rt, "target")
			d.scrape(rt)
			md := d.build(supply)
			require.Equal(rt, marshal(rt, d.build(newStock())), marshal(rt, md))
			for range rapid.IntRange(0, 8).Draw(rt, "changes") {
				changeSomething(rt, md)
			}
			supply.put(md, rapid.Bool().Draw(rt, "returned"))
		}
	})
}

// drawnTarget exposes random lines.
type drawnTarget struct {
	catalog *catalog
	history *history
	builder *builder
	reading reading
	t       pcommon.Timestamp
	built   uint32
}

func newDrawnTarget(instance string) *drawnTarget {
	cfg := createDefaultConfig().(*Config)
	c := newCatalog(newNaming(cfg), false)
	return &drawnTarget{catalog: c, history: newHistory(cfg, c.table), builder: newBuilder("flink", instance, c.table)}
}

func (d *drawnTarget) scrape(rt *rapid.T) {
	var body strings.Builder
	line := rapid.StringMatching(`m[1-3](_count)?\{((host="h[12]"|job_name="[ab]"|subtask_index="[0-2]"|task_attempt_id="[xy]"|task_attempt_num="1"|topic="t[12]"|quantile="0.[59]"),){0,3}\} [0-2]`)
	body.WriteString("# TYPE m1_count counter\n# TYPE m2 summary\n# HELP m1 first\n")
	for _, l := range rapid.SliceOfN(line, 0, 20).Draw(rt, "lines") {
		body.WriteString(l + "\n")
	}
	d.read(rt, body.String())
}

func (d *drawnTarget) read(t require.TestingT, body string) {
	d.see(t, []byte(body))
	d.deliver()
}

func (d *drawnTarget) deliver() {
	d.catalog.forget(d.history.commit(&d.reading, d.t, d.catalog.scan))
}

func (d *drawnTarget) see(t require.TestingT, body []byte) {
	d.reading.reset()
	d.catalog.begin()
	require.NoError(t, d.catalog.read(body, &d.reading, createDefaultConfig().(*Config).Limits))
	require.NoError(t, d.catalog.end(&d.reading, d.history.remembered()))
	d.t += 15e9
	d.history.judge(&d.reading, d.t, d.catalog.scan)
}

// build may be called more than once for a scrape: the number it is given is one of its own.
func (d *drawnTarget) build(supply *stock) pmetric.Metrics {
	d.built++
	md, _ := d.builder.build(supply, &d.reading, report{up: true, samples: 3}, d.t, d.built)
	return md
}

func marshal(rt *rapid.T, md pmetric.Metrics) string {
	raw, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
	require.NoError(rt, err)
	return string(raw)
}

// changeSomething does one of the things that components of a pipeline do.
func changeSomething(rt *rapid.T, md pmetric.Metrics) {
	resources := md.ResourceMetrics()
	if resources.Len() == 0 {
		resources.AppendEmpty()
	}
	rm := pick(rt, "resource", resources)
	if rm.ScopeMetrics().Len() == 0 {
		rm.ScopeMetrics().AppendEmpty()
	}
	sm := pick(rt, "scope", rm.ScopeMetrics())
	if sm.Metrics().Len() == 0 {
		sm.Metrics().AppendEmpty()
	}
	m := pick(rt, "metric", sm.Metrics())
	changes := []func(){
		func() { resources.RemoveIf(func(pmetric.ResourceMetrics) bool { return rapid.Bool().Draw(rt, "go") }) },
		func() { rm.ScopeMetrics().RemoveIf(func(pmetric.ScopeMetrics) bool { return true }) },
		func() { sm.Metrics().RemoveIf(func(pmetric.Metric) bool { return rapid.Bool().Draw(rt, "go") }) },
		func() { sm.Metrics().MoveAndAppendTo(pick(rt, "to", resources).ScopeMetrics().AppendEmpty().Metrics()) },
		func() { rm.MoveTo(resources.AppendEmpty()) },
		func() { m.MoveTo(sm.Metrics().AppendEmpty()) },
		func() { m.CopyTo(rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()) },
		func() { sm.Metrics().Sort(func(a, b pmetric.Metric) bool { return a.Name() > b.Name() }) },
		func() { changeAttributes(rt, rm.Resource().Attributes()) },
		func() { changeAttributes(rt, sm.Scope().Attributes()) },
		func() { changeAttributes(rt, m.Metadata()) },
		func() { rm.Resource().SetDroppedAttributesCount(3); sm.Scope().SetDroppedAttributesCount(4) },
		func() { xentity.ResourceEntityRefs(rm.Resource()).AppendEmpty().SetType("pod") },
		func() { rm.SetSchemaUrl("a"); sm.SetSchemaUrl("b") },
		func() { sm.Scope().SetName("other"); sm.Scope().SetVersion("2") },
		func() { m.SetName("flink.renamed"); m.SetUnit("By"); m.SetDescription("other") },
		func() { changeKind(rt, m) },
		func() { changePoints(rt, m) },
		func() { changePoints(rt, m) },
	}
	rapid.SampledFrom(changes).Draw(rt, "change")()
}

func pick[E any, S interface {
	Len() int
	At(i int) E
}](rt *rapid.T, label string, s S) E {
	return s.At(rapid.IntRange(0, s.Len()-1).Draw(rt, label))
}

func changeAttributes(rt *rapid.T, attrs pcommon.Map) {
	key := rapid.SampledFrom([]string{"service.name", "host.name", "job_name", "subtask_index", "task_attempt_id", "topic", "new"}).Draw(rt, "key")
	rapid.SampledFrom([]func(){
		func() { attrs.Remove(key) },
		func() { attrs.RemoveIf(func(string, pcommon.Value) bool { return rapid.Bool().Draw(rt, "go") }) },
		func() { attrs.PutStr(key, "x") },
		func() { attrs.PutInt(key, 1) },
		func() { attrs.PutEmpty(key) },
		func() { attrs.PutEmptyMap(key).PutStr("a", "b") },
		func() { attrs.Clear() },
	}).Draw(rt, "attribute")()
}

func changeKind(rt *rapid.T, m pmetric.Metric) {
	rapid.SampledFrom([]func(){
		func() { m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(1) },
		func() { m.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta) },
		func() { m.SetEmptySum().DataPoints().AppendEmpty() },
		func() { m.SetEmptyHistogram().DataPoints().AppendEmpty().SetCount(1) },
		func() { m.SetEmptyExponentialHistogram().DataPoints().AppendEmpty() },
		func() { m.SetEmptySummary().DataPoints().AppendEmpty() },
		func() { pmetric.NewMetric().MoveTo(m) },
	}).Draw(rt, "kind")()
}

func changePoints(rt *rapid.T, m pmetric.Metric) {
	var points pmetric.NumberDataPointSlice
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		points = m.Gauge().DataPoints()
	case pmetric.MetricTypeSum:
		points = m.Sum().DataPoints()
		m.Sum().SetIsMonotonic(false)
	default:
		return
	}
	if points.Len() == 0 {
		points.AppendEmpty()
	}
	dp := pick(rt, "point", points)
	rapid.SampledFrom([]func(){
		func() { points.RemoveIf(func(pmetric.NumberDataPoint) bool { return rapid.Bool().Draw(rt, "go") }) },
		func() { dp.SetIntValue(7) },
		func() { dp.SetDoubleValue(7) },
		func() { dp.SetStartTimestamp(7); dp.SetTimestamp(8) },
		func() { dp.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true)) },
		func() { dp.Exemplars().AppendEmpty().SetDoubleValue(1) },
		func() { dp.CopyTo(points.AppendEmpty()) },
		func() { dp.MoveTo(points.AppendEmpty()) },
		func() { changeAttributes(rt, dp.Attributes()) },
	}).Draw(rt, "point")()
}

// TestOnlyWhatWasReturnedIsFilledAgain looks at points of earlier scrapes, which only a test may keep.
func TestOnlyWhatWasReturnedIsFilledAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		consume func(ctx context.Context, md pmetric.Metrics) error
		again   bool
	}{
		"returned": {func(ctx context.Context, md pmetric.Metrics) error {
			lease.Return(ctx, md)
			return nil
		}, true},
		"taken": {func(context.Context, pmetric.Metrics) error { return nil }, false},
		"refused": {func(ctx context.Context, md pmetric.Metrics) error {
			lease.Return(ctx, md)
			return errors.New("another exporter is full")
		}, false},
		"shared": {func(ctx context.Context, md pmetric.Metrics) error {
			md.MarkReadOnly()
			lease.Return(ctx, md)
			return nil
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			type kept struct {
				pmetric.NumberDataPoint
				at pcommon.Timestamp
			}
			var points []kept
			again := false
			g := newRig(t, nil)
			g.body = "m 1\n"
			g.scraper.next = consumeFunc(func(ctx context.Context, md pmetric.Metrics) error {
				for _, k := range points {
					again = again || k.Timestamp() != k.at
				}
				dp := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0)
				points = append(points, kept{dp, dp.Timestamp()})
				return tt.consume(ctx, md)
			})
			for range 50 { // a pool may forget
				g.scrapeOnce()
			}
			require.Equal(t, tt.again, again)
		})
	}
}

// TestWhatNobodyNeedsIsGivenUp: a large target that is gone leaves nothing in the end.
func TestWhatNobodyNeedsIsGivenUp(t *testing.T) {
	large, small := newDrawnTarget("large:9249"), newDrawnTarget("small:9249")
	var body strings.Builder
	for i := range 100 {
		fmt.Fprintf(&body, "m{subtask_index=\"%d\"} 1\n", i)
	}
	large.read(t, body.String())
	small.read(t, "m 1\n")
	supply := newStock()
	supply.put(large.build(supply), true)
	require.Equal(t, 101, supply.spare.Len())
	for range maxIdle {
		supply.put(small.build(supply), true)
	}
	require.Equal(t, 101, supply.spare.Len())
	supply.put(small.build(supply), true)
	require.Equal(t, 1, supply.spare.Len())
}

type consumeFunc func(context.Context, pmetric.Metrics) error

func (f consumeFunc) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error { return f(ctx, md) }

func (consumeFunc) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }
