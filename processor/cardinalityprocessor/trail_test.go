package cardinalityprocessor

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir.example/internal/series"
)

// The law: whatever the order in which keys come, each has one route from its first sight on until it was not used for a
// generation.
func TestARouteIsThatOfItsKeyInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tr trail
		type seen struct {
			mark uint32
			used series.Generation
		}
		known := map[routeKey]seen{}
		now, marks := series.Generation(65_530), uint32(0) // it wraps around
		for range rapid.IntRange(1, 30).Draw(t, "rounds") {
			from, n := rapid.IntRange(0, 120).Draw(t, "from"), rapid.IntRange(0, 120).Draw(t, "keys")
			step := rapid.SampledFrom([]int{1, 1, 1, 2, -1, 7}).Draw(t, "step")
			for i := range n {
				key := routeKey{uint64(from + i*step), 1}
				r, found := tr.find(key)
				was, expected := known[key]
				require.Equal(t, expected, found)
				require.Equal(t, key, r.key)
				if !found {
					marks++
					r.since = marks
				} else {
					require.Equal(t, was.mark, r.since)
				}
				r.used = now
				known[key] = seen{r.since, now}
			}
			if rapid.Bool().Draw(t, "a generation ends") {
				now++
				tr.sweep(now)
				for key, was := range known {
					if now-was.used > 1 {
						delete(known, key)
					}
				}
			}
			require.Len(t, tr.routes, len(known))
		}
	})
}
