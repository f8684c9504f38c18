package flinkprometheusreceiver

import (
	"context"
	"time"
)

// loop calls scrape every interval until ctx ends. Its phase is offset within the interval of the wall clock, so that
// a restart changes nothing. Ticks that pass while a scrape is under way are skipped and reported.
func loop(ctx context.Context, interval, offset time.Duration, scrape func(context.Context), skipped func(context.Context, int64)) {
	now := time.Now()
	phase := time.Duration(now.UnixNano() % int64(interval))
	tick := now.Add((offset - phase + interval) % interval)
	timer := time.NewTimer(time.Until(tick))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		scrape(ctx)
		tick = tick.Add(interval)
		if late := time.Since(tick); late >= 0 {
			missed := int64(late/interval) + 1
			tick = tick.Add(time.Duration(missed) * interval)
			skipped(ctx, missed)
		}
		timer.Reset(time.Until(tick))
	}
}
