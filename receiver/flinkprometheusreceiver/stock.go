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
	idle  int    // scrapes since the last one that took all
	cells []cell // scratch of build
}

// stocks is emptied by the garbage collector when nobody has used it for a while.
var stocks = sync.Pool{New: func() any { return newStock() }}

func newStock() *stock { return &stock{spare: pmetric.NewResourceMetricsSlice()} }

// lend makes resources, which is empty, n long. As far as there are resources to spare it has them, filled in some way.
func (s *stock) lend(resources pmetric.ResourceMetricsSlice, n int) {
	if have := s.spare.Len(); have > 2*n {
		move(s.spare, resources, 0, n)
	} else { // a list that changes hands costs nothing
		s.spare.MoveAndAppendTo(resources)
		move(resources, s.spare, n, have)
	}
	resources.EnsureCapacity(n)
	for resources.Len() < n {
		resources.AppendEmpty()
	}
}

// move moves the resources of a list from position begin to end behind those of another one.
func move(from, to pmetric.ResourceMetricsSlice, begin, end int) {
	if begin >= end {
		return
	}
	i := -1
	from.RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		i++
		if i < begin || i >= end {
			return false
		}
		rm.MoveTo(to.AppendEmpty())
		return true
	})
}

// put takes back what was built, if it came back. Without it the stock is left with what nobody needed.
func (s *stock) put(md pmetric.Metrics, returned bool) {
	s.idle++
	if s.spare.Len() == 0 || s.idle > maxIdle {
		s.spare, s.idle = pmetric.NewResourceMetricsSlice(), 0
	}
	if returned {
		// In the order in which it is to be filled again, so that most of it can stay.
		rest := s.spare
		s.spare = pmetric.NewResourceMetricsSlice()
		md.ResourceMetrics().MoveAndAppendTo(s.spare)
		rest.MoveAndAppendTo(s.spare)
	}
}
