package orderedremotewriteexporter

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	googlesnappy "github.com/golang/snappy"
	"github.com/klauspost/compress/s2"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"pgregory.net/rapid"

	"weir.example/internal/series"
)

// message is the request of samples. Compressed as it is written it is the same, to
// the decoder of Prometheus and another one.
func message(t require.TestingT, e *encoder, samples []sample) []byte {
	e.encode(samples, true)
	plain := append(bytes.Clone(e.preface()), e.out...)
	e.encode(samples, false)
	body := binary.AppendUvarint(nil, uint64(e.size()))
	body = append(body, e.out...)
	for _, decode := range []func(dst, src []byte) ([]byte, error){googlesnappy.Decode, s2.Decode} {
		got, err := decode(nil, body)
		require.NoError(t, err)
		require.Equal(t, string(plain[len(e.preface()):]), string(got))
	}
	return plain
}

func decode1(t require.TestingT, samples []sample) prompb.WriteRequest {
	var req prompb.WriteRequest
	require.NoError(t, req.Unmarshal(message(t, newEncoder(rw1{}), samples)))
	require.Len(t, req.Timeseries, len(samples))
	return req
}

func decode2(t require.TestingT, e *encoder, samples []sample) writev2.Request {
	var req writev2.Request
	require.NoError(t, req.Unmarshal(message(t, e, samples)))
	require.Len(t, req.Timeseries, len(samples))
	return req
}

func pairs(refs []uint32, symbols []string) []series.Label {
	var out []series.Label
	for i := 0; i < len(refs); i += 2 {
		out = append(out, series.Label{Name: symbols[refs[i]], Value: symbols[refs[i+1]]})
	}
	return out
}

// requireSame checks both messages against the samples, with Prometheus's own
// decoders.
func requireSame(t require.TestingT, r *encoder, samples []sample) {
	one, two := decode1(t, samples), decode2(t, r, samples)
	require.Equal(t, "", two.Symbols[0])
	seen := map[string]bool{}
	for _, s := range two.Symbols {
		require.False(t, seen[s], "symbol %q twice", s)
		seen[s] = true
	}
	for i, s := range samples {
		ts1, ts2 := one.Timeseries[i], two.Timeseries[i]
		var labels1 []series.Label
		for _, l := range ts1.Labels {
			labels1 = append(labels1, series.Label{Name: l.Name, Value: l.Value})
		}
		require.Equal(t, s.series.Labels(), labels1)
		require.Equal(t, s.series.Labels(), pairs(ts2.LabelsRefs, two.Symbols))
		if m := s.series.Form().About; m != nil {
			require.Equal(t, *m, meta{metricType(ts2.Metadata.Type), two.Symbols[ts2.Metadata.UnitRef], two.Symbols[ts2.Metadata.HelpRef]})
		}
		if s.more == nil || s.more.histogram == nil {
			require.Len(t, ts2.Samples, 1)
			require.Equal(t, s.bits, math.Float64bits(ts1.Samples[0].Value))
			require.Equal(t, s.bits, math.Float64bits(ts2.Samples[0].Value))
			require.Equal(t, []int64{s.ts, s.ts, s.start}, []int64{ts1.Samples[0].Timestamp, ts2.Samples[0].Timestamp, ts2.Samples[0].StartTimestamp})
		} else {
			require.Empty(t, ts1.Samples)
			require.Empty(t, ts2.Samples)
			require.Equal(t, s.ts, ts1.Histograms[0].Timestamp)
			require.Equal(t, s.start, ts2.Histograms[0].StartTimestamp)
			require.Equal(t, ts1.Histograms[0].ToFloatHistogram(), ts2.Histograms[0].ToFloatHistogram())
		}
		if s.more != nil {
			require.Len(t, ts1.Exemplars, len(s.more.exemplars))
			for j, x := range ts2.Exemplars {
				require.Equal(t, s.more.exemplars[j], exemplar{pairs(x.LabelsRefs, two.Symbols), x.Timestamp, math.Float64bits(x.Value)})
				require.Len(t, ts1.Exemplars[j].Labels, len(x.LabelsRefs)/2)
			}
		}
	}
}

// Both protocols say the same of any content, request after request.
func FuzzEncode(f *testing.F) {
	f.Add("m", "tm_id", "1", "topic", "orders", "help", "By", int64(1000), 1.5)
	f.Add("m", "Zone", strings.Repeat("x", 300), "a", "", "", "", int64(1), math.Inf(-1))
	f.Add("m", "0", "0", "0", "0", "0", "0", int64(math.MaxInt64/1_000_000), math.NaN())
	f.Add("", "\xff", "\xff", "__name__", "x", "\xff", "\xff", int64(math.MaxInt64/1_000_000), math.NaN())
	f.Fuzz(func(t *testing.T, name, rk, rv, pk, pv, help, unit string, ms int64, value float64) {
		if ms <= 0 || ms > math.MaxInt64/1_000_000 {
			return
		}
		b := newBatch().resource(rk, rv).gauge(name, ms, value, pk, pv)
		m := b.metric(name + "_total")
		m.SetDescription(help)
		m.SetUnit(unit)
		sum := m.SetEmptySum()
		sum.SetIsMonotonic(true)
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := sum.DataPoints().AppendEmpty()
		p.SetTimestamp(stamp(ms))
		p.SetStartTimestamp(stamp(ms / 2))
		p.SetIntValue(ms)
		x := p.Exemplars().AppendEmpty()
		x.SetDoubleValue(value)
		x.FilteredAttributes().PutStr(pk, pv)
		in, _ := takeIn(t, func(c *Config) { c.ResourceLabels = []string{"*"} }, b.md)
		for _, s := range in.staged[0] {
			for j, l := range s.series.Labels() {
				require.NotEmpty(t, l.Value)
				require.True(t, j == 0 || s.series.Labels()[j-1].Name < l.Name, "%v", s.series.Labels())
			}
		}
		r := newEncoder(newRW2())
		requireSame(t, r, in.staged[0])
		requireSame(t, r, in.staged[0][:len(in.staged[0])/2])
	})
}

func TestBothProtocolsSayTheSame(t *testing.T) {
	requireSame(t, newEncoder(newRW2()), flinkSamples())
	r := newEncoder(newRW2())
	rapid.Check(t, func(t *rapid.T) {
		b := newBatch()
		key := rapid.SampledFrom([]string{"A", "_a", "a", "zz", "le", "tm_id", "job_name"})
		for range rapid.IntRange(1, 4).Draw(t, "resources") {
			b.resource("service.name", rapid.SampledFrom([]string{"x", "y"}).Draw(t, "job"), key.Draw(t, "rk"), "v")
			for i := range rapid.IntRange(1, 5).Draw(t, "metrics") {
				b.gauge(rapid.StringMatching(`[a-c]`).Draw(t, "name"), int64(i+1), float64(i), key.Draw(t, "k1"), "1", key.Draw(t, "k2"), "2")
			}
			exponentialPoint(b, int64(1), rapid.Int32Range(-4, 12).Draw(t, "scale"), rapid.SliceOfN(rapid.Uint64Range(0, 3), 0, 20).Draw(t, "counts"))
		}
		in := newIntake(createDefaultConfig().(*Config))
		in.walk(b.md)
		for _, staged := range in.staged {
			requireSame(t, r, staged)
			if len(staged) > 0 {
				requireSame(t, r, rapid.Permutation(append(staged, staged...)).Draw(t, "mixed"))
			}
		}
	})
}

// A request has only the symbols it uses, however many came before.
func TestSymbolsAreThoseOfTheRequest(t *testing.T) {
	r := newEncoder(newRW2())
	samples := flinkSamples()
	decode2(t, r, samples)
	last := decode2(t, r, samples[len(samples)-1:])
	assert.LessOrEqual(t, len(last.Symbols), 40)
	var raw bytes.Buffer
	for _, s := range last.Symbols {
		raw.WriteString(s + " ")
	}
	assert.Contains(t, raw.String(), "numRecordsIn24 (scope")
	assert.NotContains(t, raw.String(), "numRecordsIn0")
	assert.Empty(t, decode2(t, r, nil).Timeseries)
}
