package sanitize

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheCacheIsBoundedAndNeverWrong(t *testing.T) {
	c := NewCache[string](64)
	require.Len(t, c.sets, 16)
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			for i := range 3000 {
				n := (i*7 + worker) % 500
				space, value := uint32(n%3), fmt.Sprint("value-", n/3)
				want := fmt.Sprint(space, value)
				hash := c.Hash(space, value)
				if got := c.Get(hash, space, value, 1); got != nil && *got != want {
					t.Errorf("%d %s became %s", space, value, *got)
				}
				c.Put(hash, value, At[string]{Space: space, Decision: want})
			}
		})
	}
	wait.Wait()
	long := strings.Repeat("x ", longest)
	c.Put(c.Hash(0, long), long, At[string]{})
	known := 0
	for i := range c.sets {
		for j := range c.sets[i].slots {
			if e := c.sets[i].slots[j].Load(); e != nil {
				known++
				assert.LessOrEqual(t, len(e.value), longest)
			}
		}
	}
	assert.Greater(t, known, 48)
}

func TestADecisionHoldsForItsGeneration(t *testing.T) {
	c := NewCache[int](4)
	hash := c.Hash(0, "v")
	for _, of := range []struct {
		generation uint64
		later      bool // known in the next one
	}{{1, false}, {0, true}} {
		c.Put(hash, "v", At[int]{Generation: of.generation, Decision: 7})
		assert.Equal(t, 7, *c.Get(hash, 0, "v", 1))
		assert.Equal(t, of.later, c.Get(hash, 0, "v", 2) != nil)
	}
}
