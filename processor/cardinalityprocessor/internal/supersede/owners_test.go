package supersede

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	second = pcommon.Timestamp(1e9)
	minute = 60 * second
	hour   = 60 * minute
)

// world applies calls at a clock that tests move.
type world struct {
	t      require.TestingT
	owners *Owners
	now    pcommon.Timestamp
}

func newWorld(t require.TestingT) *world {
	return &world{t: t, owners: New(100), now: 1000 * hour}
}

// call applies one record; key and id of sightings are named by letters, times are seconds from now on.
func (w *world) call(sightings ...Sighting) {
	var r Record
	r.Begin(w.now)
	for _, s := range sightings {
		r.Add(s)
	}
	require.NoError(w.t, w.owners.Apply(r.Bytes()))
}

func live(id string, attempt int64, start, last pcommon.Timestamp) Sighting {
	return Sighting{Key: Key{'k'}, ID: idOf(id), Attempt: attempt, Live: true, Start: start, Last: last}
}

func stale(id string, attempt int64, last pcommon.Timestamp) Sighting {
	return Sighting{Key: Key{'k'}, ID: idOf(id), Attempt: attempt, Last: last}
}

func idOf(text string) (id ID) {
	copy(id[:], text)
	return id
}

func (w *world) requireOwner(id string, from pcommon.Timestamp) {
	for _, other := range []string{"a", "b", "c"} {
		got, owns := w.owners.Verdict(Key{'k'}, idOf(other))
		require.Equal(w.t, other == id, owns, other)
		if owns {
			require.Equal(w.t, from, got)
		}
	}
}

func TestWhoOwns(t *testing.T) {
	tests := map[string]struct {
		calls [][]Sighting
		owner string
		from  pcommon.Timestamp
	}{
		"the only one": {
			calls: [][]Sighting{{live("a", 0, 5, second)}}, owner: "a",
		},
		"a higher attempt goes before a later start": {
			calls: [][]Sighting{{live("a", 1, 5, second)}, {live("b", 0, 9, 2*second)}}, owner: "a",
		},
		"a higher attempt takes over, after the last sample": {
			calls: [][]Sighting{{live("a", 0, 5, second)}, {live("b", 1, 3, 2*second)}}, owner: "b", from: second + tick,
		},
		"a known start goes before an unknown one": {
			calls: [][]Sighting{{live("a", -1, 5, second)}, {live("b", -1, 0, 2*second)}}, owner: "a",
		},
		"a later start takes over": {
			calls: [][]Sighting{{live("a", -1, 5, second)}, {live("b", -1, 6, 2*second)}}, owner: "b", from: second + tick,
		},
		"else who appeared later": {
			calls: [][]Sighting{{live("a", -1, 0, second)}, {live("b", -1, 0, second)}, {live("a", -1, 0, 2*second)}},
			owner: "b", from: second + tick,
		},
		"within a call the order does not count": {
			calls: [][]Sighting{{live("b", 1, 0, second), live("a", 0, 0, second)}}, owner: "b",
		},
		"values go before stale markers, whatever their rank": {
			calls: [][]Sighting{{live("a", 7, 9, second)}, {stale("a", 7, 2*second), live("b", 0, 0, 2*second)}},
			owner: "b", from: second + tick,
		},
		"a stale marker takes nothing over": {
			calls: [][]Sighting{{live("a", 0, 5, second)}, {stale("b", 1, 2*second)}}, owner: "a",
		},
		"who vanished is followed by anyone, after its stale markers": {
			calls: [][]Sighting{{live("a", 7, 9, second)}, {stale("a", 7, 2*second)}, {live("b", 0, 0, 3*second)}},
			owner: "b", from: 2*second + tick,
		},
		"who vanished and came back before anyone else goes on": {
			calls: [][]Sighting{{live("a", 7, 9, second)}, {stale("a", 7, 2*second)}, {live("a", 7, 9, 3*second)}, {live("b", 0, 0, 4*second)}},
			owner: "a",
		},
		"a part of the series that vanished at the time of values is no end": {
			calls: [][]Sighting{{live("a", 7, 9, second)}, {stale("a", 7, second)}, {live("b", 0, 0, 2*second)}},
			owner: "a",
		},
		"three in a row": {
			calls: [][]Sighting{{live("a", 0, 0, second)}, {live("b", 1, 0, 3*second)}, {live("c", 2, 0, 2*second)}},
			owner: "c", from: 3*second + tick,
		},
		"the samples of who does not own move nothing": {
			calls: [][]Sighting{{live("b", 1, 0, second)}, {live("a", 0, 0, 9*second)}, {live("c", 2, 0, 2*second)}},
			owner: "c", from: second + tick,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, restart := range []bool{false, true} {
				w := newWorld(t)
				for _, call := range test.calls {
					w.call(call...)
					if restart {
						w.restart()
					}
				}
				w.requireOwner(test.owner, test.from)
			}
		})
	}
}

// restart saves and loads.
func (w *world) restart() {
	var saved, again bytes.Buffer
	require.NoError(w.t, w.owners.Save(&saved))
	w.owners = New(w.owners.maxOutputs)
	require.NoError(w.t, w.owners.Load(bytes.NewReader(saved.Bytes())))
	require.NoError(w.t, w.owners.Save(&again))
	require.Equal(w.t, saved.Bytes(), again.Bytes())
}

func TestASilentOwnerGivesWay(t *testing.T) {
	w := newWorld(t)
	w.call(live("a", 7, 9, second))
	w.now += 4 * minute
	w.call(live("b", 0, 0, 2*second))
	w.requireOwner("a", 0)
	w.now += 2 * minute
	w.call(live("b", 0, 0, 3*second))
	w.requireOwner("b", second+tick)
}

func TestASilentOwnerIsHeldAgainstThoseItSuperseded(t *testing.T) {
	w := newWorld(t)
	w.call(live("a", 0, 0, second), live("b", 1, 0, second))
	for range 23 {
		w.now += hour
		w.call(live("a", 0, 0, 2*second))
		w.requireOwner("b", 0)
	}
	w.now += 2 * hour
	w.call(live("a", 0, 0, 3*second))
	w.requireOwner("a", second+tick)
}

func TestLabelsThatNameNoIncarnationDoNotMakeOwnersTakeTurns(t *testing.T) {
	w := newWorld(t)
	for round := range pcommon.Timestamp(5) {
		for i := range 50 {
			w.now += second / 10
			w.call(live(fmt.Sprintf("id%d", i), -1, 0, round*second))
		}
	}
	assert.EqualValues(t, maxIncarnations-1, w.owners.Takeovers())
	assert.Len(t, w.owners.groups[Key{'k'}].incarnations, maxIncarnations)
}

func TestACrashLoopIsFollowed(t *testing.T) {
	w := newWorld(t)
	for i := range pcommon.Timestamp(100) {
		w.now += minute
		id := fmt.Sprintf("id%d", i)
		w.call(live(id, -1, 0, i*second))
		_, owns := w.owners.Verdict(Key{'k'}, idOf(id))
		require.True(t, owns, id)
	}
}

func TestWhatWasSilentForADayIsForgotten(t *testing.T) {
	w := newWorld(t)
	w.call(live("a", 0, 0, second))
	w.now += 25 * hour
	w.call()
	assert.Zero(t, w.owners.Len())
}

func TestMemoryIsBounded(t *testing.T) {
	w := newWorld(t)
	for i := range 1000 {
		w.now += second
		s := live("a", 0, 0, second)
		s.Key = Key{byte(i), byte(i >> 8)}
		w.call(s)
		require.LessOrEqual(t, w.owners.Len(), 100)
		require.True(t, w.owners.Has(s.Key), "what is new stays")
	}
}

func TestAMalformedRecordChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.call(live("a", 0, 0, second))
	var before, after bytes.Buffer
	require.NoError(t, w.owners.Save(&before))
	var r Record
	r.Begin(w.now)
	r.Add(live("b", 1, 0, second))
	for end := range len(r.Bytes()) {
		if err := w.owners.Apply(r.Bytes()[:end]); err == nil {
			require.Equal(t, 9, end, "the record without sightings is whole")
			before.Reset()
			require.NoError(t, w.owners.Save(&before))
		}
	}
	require.NoError(t, w.owners.Save(&after))
	assert.Equal(t, before.Bytes(), after.Bytes())
}

func FuzzRecord(f *testing.F) {
	var r Record
	r.Begin(5)
	r.Add(live("a", 3, 4, 5))
	r.Add(stale("b", -1, 6))
	f.Add(r.Bytes())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, record []byte) {
		o := New(10)
		if o.Apply(record) == nil {
			requireSavable(t, o)
		}
	})
}

func FuzzSnapshot(f *testing.F) {
	w := newWorld(f)
	w.call(live("a", 0, 0, second), live("b", 1, 0, second))
	w.call(stale("b", 1, 2*second))
	var saved bytes.Buffer
	require.NoError(f, w.owners.Save(&saved))
	f.Add(saved.Bytes())
	f.Add(saved.Bytes()[:20])
	f.Add([]byte{9})
	f.Fuzz(func(t *testing.T, snapshot []byte) {
		o := New(10)
		if err := o.Load(bytes.NewReader(snapshot)); err != nil {
			require.Zero(t, o.Len(), "an error leaves the state as it was")
			return
		}
		requireSavable(t, o)
		var r Record
		r.Begin(o.now + 1)
		for key := range o.groups {
			r.Add(Sighting{Key: key, ID: idOf("x"), Live: true, Last: 1})
		}
		require.NoError(t, o.Apply(r.Bytes()))
	})
}

func requireSavable(t require.TestingT, o *Owners) {
	w := world{t: t, owners: o}
	w.restart()
}

func BenchmarkApply(b *testing.B) {
	o := New(DefaultMaxOutputs)
	var r Record
	const entities = 5000
	for id := range 2 {
		r.Begin(pcommon.Timestamp(id))
		for i := range entities {
			r.Add(Sighting{Key: Key{byte(i), byte(i >> 8)}, ID: ID{byte(id)}, Attempt: int64(id), Live: true, Last: second})
		}
		require.NoError(b, o.Apply(r.Bytes()))
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := o.Apply(r.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*entities), "ns/entity")
}
