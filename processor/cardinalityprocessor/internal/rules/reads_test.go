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
		set, err := Compile(Source{
			Rules:          rapid.SliceOfN(rapid.Custom(drawRule), 1, 4).Draw(t, "rules"),
			Keep:           rapid.SampledFrom([][]string{nil, {"job"}, {"b"}}).Draw(t, "keep"),
			AllowSensitive: rapid.SampledFrom([][]string{nil, {"a"}}).Draw(t, "allow_sensitive"),
			Preset:         rapid.SampledFrom([]string{"", Sanitize}).Draw(t, "preset"),
			HashKey:        []byte("0123456789abcdef"),
		})
		require.NoError(t, err)
		one, other := pcommon.NewMap(), pcommon.NewMap()
		for _, key := range []string{"a", "b", "service.name", "service.instance.id"} {
			if !rapid.Bool().Draw(t, "has "+key) {
				continue
			}
			value := rapid.SampledFrom([]string{"1", "2", "x", "ana@corp.io", "bob@corp.io/7", "/a/17", "/b/18", uuidA, uuidB, "SELECT 7", "SELECT 'ana@corp.io'"})
			a, b := value.Draw(t, "value"), value.Draw(t, "other value")
			if set.Reads(key, a) != set.Reads(key, b) {
				b = a
			}
			one.PutStr(key, a)
			other.PutStr(key, b)
		}
		program := set.Program("m", one)
		require.Same(t, program, set.Program("m", other))
		if program == nil {
			return
		}
		a, b := program.RewriteResource(one, pcommon.NewMap()), program.RewriteResource(other, pcommon.NewMap())
		for _, edits := range [][]Edit{a.Merged, b.Merged} {
			for i := range edits {
				edits[i].Value = ""
			}
		}
		require.Equal(t, a, b)
	})
}

const (
	uuidA = "550e8400-e29b-41d4-a716-446655440000"
	uuidB = "c2f8b7a2-4b9e-4f7a-a98b-7e2f7b2f38c4"
)

func drawRule(t *rapid.T) Rule {
	keys := []string{"a", "b", "*", "job", "instance", "service.*"}
	r := Rule{
		Labels: []string{rapid.SampledFrom(keys).Draw(t, "label")},
		Action: rapid.SampledFrom([]Action{Redact, Template, Keep, Drop, DropSeries, Supersede, Hash, Bucket, Truncate, Map}).Draw(t, "action"),
	}
	if rapid.Bool().Draw(t, "by value") {
		r.Values = []string{rapid.SampledFrom([]string{"email", "identifier", "/{id}|x/", "/.*@.*/"}).Draw(t, "values")}
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
