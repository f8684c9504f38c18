package orderedremotewriteexporter

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/series"
)

var fullMore = &more{
	histogram: []byte{1, 2, 3},
	exemplars: []exemplar{
		{labels: []series.Label{{Name: "span_id", Value: "b"}, {Name: "trace_id", Value: "a"}}, ts: -5, bits: 1 << 63},
		{ts: 1},
	},
}

func TestMoreAndMetaAreReadAsTheyWereWritten(t *testing.T) {
	for _, m := range []*more{nil, fullMore, {histogram: []byte{9}}, {exemplars: []exemplar{{ts: 7}}}} {
		got, rest, err := readMore(append(appendMore(nil, m), "rest"...))
		require.NoError(t, err)
		assert.Equal(t, m, got)
		assert.Equal(t, "rest", string(rest))
	}
	for _, m := range []*meta{nil, {kind: typeCounter, unit: "By", help: "how much"}, {help: "x"}} {
		got, rest, err := readMeta(append(appendMeta(nil, m), "rest"...))
		require.NoError(t, err)
		assert.Equal(t, m, got)
		assert.Equal(t, "rest", string(rest))
	}
}

func TestCutBytesAreAnError(t *testing.T) {
	whole := appendMore(nil, fullMore)
	for n := range len(whole) {
		_, _, err := readMore(whole[:n])
		require.ErrorIs(t, err, errMalformed, n)
	}
	whole = appendMeta(nil, &meta{kind: 1, unit: "By", help: "x"})
	for n := range len(whole) {
		_, _, err := readMeta(whole[:n])
		require.ErrorIs(t, err, errMalformed, n)
	}
}

func FuzzReadMore(f *testing.F) {
	f.Add(appendMore(nil, fullMore))
	f.Add(appendMeta(nil, &meta{kind: 1, unit: "By", help: "x"}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, src []byte) {
		if m, _, err := readMore(src); err == nil {
			again, rest, err := readMore(appendMore(nil, m))
			require.NoError(t, err)
			require.Empty(t, rest)
			require.Equal(t, m, again)
		}
		if m, _, err := readMeta(src); err == nil {
			again, _, err := readMeta(appendMeta(nil, m))
			require.NoError(t, err)
			require.Equal(t, m, again)
		}
	})
}
