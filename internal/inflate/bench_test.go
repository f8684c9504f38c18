package inflate

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	kgzip "github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"weir.example/internal/cputime"
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

// BenchmarkNext is the decoder of this package alone, in processor time: a page of 10,000 lines whose values are all new each time, as
// klauspost/compress writes it at its best speed and the standard library at Java's level.
func BenchmarkNext(b *testing.B) {
	text := busyPage(b, 10_000)
	for _, level := range []int{6, 101} {
		b.Run("level "+strconv.Itoa(level%100), func(b *testing.B) {
			stream := zip(b, text, level)
			var source bytes.Reader
			var z Reader
			cputime.Loop(b, 10_000, func() {
				source.Reset(stream)
				z.Reset(&source)
				for err := error(nil); err == nil; {
					_, err = z.Next(0)
				}
			})
			b.ReportMetric(float64(len(stream))/10_000, "B/sample")
		})
	}
}

// busyPage makes a page of some lines of samples: those of the captured one for as many jobs as needed.
func busyPage(b *testing.B, lines int) []byte {
	page := capturedPage(b)
	var out []byte
	for copies := 1 + lines/bytes.Count(page, []byte("} ")); lines > 0; {
		head, rest, _ := bytes.Cut(page, []byte("\n"))
		for i := range copies {
			if head[0] == '#' && i > 0 || lines == 0 {
				break
			}
			if head[0] != '#' {
				lines--
			}
			out = append(out, bytes.Replace(head, []byte(`job_id="`), fmt.Appendf(nil, `job_id="%d`, i), 1)...)
			out = append(out, '\n')
		}
		page = rest
	}
	return withRandomValues(out)
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
