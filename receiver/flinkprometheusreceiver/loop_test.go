package flinkprometheusreceiver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestLoopKeepsItsPhaseAndSkipsWhatItMisses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(3 * time.Second) // start between two ticks
		began := time.Now().Truncate(10 * time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		var ticks []time.Duration
		var missed []int64
		scrape := func(context.Context) {
			ticks = append(ticks, time.Since(began))
			if len(ticks) == 2 {
				time.Sleep(25 * time.Second)
			}
			if len(ticks) == 4 {
				cancel()
			}
		}
		loop(ctx, 10*time.Second, 7*time.Second, scrape, func(_ context.Context, n int64) { missed = append(missed, n) })
		assert.Equal(t, []time.Duration{7 * time.Second, 17 * time.Second, 47 * time.Second, 57 * time.Second}, ticks)
		assert.Equal(t, []int64{2}, missed)
	})
}

func TestLoopStopsWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			loop(ctx, time.Hour, time.Minute, func(context.Context) {}, func(context.Context, int64) {})
			close(done)
		}()
		synctest.Wait()
		cancel()
		<-done
	})
}
