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

// Receiver is a strict remote-write endpoint on a loopback port. All methods
// may be called concurrently.
type Receiver struct {
	script      Script
	allowRepeat bool
	utf8Names   bool

	server   *http.Server
	url      string
	closed   chan struct{}
	handlers sync.WaitGroup

	mu       sync.Mutex
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
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
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

	p, bad := checkHeaders(req)
	series, err := decode(req.Body, p)
	if err != nil {
		bad = append(bad, err.Error())
	}
	for _, s := range series {
		bad = append(bad, checkSeries(s, r.utf8Names)...)
	}
	flight := &inFlight{series: series, ended: make(chan struct{})}
	answer := r.arrive(flight, req.Header, bad)
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
	if p == protocol2 && a.stores() && w.Header().Get(writtenSamples) == "" {
		w.Header().Set(writtenSamples, strconv.Itoa(Request{Series: series}.Samples()))
		w.Header().Set("X-Prometheus-Remote-Write-Histograms-Written", "0")
		w.Header().Set("X-Prometheus-Remote-Write-Exemplars-Written", "0")
	}
	w.WriteHeader(a.status())
	_, _ = io.WriteString(w, a.Body)
}

const writtenSamples = "X-Prometheus-Remote-Write-Samples-Written"
