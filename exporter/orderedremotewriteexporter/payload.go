package orderedremotewriteexporter

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/s2"
	zstandard "github.com/klauspost/compress/zstd"
)

// packer makes the request bodies of one slot.
type packer struct{ body *payload }

// pack returns samples as a request body.
func (p *packer) pack(f format, samples []sample) *payload {
	if p.body == nil || p.body.readers.Load() > 0 {
		p.body = &payload{}
	}
	w := workshops.Get().(*workshop)
	p.body.bytes = append(p.body.bytes[:0], w.pack(f, samples)...)
	workshops.Put(w)
	return p.body
}

// workshop is what it takes to encode and compress a request. Few are in use at the same
// time, and each is larger than the body that leaves it, so slots share them.
type workshop struct {
	v1     rw1
	v2     *rw2
	zstd   *zstandard.Encoder // nil until needed
	raw    []byte
	packed []byte
}

var workshops = sync.Pool{New: func() any { return &workshop{v2: newRW2()} }}

// pack returns bytes that are good until the next call.
func (w *workshop) pack(f format, samples []sample) []byte {
	var e encoder = &w.v1
	if f.protocol == protocol2 {
		e = w.v2
	}
	w.raw = e.encode(w.raw[:0], samples)
	if f.compression == zstd {
		w.packed = w.zstandard().EncodeAll(w.raw, w.packed[:0])
	} else {
		w.packed = s2.EncodeSnappy(w.packed[:cap(w.packed)], w.raw)
	}
	return w.packed
}

func (w *workshop) zstandard() *zstandard.Encoder {
	if w.zstd == nil {
		w.zstd, _ = zstandard.NewWriter(nil, // fails for bad options only
			zstandard.WithEncoderConcurrency(1), zstandard.WithEncoderLevel(zstandard.SpeedFastest), zstandard.WithLowerEncoderMem(true))
	}
	return w.zstd
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
