package orderedremotewriteexporter

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The law: in whatever order the series of entities come, and whatever a sweep took, each
// sample finds the series of its labels.
func TestExpectedSeriesAreThoseOfTheLabels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := newIntake(oneSlot())
		known := map[string]*stream{}
		var order []int
		for walk := range int64(rapid.IntRange(1, 12).Draw(t, "walks")) {
			b := newBatch()
			var want []string
			for _, job := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), 1, 3).Draw(t, "jobs") {
				b.resource("service.name", job, "tm_id", rapid.SampledFrom([]string{"1", "2"}).Draw(t, "tm"))
				id := b.last.Resource().Attributes().AsRaw()["tm_id"]
				if rapid.Bool().Draw(t, "other series") {
					order = rapid.SliceOf(rapid.IntRange(0, 6)).Draw(t, "order")
				}
				for _, i := range order {
					b.gauge(fmt.Sprint("m", i/2), walk+1, float64(len(want)), "x", fmt.Sprint(i%2))
					want = append(want, fmt.Sprintf(`{__name__="m%d", job=%q, tm_id=%q, x="%d"}`, i/2, job, id, i%2))
				}
			}
			in.pass = true
			in.walk(b.md)
			require.Equal(t, len(want), in.offered-in.dropped[duplicate])
			for i, s := range in.staged[0] {
				require.Equal(t, want[i], labelText(s.series))
				if was := known[want[i]]; was != nil {
					require.Same(t, was, s.series)
				}
				known[want[i]] = s.series
			}
			require.Equal(t, len(known), in.table.Len())
			in.unstage(0)
			in.offered, in.dropped = 0, [reasons]int{}
			if rapid.Bool().Draw(t, "sweep") {
				gone := rapid.StringMatching(`m[0-3]`).Draw(t, "gone")
				in.table.Sweep(func(s *stream) bool { return s.Labels()[0].Value != gone })
				for text := range known {
					if text[11:13] == gone {
						delete(known, text)
					}
				}
			}
		}
	})
}
