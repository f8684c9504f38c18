package flinkprometheusreceiver

import (
	"context"
	"errors"
	"runtime"
)

var errNoTurn = errors.New("the scrapes before it were not taken within the interval")

// turns let few targets at a time have pdata, of which a scrape takes megabytes, and leave a processor to the exporters.
// The others wait with what they read, a tenth of that.
type turns chan struct{}

func newTurns() turns { return make(turns, max(1, runtime.GOMAXPROCS(0)-1)) }

// take waits for a turn, which is to be ended by end.
func (t turns) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errNoTurn
	}
}

func (t turns) end() { <-t }
