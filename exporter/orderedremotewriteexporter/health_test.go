package orderedremotewriteexporter

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"

	"weir.example/internal/disktest"
	"weir.example/internal/promtest"
)

// The status is OK only when the disk works and nothing is held, whichever ends first.
func TestTheStatusIsAnErrorWhileAnythingIsWrong(t *testing.T) {
	for _, diskFirst := range []bool{false, true} {
		var open atomic.Bool
		store := newStore(t, promtest.WithScript(func(promtest.Request) promtest.Answer {
			if open.Load() {
				return promtest.Answer{}
			}
			return promtest.Answer{Status: http.StatusForbidden}
		}))
		disk, dir := immortal(), t.TempDir()
		r := start(t, store, disk, withWAL(dir, nil))
		letGo := func() {
			open.Store(true)
			for _, s := range r.slots {
				s.release() // as the attempt does that the store takes, once a minute
			}
			require.Zero(t, r.metric("slots_held"))
		}
		works := func() {
			disk.Set(func(f *disktest.Faults) { f.Full = false })
			r.rounds(1, 1, 4)
		}
		r.rounds(0, 1, 4)
		require.Equal(t, componentstatus.StatusRecoverableError, <-r.statuses)
		disk.Set(func(f *disktest.Faults) { f.Full = true })
		require.Error(t, r.ConsumeMetrics(context.Background(), round(1, 4).md))
		if diskFirst {
			works()
			require.Empty(t, r.statuses, "data is held still")
			letGo()
		} else {
			letGo()
			require.Empty(t, r.statuses, "the disk fails still")
			works()
		}
		require.Equal(t, componentstatus.StatusOK, <-r.statuses)
		require.Empty(t, r.statuses)
		require.NoError(t, r.Shutdown(canceled()))
	}
}
