package orderedremotewriteexporter

import (
	"bytes"
	"io"
	"sync/atomic"

	"github.com/klauspost/compress/s2"
)

// payload is a compressed request body. The HTTP transport may go on reading a
// body after the answer came, so its bytes are overwritten only when every
// reader was closed.
type payload struct {
	bytes   []byte
	readers atomic.Int32
}

// compress replaces the content, and returns the payload that holds it: p, or a
// new one if p is still being read.
func (p *payload) compress(raw []byte) *payload {
	if p == nil || p.readers.Load() > 0 {
		p = &payload{}
	}
	p.bytes = s2.EncodeSnappy(p.bytes[:cap(p.bytes)], raw)
	return p
}

func (p *payload) open() io.ReadCloser {
	p.readers.Add(1)
	return &payloadReader{Reader: bytes.NewReader(p.bytes), of: p}
}

type payloadReader struct {
	*bytes.Reader
	of     *payload
	closed atomic.Bool
}

func (r *payloadReader) Close() error {
	if r.closed.CompareAndSwap(false, true) {
		r.of.readers.Add(-1)
	}
	return nil
}
