package orderedremotewriteexporter

import "weir.example/internal/series"

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
}

// sample is one queued value, 32 bytes.
type sample struct {
	series *stream
	ts     int64  // ms since the epoch
	bits   uint64 // IEEE 754 bits of the value: stale markers must survive
	at     int64  // arrival, ns since the exporter was made
}

// queue is a FIFO of samples in chunks, so that a drained backlog gives its
// memory back. The zero value is empty.
type queue struct {
	chunks [][]sample
	head   int // position of the front sample in chunks[0]
	size   int
	spare  []sample
}

const chunkSize = 512

func (q *queue) push(samples []sample) {
	q.size += len(samples)
	for len(samples) > 0 {
		tail := len(q.chunks) - 1
		if tail < 0 || len(q.chunks[tail]) == chunkSize {
			q.chunks = append(q.chunks, q.newChunk())
			tail++
		}
		n := min(len(samples), chunkSize-len(q.chunks[tail]))
		q.chunks[tail] = append(q.chunks[tail], samples[:n]...)
		samples = samples[n:]
	}
}

func (q *queue) newChunk() []sample {
	if c := q.spare; c != nil {
		q.spare = nil
		return c
	}
	return make([]sample, 0, chunkSize)
}

// front returns the oldest sample; the queue must not be empty.
func (q *queue) front() *sample { return &q.chunks[0][q.head] }

// pop removes the oldest sample.
func (q *queue) pop() {
	q.head++
	q.size--
	if q.head < len(q.chunks[0]) {
		return
	}
	first := q.chunks[0]
	clear(first) // let go of the series
	q.spare = first[:0]
	copy(q.chunks, q.chunks[1:])
	q.chunks[len(q.chunks)-1] = nil
	q.chunks = q.chunks[:len(q.chunks)-1]
	q.head = 0
}
