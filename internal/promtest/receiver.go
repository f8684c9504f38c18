package promtest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Option changes a Receiver before it starts.
type Option func(*Receiver)

// WithScript decides the answers; without it every request is stored.
func WithScript(s Script) Option { return func(r *Receiver) { r.script = s } }

// AllowRepeat tolerates and counts a sample equal to the newest of its series,
// as Prometheus does: what a lost acknowledgement makes a sender repeat.
func AllowRepeat() Option { return func(r *Receiver) { r.allowRepeat = true } }

// AllowUTF8 lifts the classic restriction on metric and label names.
func AllowUTF8() Option { return func(r *Receiver) { r.utf8Names = true } }

// TakesZstd takes requests that are compressed with zstd as well.
func TakesZstd() Option { return func(r *Receiver) { r.zstd = true } }

// Refuses2 answers remote write 2.0 with 415, as a store of 1.0 should.
func Refuses2() Option { return func(r *Receiver) { r.on2 = &Answer{Status: 415, Bare: true} } }

// Ignores2 answers remote write 2.0 with 204 and stores nothing, as stores of
// 1.0 do.
func Ignores2() Option { return func(r *Receiver) { r.on2 = &Answer{Bare: true, Lost: true} } }

// Receiver is a strict remote-write endpoint on a loopback port. All methods
// may be called concurrently.
type Receiver struct {
	script      Script
	allowRepeat bool
	utf8Names   bool
	zstd        bool
	on2         *Answer // to every request of remote write 2.0

	server   *http.Server
	url      string
	closed   chan struct{}
	handlers sync.WaitGroup

	mu       sync.Mutex
	opened   int           // connections
	ended    int           // those of them that were closed
	changed  chan struct{} // closed and replaced whenever something changes
	arrivals int
	open     map[string]*inFlight // by series
	store    store
	log      violations
}

// New starts a receiver. It panics when no loopback port can be opened, which
// no test can do without.
func New(opts ...Option) *Receiver {
	r := &Receiver{
		closed:  make(chan struct{}),
		changed: make(chan struct{}),
		open:    map[string]*inFlight{},
		store:   store{index: map[string]int{}},
	}
	for _, o := range opts {
		o(r)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("promtest: %v", err))
	}
	r.url = "http://" + listener.Addr().String() + "/api/v1/write"
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute, ConnState: r.track}
	r.handlers.Go(func() { _ = r.server.Serve(listener) })
	return r
}

// URL is the endpoint to write to.
func (r *Receiver) URL() string { return r.url }

// SetScript replaces the script for the requests to come; nil stores them all.
func (r *Receiver) SetScript(s Script) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.script = s
}

// track counts the connections.
func (r *Receiver) track(_ net.Conn, state http.ConnState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch state {
	case http.StateNew:
		r.opened++
	case http.StateClosed:
		r.ended++
		r.broadcast()
	}
}

// Alone tells whether no connection is open: no request of an earlier life can arrive any more.
func (r *Receiver) Alone() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opened == r.ended
}

// Ended returns how many connections were read to their end and closed.
func (r *Receiver) Ended() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// Close ends hanging requests, closes all connections and waits for them.
func (r *Receiver) Close() {
	close(r.closed)
	_ = r.server.Close()
	r.handlers.Wait()
}

// ServeHTTP decodes, checks and answers one request.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.handlers.Add(1)
	defer r.handlers.Done()

	p, bad := checkHeaders(req, r.zstd)
	series, err := decode(req.Body, req.Header.Get("Content-Encoding"), p)
	if err != nil {
		bad = append(bad, err.Error())
	}
	for i := range series {
		series[i].Tenant = req.Header.Get(tenantHeader)
	}
	for _, s := range series {
		bad = append(bad, checkSeries(s, r.utf8Names)...)
	}
	flight := &inFlight{series: series, ended: make(chan struct{})}
	answer := r.arrive(flight, req.Header, bad)
	if p == protocol2 && r.on2 != nil {
		answer = *r.on2
	}
	defer r.leave(flight)

	flight.abandoned = !r.pause(req, answer)
	if flight.abandoned && !answer.Stored && answer.Reset != ResetAfter {
		return
	}
	if len(bad) > 0 {
		http.Error(w, bad[0], http.StatusBadRequest)
		return
	}
	if answer.stores() {
		r.keep(flight)
	}
	respond(w, answer, p, series)
}

// pause waits for delay and hang; it is false if the client went away.
func (r *Receiver) pause(req *http.Request, a Answer) bool {
	if a.Delay > 0 {
		select {
		case <-time.After(a.Delay):
		case <-req.Context().Done():
			return false
		case <-r.closed:
			return false
		}
	}
	if a.Hang != nil {
		select {
		case <-a.Hang:
		case <-req.Context().Done():
			return false
		case <-r.closed:
			return false
		}
	}
	return true
}

func respond(w http.ResponseWriter, a Answer, p protocol, series []Series) {
	if a.Reset != NoReset {
		// Aborting the handler makes the server drop the connection.
		panic(http.ErrAbortHandler)
	}
	for k, values := range a.Header {
		w.Header()[k] = values
	}
	if p == protocol2 && !a.Bare {
		writeCounts(w.Header(), a.stores(), series)
	}
	w.WriteHeader(a.status())
	_, _ = io.WriteString(w, a.Body)
}

// writeCounts says what was written, unless the script does.
func writeCounts(h http.Header, stored bool, series []Series) {
	counts := map[string]int{"Samples": 0, "Histograms": 0, "Exemplars": 0}
	for _, s := range series {
		if !stored {
			break
		}
		counts["Exemplars"] += len(s.Exemplars)
		for _, p := range s.Samples {
			if p.Histogram != nil {
				counts["Histograms"]++
			} else {
				counts["Samples"]++
			}
		}
	}
	for kind, n := range counts {
		if key := "X-Prometheus-Remote-Write-" + kind + "-Written"; h.Get(key) == "" {
			h.Set(key, strconv.Itoa(n))
		}
	}
}
