package cardinalityprocessor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"

	"weir.example/internal/lease"
)

// The law: when the last owner returns what passed, the lender finds each resource of which nothing passed where it was and
// as it was; and whether data is lent makes no difference to what passes and what merges.
func TestTheLenderFindsWhatMergedInItsPlace(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lent, plain := newSite(t, mergingConfig(""), ""), newSite(t, mergingConfig(""), "")
		defer lent.end(t)
		defer plain.end(t)
		require.NoError(rt, lent.open(lent.host))
		require.NoError(rt, plain.open(plain.host))
		for call := range rapid.IntRange(1, 3).Draw(rt, "calls") {
			md, merges := mixedCall(rt, call)
			before, other := pmetric.NewMetrics(), pmetric.NewMetrics()
			md.CopyTo(before)
			md.CopyTo(other)
			outcome := rapid.SampledFrom([]string{"returned", "returned", "kept", "shortened", "refused"}).Draw(rt, "outcome")
			var passed, expected pmetric.Metrics
			lent.Metrics.(*pipeline).next = consumerOf(rt, func(ctx context.Context, md pmetric.Metrics) error {
				passed = pmetric.NewMetrics()
				md.CopyTo(passed)
				switch outcome {
				case "refused":
					return errors.New("refused")
				case "shortened":
					md.ResourceMetrics().RemoveIf(func(pmetric.ResourceMetrics) bool { return true })
					fallthrough
				case "returned":
					lease.Return(ctx, md)
				}
				return nil
			})
			plain.Metrics.(*pipeline).next = consumerOf(rt, func(_ context.Context, md pmetric.Metrics) error {
				expected = md
				return nil
			})
			ctx, loan := lease.New(context.Background(), md)
			err := lent.ConsumeMetrics(ctx, md)
			require.NoError(rt, plain.ConsumeMetrics(context.Background(), other))
			require.Equal(rt, expected, passed)
			if expected == (pmetric.Metrics{}) {
				outcome = "returned" // without a next consumer
			}
			require.Equal(rt, outcome == "refused", err != nil)
			require.Equal(rt, outcome == "returned" || outcome == "shortened", loan.Returned())
			if err != nil {
				return
			}
			require.Equal(rt, plain.aggregate.Stats(), lent.aggregate.Stats())
			for i, merged := range merges {
				if outcome == "returned" && merged {
					require.Equal(rt, before.ResourceMetrics().At(i), md.ResourceMetrics().At(i))
				}
			}
			if outcome == "returned" {
				require.Equal(rt, before.ResourceMetrics().Len(), md.ResourceMetrics().Len())
			}
		}
	})
}

// A tick is the same whether its message came back from the tick before or not.
func TestATickThatCameBackIsFilledAgain(t *testing.T) {
	ticks := func(returns bool) (sent []string, reused int) {
		s := newSite(t, mergingConfig(""), "")
		defer s.end(t)
		at := time.Unix(1_000_000_000, 0)
		s.core.now = func() time.Time { return at }
		require.NoError(t, s.open(s.host))
		var messages []pmetric.Metrics
		s.core.next = consumerOf(t, func(ctx context.Context, md pmetric.Metrics) error {
			text, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
			require.NoError(t, err)
			sent = append(sent, string(text))
			messages = append(messages, md)
			if returns {
				md.ResourceMetrics().At(0).Resource().Attributes().PutStr("edited", "yes")
				lease.Return(ctx, md)
			}
			return nil
		})
		for i := range 4 {
			at = at.Add(10 * time.Second)
			require.NoError(t, s.ConsumeMetrics(context.Background(), pointOf("requests", "a", float64(i), at.UnixNano(), 1)))
			at = at.Add(10 * time.Second)
			s.core.tick(at)
			require.NoError(t, s.sendTick(context.Background()))
			require.NoError(t, s.settle())
		}
		for _, md := range messages {
			if md.ResourceMetrics().Len() == 0 {
				reused++
			}
		}
		return sent, reused
	}
	kept, reused := ticks(false)
	require.Zero(t, reused)
	returned, reused := ticks(true)
	require.Equal(t, kept, returned)
	require.Equal(t, 4, reused)
}

// mixedCall returns a call whose resources merge, pass or do both, and which of them merge. Those that pass leave none empty.
func mixedCall(t *rapid.T, call int) (pmetric.Metrics, []bool) {
	md := pmetric.NewMetrics()
	kinds := rapid.SliceOfN(rapid.SampledFrom([]string{"merges", "merges", "passes", "both"}), 1, 6).Draw(t, "resources")
	merges := make([]bool, len(kinds))
	for i, kind := range kinds {
		rm := md.ResourceMetrics().AppendEmpty()
		rm.Resource().Attributes().PutStr("host", fmt.Sprint(i))
		merges[i] = kind == "merges"
		if merges[i] {
			rm.Resource().Attributes().PutStr("input", "a")
		}
		for name := range rapid.IntRange(1, 3).Draw(t, "metrics") {
			m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
			m.SetName(fmt.Sprint(kind, name))
			points := m.SetEmptyGauge().DataPoints()
			for n := range 2 {
				p := points.AppendEmpty()
				p.SetTimestamp(pcommon.Timestamp(1e9 * (call + 1)))
				p.SetIntValue(int64(n))
				p.Attributes().PutInt("n", int64(n))
				if kind == "both" && n == 0 {
					p.Attributes().PutStr("input", "b")
				}
			}
		}
	}
	return md, merges
}

func consumerOf(t require.TestingT, consume consumer.ConsumeMetricsFunc) consumer.Metrics {
	c, err := consumer.NewMetrics(consume)
	require.NoError(t, err)
	return c
}
