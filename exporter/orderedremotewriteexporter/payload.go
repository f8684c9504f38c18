package orderedremotewriteexporter

import (
	"bytes"
	"io"
	"sync/atomic"

	"github.com/klauspost/compress/s2"
	zstandard "github.com/klauspost/compress/zstd"
)

// packer encodes and compresses the requests of one slot.
type packer struct {
	v1   rw1
	v2   *rw2
	zstd *zstandard.Encoder // nil until needed
	raw  []byte
	body *payload
}

// pack returns samples as a request body.
func (p *packer) pack(f format, samples []sample) *payload {
	var e encoder = &p.v1
	if f.protocol == protocol2 {
		if p.v2 == nil {
			p.v2 = newRW2()
		}
		e = p.v2
	}
	p.raw = e.encode(p.raw[:0], samples)
	if p.body == nil || p.body.readers.Load() > 0 {
		p.body = &payload{}
	}
	into := p.body.bytes
	if f.compression == zstd {
		p.body.bytes = p.zstandard().EncodeAll(p.raw, into[:0])
	} else {
		p.body.bytes = s2.EncodeSnappy(into[:cap(into)], p.raw)
	}
	return p.body
}

func (p *packer) zstandard() *zstandard.Encoder {
	if p.zstd == nil {
		p.zstd, _ = zstandard.NewWriter(nil, // fails for bad options only
			zstandard.WithEncoderConcurrency(1), zstandard.WithEncoderLevel(zstandard.SpeedFastest), zstandard.WithLowerEncoderMem(true))
	}
	return p.zstd
}

// payload is a compressed request body. The HTTP transport may go on reading a
// body after the answer came, so its bytes are overwritten only when every
// reader was closed.
type payload struct {
	bytes   []byte
	readers atomic.Int32
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
