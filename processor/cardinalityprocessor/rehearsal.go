package cardinalityprocessor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"

	"weir.example/processor/cardinalityprocessor/internal/aggregate"
	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/metadata"
	"weir.example/processor/cardinalityprocessor/internal/rules"
	"weir.example/processor/cardinalityprocessor/internal/sanitize"
)

// Rehearsal tells what a configuration makes of metrics.
type Rehearsal struct {
	Metrics []MetricRehearsal // by name
	Dropped map[string]int    // points by reason, as in the telemetry
}

// MetricRehearsal is about one metric. A histogram or summary is one series.
type MetricRehearsal struct {
	Name     string   // after rename
	From     []string // before, where that is another name
	Before   int      // series that came
	Passed   int      // series that pass at once
	Merged   int      // series that others are merged into
	Function string   // how gauges are merged, or how several are; "sum" for all that accumulates
	Labels   []LabelRehearsal
}

// LabelRehearsal is about what one rule does to a label for one reason.
type LabelRehearsal struct {
	Key string
	Judgement
	Before, After int    // distinct values
	Given, Taken  string // an example
	Shown         string // Given as redaction alone leaves it
}

// Judgement is what becomes of a value and why.
type Judgement struct {
	Action string // of the rule; "" where the value stays
	Rule   string // its name, or its place
	Reason string // what was found in the value, "" where the key decides
}

// rehearsalTime is between the call and the tick: every merged series is born by then, and none has ended.
const rehearsalTime = time.Minute

// Rehearse leads metrics through the processor that cfg describes, with its state in memory and a clock of its own: one
// call, then one tick. md is changed.
func Rehearse(cfg *Config, md pmetric.Metrics) (*Rehearsal, error) {
	trial := *cfg
	trial.Storage, trial.Learn.Mode, trial.Aggregate.BirthDelay = nil, LearnOff, time.Second
	c, err := newCore(&trial, processor.Settings{ID: component.NewID(metadata.Type), TelemetrySettings: component.TelemetrySettings{
		Logger: zap.NewNop(), MeterProvider: metricnoop.NewMeterProvider(), TracerProvider: tracenoop.NewTracerProvider(),
	}})
	if err != nil {
		return nil, err
	}
	defer c.report.shutdown()
	at := time.Now()
	c.now = func() time.Time { return at }
	if err := c.open(nil); err != nil {
		return nil, err
	}
	r := newRehearser(c)
	given := r.before(md)
	var t tally
	batch, err := c.walker.walk(md, &t)
	if err == nil {
		err = c.absorb(context.Background(), batch)
	}
	if err != nil {
		return nil, err
	}
	r.after(md, func(m *rehearsed) map[routeKey]struct{} { return m.passed })
	r.count(&t)
	at = at.Add(rehearsalTime)
	c.tick(at)
	err = c.aggregate.Render(pointsPerSend, func(out pmetric.Metrics) error {
		r.after(out, func(m *rehearsed) map[routeKey]struct{} { return m.merged })
		return nil
	})
	r.explain(given) // last, when the miner has seen everything
	return r.result(), err
}

// rehearser collects what is seen before and after.
type rehearser struct {
	core    *core
	metrics map[string]*rehearsed // by name after rename
	dropped map[string]int
}

type rehearsed struct {
	from                   map[string]struct{}
	before, passed, merged map[routeKey]struct{}
	functions              map[string]struct{}
	labels                 map[labelKey]*rehearsedLabel
}

type labelKey struct {
	key string
	Judgement
}

type rehearsedLabel struct {
	before, after map[string]struct{}
	given, taken  string
	shown         string
}

func newRehearser(c *core) *rehearser {
	return &rehearser{core: c, metrics: map[string]*rehearsed{}, dropped: map[string]int{}}
}

func (r *rehearser) metric(name string) *rehearsed {
	m := r.metrics[name]
	if m == nil {
		m = &rehearsed{
			from: map[string]struct{}{}, before: map[routeKey]struct{}{}, passed: map[routeKey]struct{}{}, merged: map[routeKey]struct{}{},
			functions: map[string]struct{}{}, labels: map[labelKey]*rehearsedLabel{},
		}
		r.metrics[name] = m
	}
	return m
}

// before notes the series that come, and returns a copy in which names and kinds are those after rename.
func (r *rehearser) before(md pmetric.Metrics) pmetric.Metrics {
	given := pmetric.NewMetrics()
	md.CopyTo(given)
	everyMetric(given, func(resource pcommon.Map, m pmetric.Metric) {
		from, name := m.Name(), m.Name()
		if r.core.rename != nil {
			if _, outcome := r.core.rename.apply(m); outcome == dropped {
				m.SetName("") // explain passes it over
			} else {
				name = m.Name()
			}
		}
		about := r.metric(name)
		if name != from {
			about.from[from] = struct{}{}
		}
		everyPoint(m, func(attributes pcommon.Map) {
			about.before[r.identity(resource, attributes)] = struct{}{}
			about.functions[r.function(m, attributes)] = struct{}{}
		})
	})
	return given
}

// function is how such a series would be merged.
func (r *rehearser) function(m pmetric.Metric, attributes pcommon.Map) string {
	if m.Type() != pmetric.MetricTypeGauge && (m.Type() != pmetric.MetricTypeSum || m.Sum().IsMonotonic()) {
		return aggregate.Sum.String()
	}
	function := r.core.walker.functionOf(m.Name(), attributes)
	if function == aggregate.Auto {
		function = aggregate.DefaultFunction(m.Name(), m.Unit())
	}
	return function.String()
}

// explain notes what becomes of the labels of each series.
func (r *rehearser) explain(given pmetric.Metrics) {
	everyMetric(given, func(resource pcommon.Map, m pmetric.Metric) {
		if m.Name() == "" {
			return
		}
		about := r.metric(m.Name())
		everyPoint(m, func(attributes pcommon.Map) {
			for _, labels := range []pcommon.Map{resource, attributes} {
				for key, value := range labels.All() {
					text := value.AsString()
					v := r.core.set.Explain(m.Name(), key, text, resource, attributes)
					about.note(key, text, &v)
				}
			}
		})
	})
}

func (m *rehearsed) note(key, given string, v *rules.Verdict) {
	at := labelKey{key, Judgement{Action: string(v.Action), Rule: v.Rule}}
	switch v.Reason {
	case sanitize.Nothing:
	case sanitize.ByKind:
		if at.Reason = v.Kind.String(); v.Kind == detect.None {
			at.Reason = "expression"
		}
	default:
		at.Reason = v.Reason.String()
	}
	l := m.labels[at]
	if l == nil {
		l = &rehearsedLabel{before: map[string]struct{}{}, after: map[string]struct{}{}, given: given, taken: v.Value, shown: v.Shown}
		m.labels[at] = l
	}
	l.before[given] = struct{}{}
	if v.Value != "" {
		l.after[v.Value] = struct{}{}
	}
}

func (r *rehearser) after(md pmetric.Metrics, part func(*rehearsed) map[routeKey]struct{}) {
	everyMetric(md, func(resource pcommon.Map, m pmetric.Metric) {
		series := part(r.metric(m.Name()))
		everyPoint(m, func(attributes pcommon.Map) { series[r.identity(resource, attributes)] = struct{}{} })
	})
}

func (r *rehearser) identity(resource, attributes pcommon.Map) (key routeKey) {
	for k, v := range resource.All() {
		r.core.walker.hasher.label(&key, k, v.AsString())
	}
	r.core.walker.hasher.number(&key, "resource", uint64(resource.Len()))
	for k, v := range attributes.All() {
		r.core.walker.hasher.label(&key, k, v.AsString())
	}
	return key
}

func (r *rehearser) count(t *tally) {
	for i, n := range t.dropped {
		if n > 0 {
			r.dropped[reasonNames[i]] = n
		}
	}
}

// result sorts by names, and labels by what is saved.
func (r *rehearser) result() *Rehearsal {
	out := &Rehearsal{Dropped: r.dropped}
	for _, name := range slices.Sorted(maps.Keys(r.metrics)) {
		about := r.metrics[name]
		m := MetricRehearsal{
			Name: name, From: slices.Sorted(maps.Keys(about.from)),
			Before: len(about.before), Passed: len(about.passed), Merged: len(about.merged),
		}
		if m.Merged > 0 {
			m.Function = strings.Join(slices.Sorted(maps.Keys(about.functions)), ", ")
		}
		for at, l := range about.labels {
			m.Labels = append(m.Labels, LabelRehearsal{
				Key: at.key, Judgement: at.Judgement, Before: len(l.before), After: len(l.after), Given: l.given, Taken: l.taken, Shown: l.shown,
			})
		}
		slices.SortFunc(m.Labels, func(a, b LabelRehearsal) int {
			return strings.Compare(fmt.Sprint(a.Key, "\xff", a.Judgement), fmt.Sprint(b.Key, "\xff", b.Judgement))
		})
		out.Metrics = append(out.Metrics, m)
	}
	return out
}

func everyMetric(md pmetric.Metrics, do func(resource pcommon.Map, m pmetric.Metric)) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				do(rm.Resource().Attributes(), m)
			}
		}
	}
}

func everyPoint(m pmetric.Metric, do func(attributes pcommon.Map)) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		every(m.Gauge().DataPoints(), do)
	case pmetric.MetricTypeSum:
		every(m.Sum().DataPoints(), do)
	case pmetric.MetricTypeHistogram:
		every(m.Histogram().DataPoints(), do)
	case pmetric.MetricTypeExponentialHistogram:
		every(m.ExponentialHistogram().DataPoints(), do)
	case pmetric.MetricTypeSummary:
		every(m.Summary().DataPoints(), do)
	}
}

func every[S points[P], P point[P]](points S, do func(attributes pcommon.Map)) {
	for i := range points.Len() {
		do(points.At(i).Attributes())
	}
}
