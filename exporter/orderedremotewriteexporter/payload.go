package orderedremotewriteexporter

import (
	"bytes"
	"encoding/binary"
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
	p.body.bytes = w.pack(p.body.bytes[:0], f, samples)
	workshops.Put(w)
	return p.body
}

// workshop is what it takes to encode and compress a request. Few are in use at the same
// time, and each is larger than the body that leaves it, so slots share them.
type workshop struct {
	v1, v2 *encoder
	zstd   *zstandard.Encoder // nil until needed
	raw    []byte
	packed []byte
}

var workshops = sync.Pool{New: func() any { return newWorkshop() }}

func newWorkshop() *workshop { return &workshop{v1: newEncoder(rw1{}), v2: newEncoder(newRW2())} }

// pack appends a request body to dst. Snappy comes with encoding, but for symbols,
// histograms and exemplars, in which what repeats is to be searched for.
func (w *workshop) pack(dst []byte, f format, samples []sample) []byte {
	e := w.v1
	if f.protocol == protocol2 {
		e = w.v2
	}
	if f.compression == snappy && !anyMore(samples) {
		e.encode(samples, false)
		w.snappy(e.preface())
		_, header := binary.Uvarint(w.packed)
		dst = binary.AppendUvarint(dst, uint64(len(e.preface())+e.size()))
		return append(append(dst, w.packed[header:]...), e.out...)
	}
	e.encode(samples, true)
	w.raw = append(append(w.raw[:0], e.preface()...), e.out...)
	if f.compression == zstd {
		return w.zstandard().EncodeAll(w.raw, dst)
	}
	w.snappy(w.raw)
	return append(dst, w.packed...)
}

func (w *workshop) snappy(raw []byte) { w.packed = s2.EncodeSnappy(w.packed[:cap(w.packed)], raw) }

func anyMore(samples []sample) bool {
	for i := range samples {
		if samples[i].more != nil {
			return true
		}
	}
	return false
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
