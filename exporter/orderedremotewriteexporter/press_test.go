package orderedremotewriteexporter

import (
	"encoding/binary"
	"testing"

	googlesnappy "github.com/golang/snappy"
	"github.com/klauspost/compress/s2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The law: whatever was new and whatever is repeated, from however far, decoders read the
// message that was written.
func TestWhatIsPressedIsTheMessage(t *testing.T) {
	var p, plain press
	rapid.Check(t, func(t *rapid.T) {
		p.begin(false)
		plain.begin(true)
		var want []byte
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				b := make([]byte, rapid.SampledFrom([]int{0, 1, 7, 59, 60, 61, 130, 30_000}).Draw(t, "new"))
				for i := range b {
					b[i] = byte(len(want) + i*i)
				}
				p.put(b)
				plain.put(b)
				want = append(want, b...)
			case 1:
				v, n := rapid.Uint64().Draw(t, "bits"), rapid.IntRange(0, 8).Draw(t, "bytes")
				p.putBits(v, n)
				plain.putBits(v, n)
				want = append(want, binary.LittleEndian.AppendUint64(nil, v)[:n]...)
			case 2:
				if len(want) == 0 {
					continue
				}
				from := rapid.IntRange(max(0, len(want)-reach), len(want)-1).Draw(t, "from")
				n := rapid.IntRange(1, min(200, len(want)-from)).Draw(t, "again")
				p.again(origin+from, n)
				plain.again(origin+from, n)
				want = append(want, want[from:from+n]...)
			}
		}
		p.close()
		plain.close()
		require.Equal(t, string(want), string(plain.out))
		require.Equal(t, len(want), p.size())
		body := append(binary.AppendUvarint(nil, uint64(p.size())), p.out...)
		for _, decode := range []func(dst, src []byte) ([]byte, error){googlesnappy.Decode, s2.Decode} {
			got, err := decode(nil, body)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
		}
	})
}

// A request takes about as many bytes as a compressor makes of it, which searches for what repeats.
func TestWhatIsPressedIsSmall(t *testing.T) {
	samples := flinkSamples()[:5000]
	for protocol, limit := range map[string]float64{protocol1: 29, protocol2: 14} {
		body := newWorkshop().pack(nil, format{protocol, snappy}, samples)
		raw, err := googlesnappy.Decode(nil, body)
		require.NoError(t, err)
		t.Logf("%s: %d bytes, %d when searched", protocol, len(body), len(s2.EncodeSnappy(nil, raw)))
		assert.Less(t, float64(len(body))/float64(len(samples)), limit)
	}
}
