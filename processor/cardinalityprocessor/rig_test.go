package cardinalityprocessor

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/processor/cardinalityprocessor/internal/aggregate"
	"weir.example/processor/cardinalityprocessor/internal/supersede"
)

// rig is the walk with the states it needs, and a clock that stands still, without log and ticker.
type rig struct {
	t       require.TestingT
	walker  *walker
	report  *reporter
	clock   time.Time
	tally   tally
	merged  aggregate.Tally
	records [][]byte // of owners
	fail    error    // of the log
}

func newRig(t require.TestingT, cfg *Config, set component.TelemetrySettings) *rig {
	r := &rig{t: t, clock: time.Unix(10, 0)}
	var rename *renamer
	var err error
	if stage := cfg.Rename.Get(); stage != nil {
		rename, err = newRenamer(stage)
		require.NoError(t, err)
	}
	rules, err := cfg.compileRules(cfg.Rules, cfg.Keep, newReader())
	require.NoError(t, err)
	r.report, err = newReporter(set)
	require.NoError(t, err)
	r.walker = newWalker(walker{
		rename: rename, rules: rules, owners: supersede.New(1000), aggregator: aggregate.New(aggregate.Options{MaxInputs: cfg.Aggregate.MaxInputs}),
		function: func(string) aggregate.Function { return aggregate.Auto },
		commit:   r.commit,
		now:      func() time.Time { return r.clock },
	})
	return r
}

func newPlainRig(t testing.TB, cfg *Config) *rig {
	require.NoError(t, cfg.Validate())
	r := newRig(t, cfg, componenttest.NewNopTelemetrySettings())
	t.Cleanup(r.report.shutdown)
	return r
}

func (r *rig) commit(record []byte) error {
	if r.fail != nil {
		return r.fail
	}
	r.records = append(r.records[:0], bytes.Clone(record))
	return r.walker.owners.Apply(record)
}

// consume leads a call through the walk and has what merges absorbed. What is left in md passes.
func (r *rig) consume(md pmetric.Metrics) {
	var t tally
	batch, err := r.walker.walk(md, &t)
	require.NoError(r.t, err)
	r.tally, r.merged = t, aggregate.Tally{}
	if batch == nil {
		return
	}
	r.merged, err = r.walker.aggregator.Apply(batch.Record(r.now()))
	require.NoError(r.t, err)
	batch.Release()
}

func (r *rig) now() pcommon.Timestamp { return pcommon.NewTimestampFromTime(r.clock) }

// tick moves the clock and returns the merged series.
func (r *rig) tick(later time.Duration) pmetric.Metrics {
	r.clock = r.clock.Add(later)
	out := pmetric.NewMetrics()
	record, due := r.walker.aggregator.Tick(r.now())
	require.True(r.t, due)
	_, err := r.walker.aggregator.Apply(record)
	require.NoError(r.t, err)
	require.NoError(r.t, r.walker.aggregator.Render(1000, func(md pmetric.Metrics) error {
		md.ResourceMetrics().MoveAndAppendTo(out.ResourceMetrics())
		return nil
	}))
	_, err = r.walker.aggregator.Apply(r.walker.aggregator.Done())
	require.NoError(r.t, err)
	return out
}

// restart saves what is saved and drops what is only remembered.
func (r *rig) restart() {
	var saved bytes.Buffer
	require.NoError(r.t, r.walker.owners.Save(&saved))
	r.walker.owners = supersede.New(1000)
	require.NoError(r.t, r.walker.owners.Load(&saved))
	r.walker.forget()
}
