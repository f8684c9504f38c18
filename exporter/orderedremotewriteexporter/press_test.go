package orderedremotewriteexporter

import (
	"encoding/binary"
	"fmt"
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
	for _, c := range []struct {
		what     string
		samples  []sample
		one, two float64 // limits, bytes per sample
	}{
		{"a page", flinkSamples()[:5000], 29, 14},
		{"a slot of many", slotSamples(), 22, 14},
	} {
		for protocol, limit := range map[string]float64{protocol1: c.one, protocol2: c.two} {
			body := newWorkshop().pack(nil, format{protocol, snappy}, c.samples)
			raw, err := googlesnappy.Decode(nil, body)
			require.NoError(t, err)
			n := float64(len(c.samples))
			t.Logf("%s, %s: %.2f bytes, %.2f when searched", c.what, protocol, float64(len(body))/n, float64(len(s2.EncodeSnappy(nil, raw)))/n)
			assert.Less(t, float64(len(body))/n, limit)
		}
	}
}

// slotSamples are what a slot gets of a wave: several targets, each with times and
// values of its own, quantiles, and series with a label that others do not have.
func slotSamples() []sample {
	in := newIntake(createDefaultConfig().(*Config))
	var samples []sample
	for target := range 20 {
		b := newBatch()
		ms, line := int64(1_795_000_000_000+137*target), 0
		add := func(name string, attributes ...string) {
			value := float64(86_400*target+7) * float64(1+line%97)
			if line++; line%6 == 0 {
				value /= 60
			}
			b.gauge(name, ms, value, attributes...)
		}
		for e := range 160 {
			b.resource("service.name", "flink", "service.instance.id", fmt.Sprintf("127.0.0.1:%d", 40_000+target),
				"tm_id", fmt.Sprintf("tm-%05d", target), "job_name", fmt.Sprintf("%02d_Orders", e/80),
				"task_id", fmt.Sprintf("%032x", e/40), "task_name", fmt.Sprint("Source_orders_Map_", e/40), "subtask_index", fmt.Sprint(e%40))
			for m := range 25 {
				add(fmt.Sprint("flink.task.numRecordsIn", m))
				if m%4 == 0 {
					add(fmt.Sprint("flink.task.orders", m), "orders", "v1")
				}
			}
			for _, q := range []string{"0.5", "0.75", "0.95", "0.98", "0.99", "0.999"} {
				add("flink.task.mailboxLatencyMs", "quantile", q)
			}
		}
		in.walk(b.md)
		samples = append(samples, in.staged[0]...)
		in.staged[0] = nil
	}
	return samples[:requestSamples]
}
