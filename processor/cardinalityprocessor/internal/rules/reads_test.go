package rules

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"pgregory.net/rapid"
)

// The law: resources with the same keys, and the same values where they are read, have the same program, and it does
// the same to them, save for the values that it writes.
func TestValuesThatAreNotReadDecideNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set, err := Compile(rapid.SliceOfN(rapid.Custom(drawRule), 1, 4).Draw(t, "rules"),
			rapid.SampledFrom([][]string{nil, {"job"}, {"b"}}).Draw(t, "keep"), []byte("0123456789abcdef"))
		require.NoError(t, err)
		one, other := pcommon.NewMap(), pcommon.NewMap()
		for _, key := range []string{"a", "b", "service.name", "service.instance.id"} {
			if !rapid.Bool().Draw(t, "has "+key) {
				continue
			}
			value := rapid.SampledFrom([]string{"1", "2", "x"})
			one.PutStr(key, value.Draw(t, "value"))
			other.PutStr(key, value.Draw(t, "other value"))
			if set.Reads(key) {
				v, _ := one.Get(key)
				other.PutStr(key, v.Str())
			}
		}
		program := set.Program("m", one)
		require.Same(t, program, set.Program("m", other))
		if program == nil {
			return
		}
		a, b := program.Rewrite(one, pcommon.NewMap()), program.Rewrite(other, pcommon.NewMap())
		require.Equal(t, a, b)
	})
}

func drawRule(t *rapid.T) Rule {
	keys := []string{"a", "b", "*", "job", "instance", "service.*"}
	r := Rule{
		Labels: []string{rapid.SampledFrom(keys).Draw(t, "label")},
		Action: rapid.SampledFrom([]Action{Keep, Drop, DropSeries, Supersede, Hash, Bucket, Truncate, Map}).Draw(t, "action"),
	}
	if rapid.Bool().Draw(t, "matches") {
		key := rapid.SampledFrom([]string{"a", "b", "job", "instance", "service.name"}).Draw(t, "key")
		r.Match.Resource = map[string]string{key: rapid.SampledFrom([]string{"1", "x*", "*"}).Draw(t, "pattern")}
	}
	switch r.Action {
	case Bucket:
		r.Bounds = []float64{1}
	case Truncate:
		r.Length = 1
	case Map:
		r.Mapping = map[string]string{"1": "one"}
	}
	return r
}
