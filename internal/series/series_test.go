package series

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/prometheus/prometheus/prompb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"
)

type state struct {
	last int64
	_    [24]byte // as large as what the exporter keeps
}

func set(in *Interner, pairs ...string) *Set {
	var labels []Label
	for i := 0; i < len(pairs); i += 2 {
		labels = append(labels, Label{pairs[i], pairs[i+1]})
	}
	return in.Intern(labels)
}

// get is Get of three sets.
func get(table *Table[state, string], entity, name, extras *Set) (*Series[state, string], bool) {
	s, number, fresh := table.Get(entity, table.Form(name, extras, nil))
	if table.At(number) != s {
		panic("a number leads to another series")
	}
	return s, fresh
}

func TestSetsAreInternedWhateverTheOrderOfLabels(t *testing.T) {
	in := NewInterner()
	a := set(in, "job", "x", "Zone", "1", "instance", "y")
	b := set(in, "instance", "y", "job", "x", "Zone", "1")
	assert.Same(t, a, b)
	assert.NotSame(t, a, set(in, "instance", "y", "job", "z", "Zone", "1"))
	assert.Equal(t, "x", a.Get("job"))
	assert.Empty(t, a.Get("absent"))
	assert.Equal(t, 2, in.sets.len())
	assert.True(t, set(in).Empty())
}

func TestOverlaps(t *testing.T) {
	in := NewInterner()
	for _, c := range []struct {
		a, b []string
		want bool
	}{
		{[]string{"a", "1", "c", "1"}, []string{"b", "1", "d", "1"}, false},
		{[]string{"a", "1", "c", "1"}, []string{"c", "2"}, true},
		{[]string{"a", "1"}, nil, false},
	} {
		assert.Equal(t, c.want, set(in, c.a...).Overlaps(set(in, c.b...)), "%v %v", c.a, c.b)
		assert.Equal(t, c.want, set(in, c.b...).Overlaps(set(in, c.a...)), "%v %v", c.b, c.a)
	}
}

// The law: two series are the same exactly when their labels and tenants are, however
// the labels are spread over entity and extras and whatever the hash does.
func TestIdentityIsTheLabelSet(t *testing.T) {
	for _, hash := range []struct {
		name string
		f    func(uint64) uint64
	}{{"real hash", mix}, {"every hash collides", func(uint64) uint64 { return 7 << 40 }}} {
		t.Run(hash.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { checkIdentity(t, hash.f) })
		})
	}
}

func checkIdentity(t *rapid.T, hash func(uint64) uint64) {
	in, table := NewInterner(), NewTable[state, string]()
	table.hash = hash
	in.hash = func(s *Set) uint64 { return hash(s.hash) }
	names := rapid.SampledFrom([]string{"A", "Z_", "__a", "_b", "a", "b", "é", strings.Repeat("n", 200)})
	values := rapid.SampledFrom([]string{"1", "2", strings.Repeat("v", 300)})
	known := map[string]*Series[state, string]{}
	for range rapid.IntRange(1, 60).Draw(t, "lookups") {
		labels := rapid.MapOfN(names, values, 0, 5).Draw(t, "labels")
		var parts [2][]Label
		for _, k := range slices.Sorted(maps.Keys(labels)) {
			part := rapid.IntRange(0, 1).Draw(t, "part")
			parts[part] = append(parts[part], Label{k, labels[k]})
		}
		metric := rapid.SampledFrom([]string{"m", "n"}).Draw(t, "metric")
		tenant := rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "tenant")
		s, fresh := get(table, in.InternFor(tenant, parts[0]), in.Intern([]Label{{NameLabel, metric}}), in.Intern(parts[1]))
		labels[NameLabel] = metric
		key := fmt.Sprint(tenant, labels)
		require.Equal(t, tenant, s.Entity.Tenant())
		if was, ok := known[key]; ok {
			require.Same(t, was, s)
			require.False(t, fresh)
		} else {
			require.True(t, fresh)
		}
		known[key] = s
		requireWire(t, labels, s)
	}
	require.Equal(t, len(known), table.Len())
}

// requireWire decodes the wire form with Prometheus's own decoder.
func requireWire(t require.TestingT, want map[string]string, s *Series[state, string]) {
	var ts prompb.TimeSeries
	var wire []byte
	for _, p := range s.Form().AppendPairs(nil, s.Entity) {
		wire = append(wire, p.Wire()...)
	}
	require.NoError(t, ts.Unmarshal(wire))
	got := map[string]string{}
	for i, l := range ts.Labels {
		got[l.Name] = l.Value
		require.True(t, i == 0 || ts.Labels[i-1].Name < l.Name, "labels are not sorted: %v", ts.Labels)
		require.Equal(t, Label{l.Name, l.Value}, s.Labels()[i])
	}
	require.Equal(t, want, got)
}

func attrs(pairs ...any) pcommon.Map {
	m := pcommon.NewMap()
	for i := 0; i < len(pairs); i += 2 {
		switch v := pairs[i+1].(type) {
		case string:
			m.PutStr(pairs[i].(string), v)
		case int:
			m.PutInt(pairs[i].(string), int64(v))
		}
	}
	return m
}

func TestMemoIgnoresTheOrderOfAttributes(t *testing.T) {
	for _, hash := range []func(uint64) uint64{mix, func(uint64) uint64 { return 1 }} {
		m := NewMemo[int]()
		m.hash = hash
		calls := 0
		get := func(extra string, a pcommon.Map) int {
			name := ""
			if extra != "" {
				name = "le"
			}
			return m.Get(a, name, []byte(extra), func() int { calls++; return calls })
		}
		assert.Equal(t, 1, get("", attrs("a", "1", "b", "2")))
		assert.Equal(t, 1, get("", attrs("b", "2", "a", "1")))
		assert.Equal(t, 1, get("", attrs("a", 1, "b", "2")), "an attribute is its text")
		assert.Equal(t, 2, get("", attrs("a", "2", "b", "1")))
		assert.Equal(t, 3, get("0.5", attrs("a", "1", "b", "2")))
		assert.Equal(t, 4, get("", attrs("a", "1")))
		assert.Equal(t, 4, m.Len())
	}
}

func TestSweepForgetsWhatWasNotUsed(t *testing.T) {
	in, memo, table := NewInterner(), NewMemo[int](), NewTable[state, string]()
	var wraps Generation = 65530
	in.Sweep(wraps, 10)
	memo.Sweep(wraps, 10)
	old, name := set(in, "a", "old"), set(in, NameLabel, "m")
	memo.Get(attrs("a", "old"), "", nil, func() int { return 1 })
	in.Sweep(wraps+8, 10)
	memo.Sweep(wraps+8, 10)
	used := set(in, "a", "used")
	in.Touch(name)
	memo.Get(attrs("a", "used"), "", nil, func() int { return 2 })
	in.Sweep(wraps+12, 10)
	memo.Sweep(wraps+12, 10)
	assert.Equal(t, 2, in.sets.len())
	assert.Equal(t, 1, memo.Len())
	assert.Same(t, used, set(in, "a", "used"))
	assert.NotSame(t, old, set(in, "a", "old"))

	for i := range 1000 {
		s, _ := get(table, set(in, "i", fmt.Sprint(i)), name, set(in))
		s.State.last = int64(i)
	}
	table.Sweep(func(s *Series[state, string]) bool { return s.State.last%10 == 0 })
	assert.Equal(t, 100, table.Len())
	for i := range 1000 {
		_, fresh := get(table, set(in, "i", fmt.Sprint(i)), name, set(in))
		assert.Equal(t, i%10 != 0, fresh, i)
	}
}

// A forgotten set that a series still holds must not make a second series.
func TestSeriesOutlivesItsForgottenSets(t *testing.T) {
	in, table := NewInterner(), NewTable[state, string]()
	s, _ := get(table, set(in, "a", "1"), set(in, NameLabel, "m"), set(in))
	in.Sweep(100, 1)
	require.Zero(t, in.sets.len())
	again, fresh := get(table, set(in, "a", "1"), set(in, NameLabel, "m"), set(in))
	assert.False(t, fresh)
	assert.Same(t, s, again)
}

func TestASeriesTakesLessThan60Bytes(t *testing.T) {
	require.EqualValues(t, 48, unsafe.Sizeof(Series[state, string]{}))
	in, table := NewInterner(), NewTable[state, string]()
	var names, entities []*Set
	for i := range 500 {
		names = append(names, set(in, NameLabel, fmt.Sprint("m", i)))
		entities = append(entities, set(in, "x", fmt.Sprint(i)))
	}
	none := set(in)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, n := range names {
		for _, e := range entities {
			get(table, e, n, none)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	per := float64(after.HeapAlloc-before.HeapAlloc) / float64(table.Len())
	t.Logf("%.1f bytes per series at %d series", per, table.Len())
	assert.Less(t, per, 60.0)
	runtime.KeepAlive(table)
}

// The law: what a sweep keeps stays where it is, under its number; what it does not keep
// is gone, and its room is used again.
func TestSweptRoomIsUsedAgain(t *testing.T) {
	in := NewInterner()
	name, none := set(in, NameLabel, "m"), set(in)
	rapid.Check(t, func(t *rapid.T) {
		table := NewTable[state, string]()
		numbers := map[string]uint32{}
		peak := 0
		for range rapid.IntRange(1, 8).Draw(t, "sweeps") {
			for range rapid.IntRange(0, 300).Draw(t, "series") {
				id := fmt.Sprint(rapid.IntRange(0, 1000).Draw(t, "id"))
				s, number, fresh := table.Get(set(in, "i", id), table.Form(name, none, nil))
				was, known := numbers[id]
				require.Equal(t, !known, fresh)
				if known {
					require.Equal(t, was, number)
				}
				require.Same(t, s, table.At(number))
				numbers[id] = number
			}
			peak = max(peak, len(numbers))
			every := rapid.IntRange(1, 100).Draw(t, "every")
			keep := func(id string) bool { return hashLabel("", id)%uint64(every) == 0 }
			table.Sweep(func(s *Series[state, string]) bool { return keep(s.Entity.Get("i")) })
			for id, number := range numbers {
				if s := table.At(number); keep(id) {
					require.Equal(t, id, s.Entity.Get("i"))
				} else {
					require.True(t, s == nil || s.Entity == nil)
					delete(numbers, id)
				}
			}
			n := 0
			for range table.All {
				n++
			}
			require.Equal(t, len(numbers), n)
			require.Equal(t, n, table.Len())
		}
		require.LessOrEqual(t, len(table.chunks), peak/chunkSize+1)
	})
}

// The law: a memo tells attributes and extra labels apart, in whatever order they come.
func TestAMemoKnowsWhatItHasSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, known := NewMemo[string](), map[string]bool{}
		if rapid.Bool().Draw(t, "every hash collides") {
			m.hash = func(uint64) uint64 { return 1 }
		}
		text := rapid.SampledFrom([]string{"", "a", "b", "ab", "\x01a", strings.Repeat("v", 200)})
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			pairs := rapid.MapOfN(text, text, 0, 3).Draw(t, "attributes")
			keys := rapid.Permutation(slices.Sorted(maps.Keys(pairs))).Draw(t, "order")
			a := pcommon.NewMap()
			for _, k := range keys {
				a.PutStr(k, pairs[k])
			}
			m.KeepTexts(rapid.Bool().Draw(t, "texts may be kept"))
			extra, value := rapid.SampledFrom([]string{"", "le"}).Draw(t, "extra"), ""
			if extra != "" {
				value = text.Draw(t, "value")
			}
			want := fmt.Sprintf("%q %q %q", pairs, extra, value)
			got := m.Get(a, extra, []byte(value), func() string {
				require.False(t, known[want], "known, but computed again")
				return want
			})
			require.Equal(t, want, got)
			known[want] = true
			if rapid.IntRange(0, 9).Draw(t, "sweep") == 0 {
				m.Sweep(Generation(step), 0)
				m.Sweep(Generation(step)+1, 0)
				clear(known)
			}
		}
	})
}

func TestAMemoKeepsOnlyTextsThatItMay(t *testing.T) {
	m, one := NewMemo[int](), attrs("key", "value")
	get := func(a pcommon.Map, value int) int { return m.Get(a, "", nil, func() int { return value }) }
	held := func() *attribute { return m.last.all[0] }
	whole := "a key and a value"
	part := attrs(whole[2:5], whole[12:])

	require.Equal(t, 1, get(part, 1))
	require.False(t, Identical(whole[2:5], held().name))
	require.False(t, Identical(whole[12:], held().value))
	m.KeepTexts(true)
	require.Equal(t, 1, get(one, 2))
	require.Equal(t, 1, get(one, 3))
	require.True(t, Identical("key", held().name))
	require.Equal(t, 4, get(attrs("key", "other"), 4))
	require.Equal(t, 5, get(attrs("key", ""), 5))
	require.Equal(t, 6, get(attrs("key", 1), 6), "no text")
	require.Equal(t, 1, get(part, 7))
}

func BenchmarkTableGet(b *testing.B) {
	in, table := NewInterner(), NewTable[state, string]()
	empty := set(in)
	var names, entities []*Set
	for i := range 500 {
		names = append(names, set(in, NameLabel, fmt.Sprint("m", i)))
		entities = append(entities, set(in, "x", fmt.Sprint(i), "job", "flink"))
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		get(table, entities[i/500%500], names[i%500], empty)
		i++
	}
}

func BenchmarkMemoGet(b *testing.B) {
	m := NewMemo[int]()
	var maps []pcommon.Map
	for i := range 500 {
		id := strings.Repeat("0a23bf98", 4)
		maps = append(maps, attrs("service.name", "flink", "service.instance.id", "taskmanager-1:9249", "host.name", "taskmanager-1",
			"job_id", id, "job_name", "orders", "task_id", id, "task_name", "Source:_orders_source____enrich:_order",
			"operator_id", id, "operator_name", "enrich:_order", "subtask_index", fmt.Sprint(i), "tm_id", "taskmanager-1:46145_6e0e61"))
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		m.Get(maps[i%500], "", nil, func() int { return i })
		i++
	}
}
