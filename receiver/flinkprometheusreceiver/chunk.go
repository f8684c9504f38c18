package flinkprometheusreceiver

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// chunkSize is how much of a body is decompressed before its lines are read: what a processor's cache holds, so that no
// body ever lies in memory as a whole.
const chunkSize = 64 << 10

// maxPooledChunk bounds the buffers that are kept, in bytes. A line that is longer than a chunk makes it grow.
const maxPooledChunk = 1 << 20

var chunks = sync.Pool{New: func() any {
	buf := make([]byte, chunkSize)
	return &buf
}}

// eachChunk passes a body on as it arrives, in pieces of whole lines, until take returns an error. A body is at most
// limit bytes long and ends with a line end. take must not keep the piece.
func eachChunk(body io.Reader, limit int64, take func(lines []byte) error) error {
	pooled := chunks.Get().(*[]byte)
	buf := *pooled
	defer func() {
		if len(buf) <= maxPooledChunk {
			*pooled = buf
			chunks.Put(pooled)
		}
	}()
	total, held := int64(0), 0 // held bytes at the beginning of buf belong to a line without end
	for {
		if held == len(buf) {
			buf = append(buf, make([]byte, len(buf))...)
		}
		n, err := body.Read(buf[held:])
		if total += int64(n); total > limit {
			return failf(reasonBodySize, "body is larger than limits.body_size_mib = %d", limit>>20)
		}
		filled := held + n
		end := held + bytes.LastIndexByte(buf[held:filled], '\n') + 1
		if end == held {
			held = filled
		} else if err := take(buf[:end]); err != nil {
			return err
		} else {
			held = copy(buf, buf[end:filled])
		}
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return networkFailure(err)
		case err != nil && held > 0:
			return failf(reasonTruncated, "body ends within a line after %d bytes", total)
		case err != nil:
			return nil
		}
	}
}
