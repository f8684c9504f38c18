package aggregate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// desk runs steps against an Aggregator. Times are seconds after base.
type desk struct {
	t      *testing.T
	a      *Aggregator
	output Output
	tally  Tally
}

const base = 1_000_000

func moment(s float64) pcommon.Timestamp {
	if s == 0 {
		return 0
	}
	return pcommon.Timestamp((base + s) * 1e9)
}

func newDesk(t *testing.T, options Options, kind pmetric.MetricType) *desk {
	d := &desk{t: t, a: New(options)}
	d.output = Output{
		Resource: pcommon.NewMap(), Attributes: pcommon.NewMap(), Name: "out", Type: kind,
		Monotonic: kind == pmetric.MetricTypeSum,
	}
	return d
}

// step is a point of an input, a tick with what it must show, or something else that happens.
type step struct {
	in      string // cumulative unless delta or the output is a gauge
	at      float64
	start   float64
	v       any // int, float64; nil: stale marker
	delta   bool
	out     string // the output's name if not "out"
	outcome Outcome
	note    Outcome // Absorbed: none
	tick    float64
	want    string // of the tick: "5" int, "5.0" double, "5 since 3", "stale", "" nothing, sorted by output
	floor   float64
	happens func(d *desk)
}

func (d *desk) run(steps []step) {
	for i, s := range steps {
		at := fmt.Sprintf("step %d", i)
		switch {
		case s.in != "":
			d.tally = Tally{}
			d.send(s)
			require.EqualValues(d.t, 1, d.tally[s.outcome], "%s must be %s: %v", at, s.outcome, d.tally)
			if s.note != Absorbed {
				require.EqualValues(d.t, 1, d.tally[s.note], "%s must be noted as %s: %v", at, s.note, d.tally)
			}
		case s.tick != 0:
			require.Equal(d.t, s.want, d.tick(s.tick), at)
		case s.floor != 0:
			d.apply(d.a.JoinFloor(moment(s.floor)))
		case s.happens != nil:
			s.happens(d)
		}
	}
}

func (d *desk) apply(record []byte) {
	tally, err := d.a.Apply(record)
	require.NoError(d.t, err)
	for outcome, n := range tally {
		d.tally[outcome] += n
	}
}

func (d *desk) resolve(in, out string) Ref {
	o := d.output
	if out != "" {
		o.Name = out
	}
	var id ID
	copy(id[:], in)
	ref, err := d.a.Resolve(id, &o)
	require.NoError(d.t, err)
	return ref
}

func (d *desk) send(s step) {
	ref := d.resolve(s.in, s.out)
	b := d.a.Begin()
	defer b.Release()
	temporality := pmetric.AggregationTemporalityCumulative
	switch {
	case s.delta:
		temporality = pmetric.AggregationTemporalityDelta
	case d.output.Type == pmetric.MetricTypeGauge:
		temporality = pmetric.AggregationTemporalityUnspecified
	}
	b.Number(ref, number1(s), temporality)
	d.apply(b.Record(moment(s.at)))
}

func number1(s step) pmetric.NumberDataPoint {
	p := pmetric.NewNumberDataPoint()
	p.SetTimestamp(moment(s.at))
	p.SetStartTimestamp(moment(s.start))
	switch v := s.v.(type) {
	case nil:
		p.SetFlags(p.Flags().WithNoRecordedValue(true))
	case int:
		p.SetIntValue(int64(v))
	case float64:
		p.SetDoubleValue(v)
	}
	return p
}

// tick ticks and tells what is shown.
func (d *desk) tick(at float64) string {
	record, due := d.a.Tick(moment(at))
	if !due {
		return "not due"
	}
	d.tally = Tally{}
	d.apply(record)
	md := d.render(0)
	d.apply(d.a.Done())
	var shown []string
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				shown = append(shown, d.show(m, at))
			}
		}
	}
	return strings.Join(shown, ", ")
}

func (d *desk) render(maxPoints int) pmetric.Metrics {
	all := pmetric.NewMetrics()
	require.NoError(d.t, d.a.Render(maxPoints, func(md pmetric.Metrics) error {
		if maxPoints > 0 {
			require.LessOrEqual(d.t, md.DataPointCount(), maxPoints)
		}
		md.ResourceMetrics().MoveAndAppendTo(all.ResourceMetrics())
		return nil
	}))
	return all
}

func (d *desk) show(m pmetric.Metric, at float64) string {
	points := m.Gauge().DataPoints
	if m.Type() == pmetric.MetricTypeSum {
		points = m.Sum().DataPoints
		require.Equal(d.t, pmetric.AggregationTemporalityCumulative, m.Sum().AggregationTemporality())
	}
	require.Equal(d.t, 1, points().Len())
	p := points().At(0)
	require.Equal(d.t, moment(at), p.Timestamp())
	name := ""
	if m.Name() != d.output.Name {
		name = m.Name() + " "
	}
	if p.Flags().NoRecordedValue() {
		return name + "stale"
	}
	text := fmt.Sprint(p.IntValue())
	if p.ValueType() == pmetric.NumberDataPointValueTypeDouble {
		if text = fmt.Sprint(p.DoubleValue()); !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
	}
	if start := p.StartTimestamp(); start != 0 {
		text += fmt.Sprintf(" since %g", start.AsTime().Sub(time.Unix(base, 0)).Seconds())
	}
	return name + text
}
