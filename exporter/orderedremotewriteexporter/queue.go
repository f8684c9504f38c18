package orderedremotewriteexporter

import (
	"sync"
	"sync/atomic"

	"weir.example/internal/series"
)

// stream is a series with what the exporter knows of its past.
type stream = series.Series[progress]

// progress is kept per series. cut belongs to the goroutine of the series'
// slot, the rest is guarded by exporter.mu.
type progress struct {
	last int64  // ms since the epoch of the newest sample admitted
	bits uint64 // its value
	cut  uint32 // number of the last request of the slot it was put into
	slot uint16
	seen series.Generation
	meta atomic.Pointer[meta] // nil: nothing is known; any goroutine may read it
}

// sample is one queued value, 48 bytes.
type sample struct {
	series *stream
	ts     int64  // ms since the epoch
	start  int64  // ms since the epoch, 0: unknown
	bits   uint64 // IEEE 754 bits of the value: stale markers must survive
	at     int64  // arrival, ns since the exporter was made
	more   *more  // nil for a plain float
}

// queue is a FIFO of samples. Its chunks are shared by all queues and are left
// to the garbage collector when none needs them. The zero value is empty.
type queue struct {
	chunks []*chunk
	head   int // position of the front sample in chunks[0]
	size   int
}

const chunkSize = 512

type chunk [chunkSize]sample

var chunks = sync.Pool{New: func() any { return new(chunk) }}

func (q *queue) push(samples []sample) {
	for len(samples) > 0 {
		end := q.head + q.size
		if end == len(q.chunks)*chunkSize {
			q.chunks = append(q.chunks, chunks.Get().(*chunk))
		}
		n := copy(q.chunks[end/chunkSize][end%chunkSize:], samples)
		q.size += n
		samples = samples[n:]
	}
}

// front returns the oldest sample; the queue must not be empty.
func (q *queue) front() *sample { return &q.chunks[0][q.head] }

// pop removes the oldest sample.
func (q *queue) pop() {
	q.head++
	q.size--
	if q.head < chunkSize {
		return
	}
	first := q.chunks[0]
	clear(first[:]) // let go of the series
	chunks.Put(first)
	copy(q.chunks, q.chunks[1:])
	q.chunks[len(q.chunks)-1] = nil
	q.chunks = q.chunks[:len(q.chunks)-1]
	q.head = 0
}
