package orderedremotewriteexporter

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"weir.example/internal/seglog"
	"weir.example/internal/series"
)

func drawSample(t *rapid.T) (uint32, sample) {
	s := sample{
		ts:    rapid.Int64Range(-1<<50, 1<<50).Draw(t, "ts"),
		start: rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 5), rapid.Int64Range(-1<<50, 1<<50)).Draw(t, "start"),
		bits:  rapid.OneOf(rapid.Uint64(), rapid.Map(rapid.IntRange(-10, 1000), func(i int) uint64 { return math.Float64bits(float64(i)) })).Draw(t, "bits"),
	}
	if rapid.IntRange(0, 5).Draw(t, "more") == 0 {
		s.more = &more{histogram: []byte("a histogram"), exemplars: []exemplar{{labels: []series.Label{{Name: "a", Value: "b"}}, ts: 5, bits: 6}}}
	}
	return rapid.OneOf(rapid.Uint32Range(1, 20), rapid.Uint32()).Draw(t, "ref"), s
}

// What is written is what is read, whatever it is.
func TestRecordsAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d draft
		var refs []uint32
		var samples []sample
		at := mark{rapid.Uint64Range(0, 1<<60).Draw(t, "seq"), rapid.Uint64Range(0, 1<<60).Draw(t, "bytes")}
		ms := rapid.Int64().Draw(t, "ms")
		tenant := rapid.SampledFrom([]string{"", "team-a"}).Draw(t, "tenant")
		set := series.NewInterner().InternFor(tenant, []series.Label{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}})
		definitions := rapid.IntRange(0, 3).Draw(t, "definitions")
		for i := range definitions {
			d.addSet(uint64(i), set)
			var state *past
			if i%2 == 0 {
				state = &past{last: int64(-i), bits: uint64(i)}
			}
			d.addSeries(uint32(i), [3]uint64{1, 2, uint64(i)}, &meta{kind: typeGauge, help: "h"}, state)
		}
		for range rapid.IntRange(0, 30).Draw(t, "samples") {
			ref, s := drawSample(t)
			refs, samples = append(refs, ref), append(samples, s)
			d.addSample(ref, &s)
		}
		payload := d.append(nil, at, ms)
		rec, err := readRecord(payload)
		require.NoError(t, err)
		require.Equal(t, at, rec.at)
		require.Equal(t, ms, rec.ms)
		require.Equal(t, mark{at.seq + uint64(len(samples)), at.bytes + uint64(len(payload)) + 12}, rec.end())
		sets, defined := 0, 0
		require.NoError(t, rec.define(func(id uint64, of string, labels []series.Label) {
			require.Equal(t, tenant, of)
			require.Equal(t, uint64(sets), id)
			require.Equal(t, []series.Label{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}}, labels)
			sets++
		}, func(got definition) {
			want := definition{ref: uint32(defined), sets: [3]uint64{1, 2, uint64(defined)}, meta: &meta{kind: typeGauge, help: "h"}}
			if want.known = defined%2 == 0; want.known {
				want.past = past{last: int64(-defined), bits: uint64(defined)}
			}
			require.Equal(t, want, got)
			defined++
		}))
		require.Equal(t, [2]int{definitions, definitions}, [2]int{sets, defined})
		for i := range samples {
			var got sample
			ref, ok := rec.next(&got)
			require.True(t, ok)
			require.Equal(t, refs[i], ref)
			require.Equal(t, samples[i], got)
		}
		require.Zero(t, rec.left)
		require.Empty(t, rec.samples.src)
	})
}

func FuzzReadRecord(f *testing.F) {
	var d draft
	d.addSet(1, series.NewInterner().InternFor("team-a", []series.Label{{Name: "a", Value: "b"}}))
	d.addSeries(1, [3]uint64{1, 1, 1}, nil, &past{5, 6})
	d.addSample(1, &sample{ts: 1000, bits: math.Float64bits(1.0 / 3)})
	d.addSample(1, &sample{ts: 2000, bits: 1, more: &more{histogram: []byte("h")}})
	f.Add(d.append(nil, mark{1, 2}, 3))
	f.Add([]byte{})
	f.Fuzz(func(_ *testing.T, payload []byte) {
		rec, err := readRecord(payload)
		if err != nil {
			return
		}
		_ = rec.define(func(uint64, string, []series.Label) {}, func(definition) {})
		var s sample
		for rec.left > 0 {
			if _, ok := rec.next(&s); !ok {
				return
			}
		}
	})
}

// A log whose records have the right checksum but say anything must not hurt either.
func FuzzRecovery(f *testing.F) {
	var d draft
	d.addSet(1, series.NewInterner().Intern([]series.Label{{Name: "a", Value: "b"}}))
	d.addSet(2, series.NewInterner().Intern([]series.Label{{Name: "__name__", Value: "m"}}))
	d.addSet(3, series.NewInterner().Intern(nil))
	d.addSeries(1, [3]uint64{1, 2, 3}, nil, &past{5, 6})
	d.addSample(1, &sample{ts: 1000, bits: math.Float64bits(1.0 / 3)})
	f.Add(d.append(nil, mark{}, 3), uint64(0), uint64(0), uint64(0))
	f.Add(d.append(nil, mark{7, 8}, 3), uint64(7), uint64(8), uint64(9))
	f.Fuzz(func(t *testing.T, payload []byte, acked, cut, resume uint64) {
		c := cursor{acked: acked, cut: cut, resume: resume}
		if max(acked, cut, resume) > 1<<40 {
			return // no slot logs that much
		}
		rec, err := readRecord(payload)
		if err == nil && rec.at.seq > 1<<40 {
			return
		}
		dir := t.TempDir()
		log, err := seglog.Open(seglog.Options{Dir: dir + "/000001-1-instance/slot-000", Format: walFormat})
		require.NoError(t, err)
		_, err = log.Append(seglog.Record{Type: recordType, Payload: payload})
		require.NoError(t, err)
		require.NoError(t, log.Close())
		cell, _, _, err := seglog.OpenCell(nil, dir+"/000001-1-instance/slot-000/"+cursorName)
		require.NoError(t, err)
		require.NoError(t, cell.Save(c.encode()))
		require.NoError(t, cell.Close())
		store := newStore(t)
		r := start(t, store, immortal(), singleLog(dir, nil))
		r.settle()
		r.end()
	})
}

func TestCursorsAreReadAsTheyWereWritten(t *testing.T) {
	c := cursor{from: seglog.Position{Segment: 7, Offset: 99}, acked: 1, cut: 2, resume: 3, clean: true, boot: 0xdeadbeef}
	assert.Equal(t, c, decodeCursor(c.encode()))
	assert.True(t, c.valid())
	assert.True(t, cursor{}.valid())
	assert.False(t, cursor{acked: 2, cut: 1}.valid())
	assert.False(t, cursor{cut: 2, resume: 1}.valid())
}

func TestRefsAreGivenOnceAndTheirPagesLetGo(t *testing.T) {
	var r refs
	table := series.NewTable[progress, meta]()
	interner := series.NewInterner()
	none := interner.Intern(nil)
	var streams []*stream
	for i := range 3 * pageSize {
		s, _, _ := table.Get(none, table.Form(interner.Intern([]series.Label{{Name: "__name__", Value: fmt.Sprint(i)}}), none, nil))
		s.State.ref = r.add(s)
		streams = append(streams, s)
	}
	for i, s := range streams {
		require.Same(t, s, r.get(uint32(i+1)))
	}
	for _, s := range streams[:2*pageSize] {
		r.remove(s.State.ref)
		r.remove(s.State.ref)
	}
	assert.Nil(t, r.pages[0])
	assert.Nil(t, r.pages[1])
	n := 0
	for ref, s := range r.all {
		require.Same(t, streams[ref-1], s)
		n++
	}
	assert.Equal(t, pageSize, n)
	assert.EqualValues(t, 3*pageSize+1, r.add(streams[0]))
	assert.False(t, r.set(0, streams[0]))
	assert.False(t, r.set(math.MaxUint32, streams[0]), "a number from nowhere")
	assert.Nil(t, r.get(math.MaxUint32))
}
