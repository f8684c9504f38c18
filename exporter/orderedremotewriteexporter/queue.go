package orderedremotewriteexporter

import (
	"math"
	"sync"

	"weir.example/internal/series"
)

// stream is a series with what the exporter knows of its past.
type stream = series.Series[progress, meta]

// form is the name and extras of series, with what their metric says of itself, nil if
// nothing is known.
type form = series.Form[meta]

// progress is kept per series, which takes 48 bytes with it. cut belongs to the
// goroutine of the series' slot, the rest is guarded by exporter.mu.
type progress struct {
	past
	cut  uint32 // number of the last request it was put into
	ref  uint32 // its number in the log; 0: none
	next uint32 // number in the table of the series that followed within its entity; 0: none
	slot uint16 // noSlot: not yet known
	seen series.Generation
}

const noSlot = math.MaxUint16

// past is what must be remembered of the samples of a series.
type past struct {
	last int64  // ms since the epoch of the newest sample admitted
	bits uint64 // its value
}

// pass goes on to a sample, unless it is older than the newest.
func (p *past) pass(ts int64, bits uint64) {
	if ts >= p.last {
		p.last, p.bits = ts, bits
	}
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

// queue is the backlog in memory, a FIFO of samples. Its chunks are shared by all
// queues and are left to the garbage collector when none needs them. The zero value
// is empty.
type queue struct {
	staged []sample // weighed, not yet pushed; exporter.mu guards it

	mu     sync.Mutex // guards what follows
	chunks []*chunk
	head   int // position of the front sample in chunks[0]
	size   int
}

const chunkSize = 512

type chunk [chunkSize]sample

var chunks = sync.Pool{New: func() any { return new(chunk) }}

func (q *queue) weigh(samples []sample, _ []past, _ int64) int {
	q.staged = samples
	return len(samples)
}

func (q *queue) forget() { q.staged = nil }

func (q *queue) push() (samples, room int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.append(q.staged)
	n := len(q.staged)
	q.staged = nil
	return n, n, nil
}

func (q *queue) fill(s *slot) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.size > 0 && !s.full && s.add(q.front(), false) {
		q.pop()
	}
	return nil
}

func (*queue) cut() error    { return nil }
func (*queue) ack(n int) int { return n }
func (*queue) idle() error   { return nil }

func (q *queue) drained() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.size == 0
}

func (q *queue) append(samples []sample) {
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
