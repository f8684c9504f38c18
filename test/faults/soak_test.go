//go:build faults

package faults

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/promtest"
)

// Series come and go, and so does the store: the law holds in every epoch, and neither memory nor goroutines grow without end.
func TestSeriesThatComeAndGoLeaveNothingBehind(t *testing.T) {
	length := *soak
	if length == 0 {
		length = scaled(2*time.Minute, 10*time.Second)
	}
	gate := newGate(t, newStrict(t, true).URL())
	w := prepare(t)
	port := freePort(t)
	w.extra, w.pipeline = fmt.Sprintf("  pprof: {endpoint: \"127.0.0.1:%d\"}", port), ", pprof"
	o := fast.to(gate.URL()).wal(t.TempDir())
	w.run(o)

	var goroutines, memory []int
	series := 0
	for began, epoch := time.Now(), 0; time.Since(began) < length || epoch < 3; epoch++ {
		store := openStrict(true)
		gate.To(t, store.URL())
		l := w.load(20, scaled(500, 50))
		l.First = epoch * l.Instances
		w.epoch(t, l, store, gate, o, epoch)
		store.Close()
		series += l.Instances * l.Series
		now, _ := w.memory()
		memory, goroutines = append(memory, now), append(goroutines, countGoroutines(t, port))
	}
	last := len(memory) - 1
	t.Logf("%d series in %d epochs; MiB %d first, %d last; goroutines %d first, %d last", series, last+1, memory[0], memory[last], goroutines[0], goroutines[last])
	assert.Less(t, goroutines[last], goroutines[0]+50)
	assert.Less(t, memory[last], memory[0]+100+series/1000, "MiB: at most 1 KiB a series that was seen within two hours")
}

// epoch pushes a load of new series through one fault.
func (w *weir) epoch(t *testing.T, l *Load, store *strict, gate *gate, o options, n int) {
	switch n % 4 {
	case 0:
		require.NoError(t, l.Run(t.Context(), 5))
	case 1:
		gate.Shut()
		require.NoError(t, l.Run(t.Context(), 5))
		gate.Open(t)
	case 2:
		store.Script(func(promtest.Request) promtest.Answer { return promtest.Answer{Delay: rand.N(50 * time.Millisecond)} })
		require.NoError(t, l.Run(t.Context(), 5))
	case 3:
		w.killDuring(l, 5, o)
	}
	store.complete(w, l)
}

func countGoroutines(t *testing.T, port int) int {
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/debug/pprof/goroutine?debug=1", port))
	require.NoError(t, err)
	defer resp.Body.Close()
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	require.NoError(t, err)
	n := 0
	_, err = fmt.Sscanf(line, "goroutine profile: total %d", &n)
	require.NoError(t, err)
	return n
}
