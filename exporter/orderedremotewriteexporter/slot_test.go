package orderedremotewriteexporter

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// watched is a backlog that counts how often it is looked at.
type watched struct {
	queue
	looks  atomic.Int32
	failed atomic.Bool
}

func (w *watched) fill(s *slot) error {
	w.looks.Add(1)
	if w.failed.Load() {
		return errors.New("the disk fails")
	}
	return w.queue.fill(s)
}

// A process that sleeps pays for each time it is woken.
func TestASlotThatHasNothingSleepsUntilSomethingComes(t *testing.T) {
	onFakeTime(t, func(c *Config) { c.Shards = 1 }, nil, func(r *rig, _ *clockwork) {
		w := &watched{}
		s := newSlot(r.remoteWriter, 0, newPace(), w)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go s.run(ctx)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		assert.EqualValues(t, 1, w.looks.Load())

		w.failed.Store(true)
		s.poke()
		time.Sleep(10*diskAgain + diskAgain/2)
		synctest.Wait()
		assert.EqualValues(t, 12, w.looks.Load(), "a disk that fails is tried again")

		w.failed.Store(false)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		assert.EqualValues(t, 13, w.looks.Load())
	})
}
