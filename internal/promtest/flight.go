package promtest

import (
	"fmt"
	"net/http"
	"time"
)

// inFlight is a request between its arrival and its answer.
type inFlight struct {
	index  int
	series []Series
	// abandoned says that the client gave up; valid once ended is closed.
	abandoned bool
	ended     chan struct{}
}

// goneGrace is how long the server may need to notice that the client of an
// earlier request gave up before it repeated the request.
const goneGrace = 5 * time.Second

// arrive numbers the request, notes what is wrong with it, registers its
// series as being in flight and asks the script.
func (r *Receiver) arrive(f *inFlight, header http.Header, bad []string) Answer {
	for _, other := range r.register(f, bad) {
		select {
		case <-other.ended:
			if other.abandoned {
				continue
			}
		case <-time.After(goneGrace):
		}
		r.violate(fmt.Sprintf("request %d: a series is already in flight in request %d", f.index, other.index))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.script == nil {
		return Answer{}
	}
	return r.script(Request{Index: f.index, Header: header, Series: f.series})
}

// register returns the requests that carry one of f's series at this moment.
func (r *Receiver) register(f *inFlight, bad []string) []*inFlight {
	r.mu.Lock()
	defer r.mu.Unlock()
	f.index = r.arrivals
	r.arrivals++
	for _, b := range bad {
		r.log.add(fmt.Sprintf("request %d: %s", f.index, b))
	}
	var others []*inFlight
	for i := range f.series {
		key := f.series[i].String()
		if other := r.open[key]; other != nil && other != f && (len(others) == 0 || others[len(others)-1] != other) {
			others = append(others, other)
		}
		r.open[key] = f
	}
	r.broadcast()
	return others
}

func (r *Receiver) leave(f *inFlight) {
	close(f.ended)
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range f.series {
		if key := f.series[i].String(); r.open[key] == f {
			delete(r.open, key)
		}
	}
	r.broadcast()
}
