//go:build faults

package faults

import (
	"context"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/promtest"
)

// Two tenants push the same series, one by its header and one by an attribute, while Weir is killed; the last life does
// not know of tenants any more.
func TestEveryTenantGetsItsOwnWhenWeirIsKilled(t *testing.T) {
	t.Parallel()
	store := newStrict(t, true)
	store.Script(func(promtest.Request) promtest.Answer {
		return promtest.Answer{Delay: rand.N(20 * time.Millisecond)}
	})
	gate := newGate(t, store.URL())
	dir := t.TempDir()
	without := fast.to(gate.URL()).wal(dir)
	with := without.with(options{"tenant": "{from_metadata: X-Scope-OrgID, from_attribute: owner}"})
	w := prepare(t)
	w.metadata = true
	w.run(with)
	red, blue := w.load(6, 50), w.load(6, 50)
	red.Header, blue.Owner = "red", "blue"
	for range scaled(10, 3) {
		w.killDuringBoth(red, blue, with)
	}
	gate.Shut()
	require.NoError(t, red.Run(t.Context(), 3))
	require.NoError(t, blue.Run(t.Context(), 3))
	w.kill()
	w.run(without)
	gate.Open(t)
	w.drained()
	store.inOrder(t)
	for tenant, l := range map[string]*Load{"red": red, "blue": blue} {
		delivered, err := l.Delivered(store.arrivalsOf(tenant))
		require.NoError(t, err)
		assert.Equal(t, l.Samples(), delivered, "acknowledged and delivered for %s", tenant)
		t.Logf("%s: %d acknowledged, %d delivered", tenant, l.Samples(), delivered)
	}
	assert.Empty(t, store.arrivalsOf(""))
	assert.Empty(t, w.drops())
}

// killDuringBoth lets two loads push, kills Weir amid both and starts it again.
func (w *weir) killDuringBoth(a, b *Load, o options) {
	w.t.Helper()
	var pushing sync.WaitGroup
	faults := make([]error, 2)
	before := a.Samples() + b.Samples()
	for i, l := range []*Load{a, b} {
		pushing.Go(func() { faults[i] = l.Run(w.t.Context(), 3) })
	}
	w.until("part of the load", func() bool { return a.Samples()+b.Samples() > before+rand.N(3*a.Instances*a.Series) })
	w.kill()
	w.run(o)
	pushing.Wait()
	require.NoError(w.t, faults[0])
	require.NoError(w.t, faults[1])
}

// One tenant's bad name and another's refusal cost the others nothing.
func TestATenantThatIsRefusedCostsTheOthersNothing(t *testing.T) {
	t.Parallel()
	store := newStrict(t, false)
	store.Script(func(r promtest.Request) promtest.Answer {
		if r.Header.Get("X-Scope-OrgID") == "banned" {
			return promtest.Answer{Status: 422, Body: "limit of series"}
		}
		return promtest.Answer{}
	})
	w := prepare(t)
	w.metadata = true
	w.run(fast.to(store.URL()).with(options{"tenant": "{from_metadata: x-scope-orgid, max_tenants: 2}"}))
	loads := map[string]*Load{}
	for _, tenant := range []string{"good", "banned", "a|b", "one-too-many"} {
		l := w.load(4, 25)
		l.Header = tenant
		require.NoError(t, l.Run(context.Background(), 2))
		loads[tenant] = l
	}
	w.drained()
	store.inOrder(t)
	delivered, err := loads["good"].Delivered(store.arrivalsOf("good"))
	require.NoError(t, err)
	assert.Equal(t, 200, delivered)
	assert.Len(t, store.arrivals(), 200)
	assert.Equal(t, map[string]int{"non_retryable": 200, "invalid_tenant": 200, "too_many_tenants": 200}, w.drops())
	said, err := os.ReadFile(w.process.LogPath)
	require.NoError(t, err)
	for _, part := range []string{"limit of series", `"tenant": "banned"`, `"first": "a|b"`, `"first": "one-too-many"`} {
		assert.Contains(t, string(said), part)
	}
}
