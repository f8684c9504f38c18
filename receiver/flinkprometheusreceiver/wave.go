package flinkprometheusreceiver

import (
	"time"

	"github.com/cespare/xxhash/v2"
)

const (
	// waveSize is how many targets a wave has at least, if there are as many; twice as many at most.
	waveSize = 8
	// pace is the mean time between the beginnings of two scrapes of a wave.
	pace = time.Millisecond
)

// waves says when in each interval a target is scraped. The scrapes are not spread over it evenly: one that follows
// another finds the processor awake and what it needs in the caches, which halves its cost (docs/performance.md). So
// targets are scraped in waves; the more targets there are, the more waves.
type waves struct {
	interval time.Duration
	phase    time.Duration // of the first wave
	slot     time.Duration // from one wave to the next
	width    time.Duration // of a wave
}

// newWaves returns the waves for a number of targets. Weirs with other seeds have other phases, so that they do not all
// scrape, and write, at once. The number of waves is a power of two, so that few changes of the number of targets move any.
func newWaves(interval time.Duration, targets int, seed string) waves {
	n := 1
	for targets >= 2*n*waveSize {
		n *= 2
	}
	slot := interval / time.Duration(n)
	return waves{
		interval: interval,
		phase:    part(seed, interval),
		slot:     slot,
		width:    min(slot, pace*time.Duration(targets/n)),
	}
}

// offset is the target's place in the interval, the same in every run.
func (w waves) offset(t target) time.Duration {
	even := part(t.instance(), w.interval)
	within := float64(even%w.slot) / float64(w.slot) * float64(w.width)
	return (w.phase + even/w.slot*w.slot + time.Duration(within)) % w.interval
}

// part is less than whole, and always the same for a text.
func part(text string, whole time.Duration) time.Duration {
	return time.Duration(xxhash.Sum64String(text) % uint64(whole))
}
