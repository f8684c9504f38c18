package promtest

import "fmt"

// Counts is what arrived so far.
type Counts struct {
	// Requests counts all arrivals, Stored those whose samples were kept.
	Requests, Stored int
	// Samples counts samples kept, without repeats.
	Samples int
	// Repeats counts samples equal to the newest of their series, and
	// RepeatedRequests the requests that held nothing else.
	Repeats, RepeatedRequests int
}

// store keeps every series in the order of its first sample.
type store struct {
	index  map[string]int // rendered labels to position in series
	series []Series
	counts Counts
}

// keep stores the samples of a request and checks their order.
func (r *Receiver) keep(f *inFlight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.store.counts
	total := 0
	for _, s := range f.series {
		key := s.String()
		at, known := r.store.index[key]
		if !known {
			at = len(r.store.series)
			r.store.index[key] = at
			r.store.series = append(r.store.series, Series{Tenant: s.Tenant, Labels: s.Labels})
		}
		r.store.series[at].Metadata = s.Metadata
		r.store.series[at].Exemplars = append(r.store.series[at].Exemplars, s.Exemplars...)
		for _, p := range s.Samples {
			total++
			p.Arrival = f.index
			r.keepSample(&r.store.series[at], p)
		}
	}
	r.store.counts.Stored++
	if total > 0 && r.store.counts.Repeats-before.Repeats == total {
		r.store.counts.RepeatedRequests++
	}
	r.broadcast()
}

func (r *Receiver) keepSample(s *Series, p Sample) {
	v := judge(s.Samples, p)
	if v == repeated {
		r.store.counts.Repeats++
		if r.allowRepeat {
			return
		}
	}
	if v != inOrder {
		last := s.Samples[len(s.Samples)-1]
		r.log.add(fmt.Sprintf("request %d: %s: %s: %v at %d after %v at %d", p.Arrival, s, v, p.V, p.T, last.V, last.T))
		return
	}
	s.Samples = append(s.Samples, p)
	r.store.counts.Samples++
}

// maxViolations bounds the list; the total is still counted.
const maxViolations = 100

type violations struct {
	texts []string
	total int
}

func (v *violations) add(text string) {
	v.total++
	if len(v.texts) < maxViolations {
		v.texts = append(v.texts, text)
	}
}

func (r *Receiver) violate(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log.add(text)
	r.broadcast()
}
