package lease

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/featuregate"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pipeline"
)

// stage is a consumer that does with its data what do does.
type stage struct {
	mutates bool
	do      func(ctx context.Context, md pmetric.Metrics) error
}

func (s stage) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: s.mutates}
}

func (s stage) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error { return s.do(ctx, md) }

// returning is an exporter that knows of leases.
func returning() stage {
	return stage{do: func(ctx context.Context, md pmetric.Metrics) error {
		Return(ctx, md)
		return nil
	}}
}

// line is a chain of consumers, and what its queues hold when a call has returned.
type line struct{ kept []pmetric.Metrics }

// keeping is an exporter with a queue.
func (l *line) keeping() stage {
	return stage{do: func(_ context.Context, md pmetric.Metrics) error {
		l.kept = append(l.kept, md)
		return nil
	}}
}

// through is a processor that hands on what change makes of its data.
func through(change func(pmetric.Metrics) pmetric.Metrics, next consumer.Metrics) stage {
	return stage{true, func(ctx context.Context, md pmetric.Metrics) error { return next.ConsumeMetrics(ctx, change(md)) }}
}

func inPlace(md pmetric.Metrics) pmetric.Metrics {
	md.ResourceMetrics().At(0).Resource().Attributes().PutStr("changed", "yes")
	return md
}

func cloned(md pmetric.Metrics) pmetric.Metrics {
	clone := pmetric.NewMetrics()
	md.CopyTo(clone)
	return clone
}

func moved(md pmetric.Metrics) pmetric.Metrics {
	batch := pmetric.NewMetrics()
	md.ResourceMetrics().MoveAndAppendTo(batch.ResourceMetrics())
	return batch
}

// fanout is the collector's own, by which it joins a receiver to its pipelines and a pipeline to its exporters.
func fanout(t *testing.T, consumers ...consumer.Metrics) consumer.Metrics {
	t.Helper()
	pipelines := map[pipeline.ID]consumer.Metrics{}
	var ids []pipeline.ID
	for i, c := range consumers {
		ids = append(ids, pipeline.NewIDWithName(pipeline.SignalMetrics, string(rune('a'+i))))
		pipelines[ids[i]] = c
	}
	joined, err := connector.NewMetricsRouter(pipelines).Consumer(ids...)
	require.NoError(t, err)
	return joined
}

func newData() pmetric.Metrics {
	md := pmetric.NewMetrics()
	md.ResourceMetrics().AppendEmpty()
	return md
}

func TestOnlyWhatNobodySharesComesBack(t *testing.T) {
	for name, tt := range map[string]struct {
		chain func(l *line) consumer.Metrics
		want  bool
	}{
		"one owner": {func(*line) consumer.Metrics { return returning() }, true},
		"a queue":   {func(l *line) consumer.Metrics { return l.keeping() }, false},
		"changed in place on the way": {func(*line) consumer.Metrics {
			return through(inPlace, fanout(t, returning()))
		}, true},
		"a copy on the way": {func(*line) consumer.Metrics {
			return through(cloned, returning())
		}, false},
		"moved into other data, as by batch": {func(*line) consumer.Metrics {
			return through(moved, returning())
		}, false},
		"two exporters": {func(l *line) consumer.Metrics {
			return fanout(t, returning(), l.keeping())
		}, false},
		"two exporters that both return": {func(*line) consumer.Metrics {
			return fanout(t, returning(), returning())
		}, false},
		"a processor before two exporters": {func(l *line) consumer.Metrics {
			return through(inPlace, fanout(t, l.keeping(), returning()))
		}, false},
		"two pipelines, the queue behind a copy": {func(l *line) consumer.Metrics {
			return fanout(t, through(inPlace, l.keeping()), through(inPlace, returning()))
		}, true},
		"two pipelines, the queue behind the data": {func(l *line) consumer.Metrics {
			return fanout(t, through(inPlace, returning()), through(inPlace, l.keeping()))
		}, false},
		"two pipelines, one of them with two exporters": {func(l *line) consumer.Metrics {
			return fanout(t, through(inPlace, l.keeping()), through(inPlace, fanout(t, returning(), l.keeping())))
		}, false},
		"a pipeline with a processor beside one without": {func(l *line) consumer.Metrics {
			return fanout(t, returning(), through(inPlace, l.keeping()))
		}, true},
		"two who share it without a fan-out": {func(*line) consumer.Metrics {
			return stage{do: func(ctx context.Context, md pmetric.Metrics) error {
				return errors.Join(returning().do(ctx, md), returning().do(ctx, md))
			}}
		}, false},
		"marked as shared when it was returned": {func(*line) consumer.Metrics {
			return stage{do: func(ctx context.Context, md pmetric.Metrics) error {
				Return(ctx, md)
				md.MarkReadOnly()
				return nil
			}}
		}, false},
		"lent once more on the way, with other data": {func(*line) consumer.Metrics {
			return stage{do: func(ctx context.Context, _ pmetric.Metrics) error {
				other := newData()
				inner, l := New(ctx, other)
				Return(inner, other)
				require.True(t, l.Returned())
				return nil
			}}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var l line
			md := newData()
			ctx, lent := New(context.Background(), md)
			require.NoError(t, tt.chain(&l).ConsumeMetrics(ctx, md))
			require.Equal(t, tt.want, lent.Returned())
			if lent.Returned() {
				require.False(t, slices.Contains(l.kept, md), "somebody keeps what was returned")
			}
		})
	}
}

func TestNothingIsReturnedByARefusal(t *testing.T) {
	md := newData()
	refusing := stage{do: func(context.Context, pmetric.Metrics) error { return errors.New("full") }}
	ctx, lent := New(context.Background(), md)
	require.Error(t, fanout(t, refusing, returning()).ConsumeMetrics(ctx, md))
	require.False(t, lent.Returned())
}

func TestReturnWithoutALeaseDoesNothing(t *testing.T) {
	Return(context.Background(), newData())
}

func TestNothingIsReturnedWhereTheServiceRecycles(t *testing.T) {
	set := func(on bool) {
		require.NoError(t, featuregate.GlobalRegistry().Set("pdata.useProtoPooling", on))
	}
	require.False(t, pooled(), "the gate is found, and off")
	set(true)
	defer set(false)
	md := newData()
	ctx, lent := New(context.Background(), md)
	Return(ctx, md)
	require.False(t, lent.Returned())
}
