package flinkprometheusreceiver

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// chunkSize is how much of a plain body is read before its lines are: what a processor's cache holds, so that no body
// ever lies in memory as a whole. internal/inflate has about the same.
const chunkSize = 64 << 10

// maxPooledChunk bounds the buffers that are kept, in bytes. A line that is longer than a chunk makes it grow.
const maxPooledChunk = 1 << 20

var chunks = sync.Pool{New: func() any {
	buf := make([]byte, chunkSize)
	return &buf
}}

// pieces is a body that is read in pieces. Each stands behind the last keep bytes of the one before, and may come with an
// error, io.EOF at the end.
type pieces interface {
	Next(keep int) ([]byte, error)
}

// eachChunk passes a body on as it arrives, in pieces of whole lines, until take returns an error. A body is at most
// limit bytes long and ends with a line end. take must not keep the piece.
func eachChunk(body pieces, limit int64, take func(lines []byte) error) error {
	total, held := int64(0), 0 // held bytes at the end of a piece belong to a line without end
	for {
		piece, err := body.Next(held)
		if total += int64(len(piece) - held); total > limit {
			return failf(reasonBodySize, "body is larger than limits.body_size_mib = %d", limit>>20)
		}
		lines := piece[:held+bytes.LastIndexByte(piece[held:], '\n')+1]
		if len(lines) == held {
			held = len(piece)
		} else if err := take(lines); err != nil {
			return err
		} else {
			held = len(piece) - len(lines)
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

// plainBody gives the pieces of a body that is not compressed.
type plainBody struct {
	src io.Reader
	buf []byte
	end int
}

// eachPlainChunk is eachChunk for a body that is not compressed.
func eachPlainChunk(src io.Reader, limit int64, take func(lines []byte) error) error {
	pooled := chunks.Get().(*[]byte)
	body := &plainBody{src: src, buf: *pooled}
	defer func() {
		if len(body.buf) <= maxPooledChunk {
			*pooled = body.buf
			chunks.Put(pooled)
		}
	}()
	return eachChunk(body, limit, take)
}

func (p *plainBody) Next(keep int) ([]byte, error) {
	if keep < p.end {
		copy(p.buf, p.buf[p.end-keep:p.end])
	}
	if keep == len(p.buf) {
		p.buf = append(p.buf, make([]byte, keep)...)
	}
	n, err := p.src.Read(p.buf[keep:])
	p.end = keep + n
	return p.buf[:p.end], err
}
