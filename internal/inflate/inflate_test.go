package inflate

import (
	"bytes"
	stdflate "compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	kgzip "github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// read decompresses all of src, of which each piece keeps the unread bytes of its predecessor that keep wants.
func read(z *Reader, src io.Reader, keep func(piece []byte) int) ([]byte, error) {
	z.Reset(src)
	var text []byte
	held := 0
	for {
		piece, err := z.Next(held)
		if !bytes.HasSuffix(text, piece[:held]) {
			return nil, fmt.Errorf("the %d bytes that were kept are not those of before", held)
		}
		text = append(text, piece[held:]...)
		if err != nil {
			return text, err
		}
		held = keep(piece)
	}
}

func nothing([]byte) int { return 0 }

// reference is what the standard library makes of a stream.
func reference(src io.Reader) ([]byte, error) {
	z, err := gzip.NewReader(src)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // no stream is no empty stream
	}
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(z)
	if err == nil {
		err = io.EOF
	}
	return text, err
}

// class is what an error says, whoever says it.
func class(err error) error {
	var corrupt stdflate.CorruptInputError
	switch {
	case errors.Is(err, gzip.ErrHeader):
		return errHeader
	case errors.Is(err, gzip.ErrChecksum):
		return errChecksum
	case errors.As(err, &corrupt):
		return errCorrupt
	}
	return err
}

// compare holds z to the reference on one stream.
func compare(t testing.TB, z *Reader, stream []byte) {
	t.Helper()
	want, wantErr := reference(bytes.NewReader(stream))
	got, err := read(z, bytes.NewReader(stream), nothing)
	if class(wantErr) != err || !bytes.Equal(want, got) {
		require.Equal(t, class(wantErr), err, "%x", stream[:min(len(stream), 1000)])
		require.Equal(t, len(want), len(got))
		t.Fatal("the text is another one")
	}
}

// texts are of all kinds that compress differently.
func texts() map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise, digits, far := make([]byte, 200_000), make([]byte, 100_000), make([]byte, 0, 300_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for i := range digits {
		digits[i] = '0' + byte(random.Uint32()%10)
	}
	for len(far) < 250_000 { // matches up to the end of the window
		far = append(far, noise[:1+random.IntN(windowSize+50)]...)
	}
	var periods, skewed []byte
	for period := 1; period <= 300; period++ { // matches that read what they write
		begin := random.IntN(len(noise) - period)
		periods = append(periods, bytes.Repeat(noise[begin:begin+period], 2+600/period)...)
	}
	for range 200_000 { // codes of all lengths
		skewed = append(skewed, byte(bits.LeadingZeros32(random.Uint32())*8+random.IntN(2)))
	}
	lines := &bytes.Buffer{}
	for i := range 5000 {
		fmt.Fprintf(lines, "flink_taskmanager_job_task_numRecordsIn{task_id=%q,subtask_index=\"%d\",} %v\n", "cbc357ccb763df2852fee8c4fc7d55f2", i%64, random.Float64()*1e6)
	}
	return map[string][]byte{
		"nothing": nil, "one byte": {'x'}, "noise": noise, "digits": digits, "far matches": far, "every period": periods, "skewed": skewed, "lines": lines.Bytes(),
		"one byte a million times": bytes.Repeat([]byte{'a'}, 1<<20),
		"short periods":            []byte(strings.Repeat("ab", 1000) + strings.Repeat("abc", 1000) + strings.Repeat("0123456789abcde", 9000)),
	}
}

// zip compresses with the standard library (levels -2 to 9) or with another (the same plus 100).
func zip(t testing.TB, text []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	var z io.WriteCloser
	var err error
	if level < 50 {
		z, err = gzip.NewWriterLevel(&b, level)
	} else {
		z, err = kgzip.NewWriterLevel(&b, level-100)
	}
	require.NoError(t, err)
	_, err = z.Write(text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

func levels() (all []int) {
	for level := -2; level <= 9; level++ {
		all = append(all, level, 100+level)
	}
	return all
}

func TestTextsOfAllLevelsComeBack(t *testing.T) {
	var z Reader
	for name, text := range texts() {
		for _, level := range levels() {
			stream := zip(t, text, level)
			got, err := read(&z, bytes.NewReader(stream), nothing)
			require.Equal(t, io.EOF, err, "%s, level %d", name, level)
			require.True(t, bytes.Equal(text, got), "%s, level %d", name, level)
		}
	}
}

func TestSourcesMayReturnAsTheyLike(t *testing.T) {
	var z Reader
	for name, text := range texts() {
		stream := zip(t, text, 6)
		for how, source := range map[string]func(io.Reader) io.Reader{
			"byte by byte": iotest.OneByteReader, "by halves": iotest.HalfReader, "the end with the data": iotest.DataErrReader,
		} {
			got, err := read(&z, source(bytes.NewReader(stream)), nothing)
			require.Equal(t, io.EOF, err, "%s, %s", name, how)
			require.True(t, bytes.Equal(text, got), "%s, %s", name, how)
		}
	}
}

func TestWhatTheCallerKeepsStandsBeforeTheNextPiece(t *testing.T) {
	text := texts()["lines"]
	stream := zip(t, text, 6)
	random := rand.New(rand.NewPCG(3, 4))
	var z Reader
	for name, keep := range map[string]func([]byte) int{
		"the last line": func(p []byte) int { return len(p) - bytes.LastIndexByte(p, '\n') - 1 },
		"everything":    func(p []byte) int { return len(p) },
		"any part":      func(p []byte) int { return random.IntN(len(p) + 1) },
	} {
		got, err := read(&z, bytes.NewReader(stream), keep)
		require.Equal(t, io.EOF, err, name)
		require.True(t, bytes.Equal(text, got), name)
	}
	assert.LessOrEqual(t, len(z.window.buf), 4*len(text), "what is kept")
	z.Reset(nil)
	assert.LessOrEqual(t, len(z.window.buf), maxKept, "after Reset")
}

func TestMembersFollowEachOther(t *testing.T) {
	var z Reader
	first, second := zip(t, []byte("first "), 6), zip(t, []byte("second"), 0)
	both := append(append([]byte{}, first...), second...)
	got, err := read(&z, bytes.NewReader(both), nothing)
	require.Equal(t, io.EOF, err)
	assert.Equal(t, "first second", string(got))
	for cut := range both {
		compare(t, &z, both[:cut])
	}
	compare(t, &z, append(both, 0))
	compare(t, &z, append(both, "no gzip at all"...))
}

func TestAMatchReachesNoFurtherThanItsMember(t *testing.T) {
	body, err := io.ReadAll(bytes.NewReader(zip(t, []byte("0123456789 0123456789"), 9)))
	require.NoError(t, err)
	var bare bytes.Buffer
	w, err := stdflate.NewWriterDict(&bare, 9, []byte("0123456789"))
	require.NoError(t, err)
	_, err = w.Write([]byte("0123456789"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	stream := append(append(body[:len(body):len(body)], body[:10]...), bare.Bytes()...)
	var z Reader
	_, err = read(&z, bytes.NewReader(stream), nothing)
	require.Equal(t, errCorrupt, err)
	compare(t, &z, stream)
}

func TestHeadersMayHaveEveryField(t *testing.T) {
	var z Reader
	for flags := range 256 {
		for _, long := range []int{0, 3, maxText - 1, maxText} {
			compare(t, &z, withHeader(t, byte(flags), long, 0))
			compare(t, &z, withHeader(t, byte(flags), long, 1))
		}
		stream := withHeader(t, byte(flags), 20, 0)
		for cut := range len(stream) - 20 {
			compare(t, &z, stream[:cut])
		}
	}
}

// withHeader makes a stream whose header has the fields that flags say, with texts of some length, and is wrong by wrong.
func withHeader(t testing.TB, flags byte, long int, wrong uint16) []byte {
	head := []byte{0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 5, 6}
	if flags&headerExtra != 0 {
		head = append(append(head, byte(long), byte(long>>8)), make([]byte, long)...)
	}
	for _, flag := range []byte{headerName, headerComment} {
		if flags&flag != 0 {
			head = append(append(head, bytes.Repeat([]byte{'n'}, long)...), 0)
		}
	}
	if flags&headerChecksum != 0 {
		sum := uint16(checksum(head)) + wrong
		head = append(head, byte(sum), byte(sum>>8))
	}
	return append(head, zip(t, []byte("text"), 6)[10:]...)
}

func TestTruncatedStreamsGiveWhatTheyHave(t *testing.T) {
	var z Reader
	for name, text := range texts() {
		for _, level := range []int{-2, 0, 1, 6, 101, 109} {
			stream := zip(t, text[:min(len(text), 3000)], level)
			for cut := 0; cut < len(stream); cut += 1 + len(stream)/400 {
				compare(t, &z, stream[:cut])
			}
			require.NotEmpty(t, name)
		}
	}
}

func TestFlippedBitsAreFoundAsTheStandardLibraryFindsThem(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var z Reader
	for _, text := range texts() {
		for _, level := range []int{-2, 0, 1, 6, 9, 101} {
			stream := zip(t, text[:min(len(text), 20_000)], level)
			for range 150 {
				flipped := bytes.Clone(stream)
				for range 1 + random.IntN(3) {
					at := random.IntN(len(flipped))
					if random.IntN(2) == 0 {
						at = random.IntN(min(len(flipped), 120)) // where the codes are
					}
					flipped[at] ^= 1 << random.IntN(8)
				}
				compare(t, &z, flipped)
			}
		}
	}
}

func TestRandomBlocksAreJudgedAsTheStandardLibraryDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	head := zip(t, nil, 6)[:10]
	var z Reader
	for i := range 20_000 {
		stream := append([]byte{}, head...)
		for range random.IntN(300) {
			stream = append(stream, byte(random.Uint32()))
		}
		if len(stream) > 10 {
			stream[10] = stream[10]&^6 | byte(i%4)<<1
		}
		compare(t, &z, stream)
	}
}

func TestCodesForCodeLengthsAreJudgedAsTheStandardLibraryDoes(t *testing.T) {
	head := zip(t, nil, 6)[:10]
	var z Reader
	for lengths := range 1 << (4 * 2) { // of the codes for the three repetitions and for 0
		block := uint64(1 | 2<<1)
		for i := range 4 {
			block |= uint64(lengths>>(2*i)&3) << (17 + 3*i)
		}
		for next := range 16 {
			compare(t, &z, binary.LittleEndian.AppendUint64(head[:10:10], block|uint64(next)<<29))
		}
	}
}

func TestErrorsOfTheSourceArePassedOn(t *testing.T) {
	stream := zip(t, texts()["lines"], 6)
	broken := errors.New("broken")
	var z Reader
	for cut := 0; cut < len(stream); cut += 997 {
		got, err := read(&z, io.MultiReader(bytes.NewReader(stream[:cut]), iotest.ErrReader(broken)), nothing)
		require.Equal(t, broken, err)
		want, _ := reference(bytes.NewReader(stream[:cut]))
		require.True(t, bytes.Equal(want, got))
		piece, err := z.Next(0)
		require.Equal(t, broken, err, "it stays broken")
		require.Empty(t, piece)
	}
	_, err := read(&z, idle{}, nothing)
	require.Equal(t, io.ErrNoProgress, err)
}

// idle is a source that never returns anything.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestNothingIsAllocatedAfterTheFirstStream(t *testing.T) {
	stream := zip(t, texts()["lines"], 6)
	var z Reader
	var source bytes.Reader
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		source.Reset(stream)
		z.Reset(&source)
		for held := 0; ; held = 100 {
			if _, err := z.Next(held); err != nil {
				return
			}
		}
	}))
}
