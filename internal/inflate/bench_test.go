package inflate

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	kgzip "github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"weir.example/internal/flinktest"
)

// resetReader is what all decoders have.
type resetReader interface {
	io.Reader
	Reset(io.Reader) error
}

// BenchmarkPage decompresses pages of a TaskManager of 4,140 series by turns with the decoder of this package, that of
// klauspost/compress and the standard library's, so that the machine's speed of the moment is that of all. Times are medians.
func BenchmarkPage(b *testing.B) {
	captured := capturedPage(b)
	for name, page := range map[string][]byte{"captured": captured, "random values": withRandomValues(captured)} {
		for _, level := range []int{6, 101} {
			b.Run(name+"/level "+strconv.Itoa(level%100), func(b *testing.B) { decompressByTurns(b, page, zip(b, page, level)) })
		}
	}
}

func decompressByTurns(b *testing.B, page, stream []byte) {
	var source bytes.Reader
	var z Reader
	times := map[string][]time.Duration{}
	measure := func(name string, decompress func()) {
		source.Reset(stream)
		begin := time.Now()
		decompress()
		times[name] = append(times[name], time.Since(begin))
	}
	drain := func(r resetReader, buf []byte) {
		if err := r.Reset(&source); err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := r.Read(buf); err != nil {
				return
			}
		}
	}
	buf, klauspost, standard := make([]byte, pieceSize), new(kgzip.Reader), new(gzip.Reader)
	for b.Loop() {
		measure("own", func() {
			z.Reset(&source)
			for {
				if _, err := z.Next(0); err != nil {
					return
				}
			}
		})
		measure("klauspost", func() { drain(klauspost, buf) })
		measure("standard", func() { drain(standard, buf) })
	}
	median := func(name string) float64 {
		slices.Sort(times[name])
		return float64(times[name][len(times[name])/2].Nanoseconds())
	}
	lines := float64(bytes.Count(page, []byte("\n")))
	b.ReportMetric(0, "ns/op") // of all three: says nothing
	b.ReportMetric(median("own")/lines, "ns/line")
	b.ReportMetric(float64(len(page))/median("own")*1e3, "MB/s")
	b.ReportMetric(median("own")/median("klauspost"), "of-klauspost")
	b.ReportMetric(median("own")/median("standard"), "of-standard")
}

// BenchmarkNext is the decoder of this package alone, for its allocations.
func BenchmarkNext(b *testing.B) {
	page := capturedPage(b)
	stream := zip(b, page, 6)
	var source bytes.Reader
	var z Reader
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		source.Reset(stream)
		z.Reset(&source)
		for err := error(nil); err == nil; {
			_, err = z.Next(0)
		}
	}
}

func capturedPage(b *testing.B) []byte {
	processes, err := flinktest.Scenario("1.20.3", "parallelism")
	require.NoError(b, err)
	for _, p := range processes {
		if p.Name == "taskmanager-1" {
			return p.Pages[2].Body
		}
	}
	b.Fatal("no taskmanager-1")
	return nil
}

// withRandomValues replaces all values, since half of the captured ones are zeros.
func withRandomValues(page []byte) []byte {
	random := rand.New(rand.NewPCG(9, 10))
	var out []byte
	for line := range bytes.Lines(page) {
		if end := bytes.LastIndex(line, []byte("} ")); end >= 0 {
			out = append(out, line[:end+2]...)
			out = strconv.AppendFloat(out, random.Float64()*1e6, 'g', 4+random.IntN(13), 64)
			line = line[len(line)-1:]
		}
		out = append(out, line...)
	}
	return out
}
