package flinkprometheusreceiver

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChunksAreWholeLinesAndTogetherTheBody(t *testing.T) {
	long := strings.Repeat("x", 3*chunkSize)
	for name, body := range map[string]string{
		"nothing":                       "",
		"one line":                      "a 1\n",
		"lines longer than a chunk":     "a 1\n" + long + " 1\nb 2\n" + long + " 2\n",
		"a line that fills a chunk":     strings.Repeat("y", chunkSize-1) + "\n",
		"more than a chunk of lines":    strings.Repeat("line 1.0\n", chunkSize/5),
		"line ends only, and none else": strings.Repeat("\n", 100),
	} {
		for how, reader := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r }, "by halves": iotest.HalfReader,
			"byte by byte": iotest.OneByteReader, "the end with the data": iotest.DataErrReader,
		} {
			var got bytes.Buffer
			err := eachPlainChunk(reader(strings.NewReader(body)), 1<<20, func(lines []byte) error {
				require.True(t, bytes.HasSuffix(lines, []byte{'\n'}))
				got.Write(lines)
				return nil
			})
			require.NoError(t, err, "%s, %s", name, how)
			require.Equal(t, body, got.String(), "%s, %s", name, how)
		}
	}
}

func TestChunksEndWithAnError(t *testing.T) {
	refusal := errors.New("no more")
	calls := 0
	err := eachPlainChunk(iotest.OneByteReader(strings.NewReader("a 1\nb 2\n")), 100, func([]byte) error {
		calls++
		return refusal
	})
	require.ErrorIs(t, err, refusal)
	assert.Equal(t, 1, calls, "nothing is passed on after a refusal")
	err = eachPlainChunk(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("a 1\n"))), 100, func([]byte) error { return nil })
	require.ErrorIs(t, err, iotest.ErrTimeout)
	err = eachPlainChunk(strings.NewReader("a 1\na"), 100, func([]byte) error { return nil })
	require.EqualError(t, err, "body ends within a line after 5 bytes")
}
