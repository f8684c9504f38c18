package aggregate

import (
	"encoding/binary"
	"math"
	"slices"
)

// maxBounds limits a histogram's bounds.
const maxBounds = 4096

// layout is the bounds of an explicit histogram, ascending. Equal ones are the same pointer.
type layout struct{ bounds []float64 }

// layout returns the one layout with the encoded bounds, nil if they do not ascend.
func (a *Aggregator) layout(encoded []byte) *layout {
	if known, ok := a.layouts[string(encoded)]; ok {
		return known
	}
	if len(encoded) > 8*maxBounds {
		return nil
	}
	bounds := make([]float64, len(encoded)/8)
	for i := range bounds {
		bounds[i] = math.Float64frombits(binary.LittleEndian.Uint64(encoded[8*i:]))
		if math.IsNaN(bounds[i]) || i > 0 && bounds[i] <= bounds[i-1] {
			return nil
		}
	}
	l := &layout{bounds}
	a.layouts[string(encoded)] = l
	return l
}

func (l *layout) append(dst []byte) []byte {
	for _, b := range l.bounds {
		dst = appendFloat(dst, b)
	}
	return dst
}

// shared returns the layout of the bounds that both have.
func (a *Aggregator) shared(x, y *layout) *layout {
	if x == y {
		return x
	}
	var both layout
	for _, b := range x.bounds {
		if _, ok := slices.BinarySearch(y.bounds, b); ok {
			both.bounds = append(both.bounds, b)
		}
	}
	return a.layout(both.append(nil))
}

// fold adds buckets of a layout to those of a coarser one.
func fold(dst []uint64, to *layout, buckets []uint64, from *layout) {
	if to == from {
		for i, n := range buckets {
			dst[i] += n
		}
		return
	}
	j := 0
	for i, n := range buckets {
		for j < len(to.bounds) && (i == len(from.bounds) || to.bounds[j] < from.bounds[i]) {
			j++
		}
		dst[j] += n
	}
}

// unfold takes away what fold added.
func unfold(dst []uint64, to *layout, buckets []uint64, from *layout) {
	j := 0
	for i, n := range buckets {
		for j < len(to.bounds) && (i == len(from.bounds) || to.bounds[j] < from.bounds[i]) {
			j++
		}
		dst[j] -= n
	}
}
