package orderedremotewriteexporter

// refs finds the series of a journal by the numbers that its records use. A number
// is given once, so pages whose series are all gone are let go.
type refs struct {
	pages []*page
	last  uint32 // the highest number given; 0 is none
}

type page struct {
	series [pageSize]*stream
	used   int
}

const pageSize = 1024

// maxRefGap bounds the memory that a number found on disk can make us take.
const maxRefGap = 1 << 28

func (r *refs) get(ref uint32) *stream {
	if at := int(ref / pageSize); at < len(r.pages) && r.pages[at] != nil {
		return r.pages[at].series[ref%pageSize]
	}
	return nil
}

// add gives a series the next number.
func (r *refs) add(s *stream) uint32 {
	r.set(r.last+1, s)
	return r.last
}

// set restores the number of a series. It is false for a number that cannot be.
func (r *refs) set(ref uint32, s *stream) bool {
	if ref == 0 || ref > r.last+maxRefGap {
		return false
	}
	r.last = max(r.last, ref)
	for int(ref/pageSize) >= len(r.pages) {
		r.pages = append(r.pages, nil)
	}
	p := r.pages[ref/pageSize]
	if p == nil {
		p = &page{}
		r.pages[ref/pageSize] = p
	}
	if p.series[ref%pageSize] == nil {
		p.used++
	}
	p.series[ref%pageSize] = s
	return true
}

func (r *refs) remove(ref uint32) {
	at := int(ref / pageSize)
	if r.get(ref) == nil {
		return
	}
	r.pages[at].series[ref%pageSize] = nil
	if r.pages[at].used--; r.pages[at].used == 0 {
		r.pages[at] = nil
	}
}

// all yields the series in the order of their numbers.
func (r *refs) all(yield func(uint32, *stream) bool) {
	for i, p := range r.pages {
		if p == nil {
			continue
		}
		for k, s := range p.series {
			if s != nil && !yield(uint32(i*pageSize+k), s) {
				return
			}
		}
	}
}
