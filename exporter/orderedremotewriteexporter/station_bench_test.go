package orderedremotewriteexporter

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cespare/xxhash/v2"
	googlesnappy "github.com/golang/snappy"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/internal/cputime"
)

// The benchmarks of this file are stations and yardsticks of `make ratios`.

const requestSamples = 2000

// BenchmarkTakeKnown translates and admits a call of known series, in lent data.
func BenchmarkTakeKnown(b *testing.B) {
	in := newIntake(createDefaultConfig().(*Config))
	in.keepTexts(true)
	md := taskManager()
	ms := int64(0)
	cputime.Loop(b, md.DataPointCount(), func() {
		ms++
		advance(md, ms)
		in.walk(md)
		for i := range in.staged {
			in.unstage(i)
		}
	})
}

// BenchmarkHashNames is the yardstick of BenchmarkTakeKnown: xxhash over all that names the call's series, once for each
// place where it stands.
func BenchmarkHashNames(b *testing.B) {
	md := taskManager()
	sum := uint64(0)
	attributes := func(m pcommon.Map) {
		for k, v := range m.All() {
			sum += xxhash.Sum64String(k) + xxhash.Sum64String(v.Str())
		}
	}
	cputime.Loop(b, md.DataPointCount(), func() {
		for _, rm := range md.ResourceMetrics().All() {
			attributes(rm.Resource().Attributes())
			for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
				sum += xxhash.Sum64String(m.Name())
				for _, p := range m.Gauge().DataPoints().All() {
					attributes(p.Attributes())
				}
			}
		}
	})
	require.NotZero(b, sum)
}

// BenchmarkPack encodes and compresses a request.
func BenchmarkPack(b *testing.B) {
	samples := flinkSamples()[:requestSamples]
	for _, protocol := range []string{protocol1, protocol2} {
		b.Run(protocol, func(b *testing.B) {
			var p packer
			cputime.Loop(b, requestSamples, func() { p.pack(format{protocol, snappy}, samples) })
		})
	}
}

// BenchmarkSnappy is the yardstick of BenchmarkPack: golang/snappy over the same requests.
func BenchmarkSnappy(b *testing.B) {
	samples := flinkSamples()[:requestSamples]
	for _, protocol := range []string{protocol1, protocol2} {
		b.Run(protocol, func(b *testing.B) {
			var p packer
			raw, err := googlesnappy.Decode(nil, p.pack(format{protocol, snappy}, samples).bytes)
			require.NoError(b, err)
			out := make([]byte, googlesnappy.MaxEncodedLen(len(raw)))
			cputime.Loop(b, requestSamples, func() { googlesnappy.Encode(out, raw) })
		})
	}
}

// BenchmarkLogKnown logs a call of known series.
func BenchmarkLogKnown(b *testing.B) {
	_, j, md := logOnly(b)
	j.stage(b, md, 1)
	in := j.x.in
	advance(md, 2)
	in.walk(md)
	cputime.Loop(b, md.DataPointCount(), func() {
		j.weigh(in.staged[0], in.before[0], 1)
		if _, _, err := j.push(); err != nil {
			b.Fatal(err)
		}
		if err := j.log.Truncate(j.written); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkWrite is the yardstick of BenchmarkLogKnown: as many bytes, written to a file.
func BenchmarkWrite(b *testing.B) {
	_, j, md := logOnly(b)
	j.stage(b, md, 1)
	before := j.end
	j.stage(b, md, 2)
	record := make([]byte, j.end.bytes-before.bytes)
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, f.Close()) })
	cputime.Loop(b, md.DataPointCount(), func() {
		if _, err := f.WriteAt(record, 0); err != nil {
			b.Fatal(err)
		}
		if err := f.Truncate(0); err != nil {
			b.Fatal(err)
		}
	})
}
