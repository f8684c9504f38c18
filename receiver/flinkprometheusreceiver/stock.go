package flinkprometheusreceiver

import (
	"sync"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// maxIdle is after how many scrapes that left something over what is left over is given up.
const maxIdle = 100

// stock holds resources with their metrics and points that came back from the pipeline, in any state, to be filled
// again. It belongs to no target: what one target filled serves the next one, so that there are no more of them than
// scrapes are under way at a time, and none if there are few.
type stock struct {
	spare pmetric.ResourceMetricsSlice
	taken int // of spare, from its beginning
	idle  int // scrapes since the last one that took all
}

// stocks is emptied by the garbage collector when nobody has used it for a while.
var stocks = sync.Pool{New: func() any { return newStock() }}

func newStock() *stock { return &stock{spare: pmetric.NewResourceMetricsSlice()} }

// next appends a resource to resources, filled in some way if there is one to spare.
func (s *stock) next(resources pmetric.ResourceMetricsSlice) pmetric.ResourceMetrics {
	rm := resources.AppendEmpty()
	if s.taken < s.spare.Len() {
		s.spare.At(s.taken).MoveTo(rm)
		s.taken++
	}
	return rm
}

// put takes back what was built, if it came back. Without it the stock is left with what nobody needed.
func (s *stock) put(md pmetric.Metrics, returned bool) {
	n := 0
	s.idle++
	s.spare.RemoveIf(func(pmetric.ResourceMetrics) bool {
		n++
		return n <= s.taken || s.idle > maxIdle
	})
	if s.spare.Len() == 0 {
		s.idle = 0
	}
	if returned {
		// In the order in which it is to be filled again, so that most of it can stay.
		rest := s.spare
		s.spare = pmetric.NewResourceMetricsSlice()
		md.ResourceMetrics().MoveAndAppendTo(s.spare)
		rest.MoveAndAppendTo(s.spare)
	}
	s.taken = 0
}
