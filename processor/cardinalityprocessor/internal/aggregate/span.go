package aggregate

import (
	"encoding/binary"
	"math"
	"slices"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// span is the buckets of one sign of an exponential histogram, from index offset on.
type span struct {
	offset int64
	counts []uint64
}

func (s *span) get(index int64) uint64 {
	if index < s.offset || index >= s.offset+int64(len(s.counts)) {
		return 0
	}
	return s.counts[index-s.offset]
}

// at returns the bucket of an index, which the span comes to include.
func (s *span) at(index int64) *uint64 {
	switch {
	case len(s.counts) == 0:
		s.offset = index
		s.counts = append(s.counts[:0], 0)
	case index < s.offset:
		s.counts = slices.Insert(s.counts, 0, make([]uint64, s.offset-index)...)
		s.offset = index
	}
	for index >= s.offset+int64(len(s.counts)) {
		s.counts = append(s.counts, 0)
	}
	return &s.counts[index-s.offset]
}

func (s *span) set(t *span) {
	s.offset = t.offset
	s.counts = append(s.counts[:0], t.counts...)
}

func (s *span) equal(t *span) bool {
	return slices.Equal(s.counts, t.counts) && (s.offset == t.offset || len(s.counts) == 0)
}

// coarser returns the span with 2^shift buckets made one.
func (s *span) coarser(shift int32) *span {
	if shift == 0 {
		return s
	}
	var c span
	for i, n := range s.counts {
		*c.at((s.offset + int64(i)) >> shift) += n
	}
	return &c
}

func (s *span) fellTo(now *span, shift, nowShift int32) bool {
	s, now = s.coarser(shift), now.coarser(nowShift)
	for i, n := range s.counts {
		if now.get(s.offset+int64(i)) < n {
			return true
		}
	}
	return false
}

// bounds are the first and last index with a count that is not 0, beyond an edge.
func (s *span) bounds(shift int32, edge int64) (low, high int64, any bool) {
	for i, n := range s.counts {
		index := (s.offset + int64(i)) >> shift
		if n == 0 || index <= edge {
			continue
		}
		if !any {
			low, any = index, true
		}
		high = index
	}
	return low, high, any
}

func (s *span) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s.counts)))
	if len(s.counts) == 0 {
		return dst
	}
	dst = binary.AppendVarint(dst, s.offset)
	for _, n := range s.counts {
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}

func (c *cursor) span(s *span) {
	s.offset, s.counts = 0, s.counts[:0]
	n := c.count()
	if n == 0 {
		return
	}
	s.offset = c.varint()
	if s.offset < math.MinInt32 || s.offset+int64(n) > math.MaxInt32+maxBounds {
		c.fail()
		return
	}
	for range n {
		s.counts = append(s.counts, c.uvarint())
	}
}

func (s *span) render(to pmetric.ExponentialHistogramDataPointBuckets) {
	low, high, any := s.bounds(0, noEdge)
	if !any {
		return
	}
	to.SetOffset(int32(low))
	to.BucketCounts().FromRaw(s.counts[low-s.offset : high-s.offset+1])
}
