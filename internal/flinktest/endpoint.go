package flinktest

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	contentType = "text/plain; version=0.0.4; charset=utf-8"
	remembered  = 1000 // answers
)

// Served is one answer to a GET: what was exposed and when.
type Served struct {
	At    time.Time
	Step  int
	Fault Fault
	Query string
	Body  []byte // uncompressed and filtered, whatever a fault made of it
}

// Endpoint is one reporter on a port of its own. All methods are safe for concurrent use.
type Endpoint struct {
	addr   string
	script Script

	mu       sync.Mutex // covers what follows
	listener net.Listener
	server   *http.Server
	step     int
	stepping bool
	fault    Fault
	served   []Served
	closed   bool
}

// StartEndpoint listens on addr, such as 127.0.0.1:0, and answers with the script's page of step 0 until Seek, or
// from request to request after StepPerRequest. The caller must Close it.
func StartEndpoint(addr string, script Script) (*Endpoint, error) {
	// The port is taken even if the first page refuses connections.
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	e := &Endpoint{addr: listener.Addr().String(), script: script}
	e.serve(listener)
	e.mu.Lock()
	defer e.mu.Unlock()
	return e, e.settle()
}

// Addr returns host:port.
func (e *Endpoint) Addr() string { return e.addr }

// URL returns the address to scrape. Any other path answers as well.
func (e *Endpoint) URL() string { return "http://" + e.addr + "/metrics" }

// Seek goes to a step of the script. It returns an error if the port cannot be taken again.
func (e *Endpoint) Seek(step int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.step = step
	return e.settle()
}

// StepPerRequest makes each GET advance the script by one step after its answer. Pages that refuse connections are
// passed over, since nobody could get past them.
func (e *Endpoint) StepPerRequest() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stepping = true
}

// Misbehave sets the fault of all answers from now on; None heals. It returns an error if the port cannot be taken again.
func (e *Endpoint) Misbehave(f Fault) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fault = f
	return e.settle()
}

// Served returns the remembered answers, oldest first.
func (e *Endpoint) Served() []Served {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.served)
}

// Close stops the endpoint and cuts its connections.
func (e *Endpoint) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	e.stop()
}

// settle makes the listener agree with the step and the fault. The caller holds mu.
func (e *Endpoint) settle() error {
	refused := e.closed || e.fault == Refuse || e.script(e.step).Refused
	if refused {
		e.stop()
		return nil
	}
	if e.server != nil {
		return nil
	}
	listener, err := net.Listen("tcp", e.addr)
	if err != nil {
		return err
	}
	e.serve(listener)
	return nil
}

func (e *Endpoint) serve(listener net.Listener) {
	e.listener = listener
	e.server = &http.Server{Handler: http.HandlerFunc(e.answer), ErrorLog: log.New(io.Discard, "", 0)}
	go func(s *http.Server) { _ = s.Serve(listener) }(e.server)
}

// stop closes the listener and every connection, as the end of a process does.
func (e *Endpoint) stop() {
	if e.server != nil {
		_ = e.listener.Close() // the server may not know it yet
		_ = e.server.Close()
		e.server = nil
	}
}

func (e *Endpoint) answer(w http.ResponseWriter, r *http.Request) {
	page, fault := e.turn(r)
	if !e.serveFault(w, r, fault, page.Body) {
		e.send(w, r, page.Body)
	}
}

// turn records a request and returns what to answer.
func (e *Endpoint) turn(r *http.Request) (Page, Fault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	page := e.script(e.step)
	page.Body = filter(page.Body, r.URL.Query()["name[]"])
	if r.Method == http.MethodGet {
		if len(e.served) >= remembered {
			e.served = slices.Delete(e.served, 0, len(e.served)-remembered+1)
		}
		e.served = append(e.served, Served{time.Now(), e.step, e.fault, r.URL.RawQuery, page.Body})
		if e.stepping {
			for e.step++; e.script(e.step).Refused; e.step++ {
			}
		}
	}
	return page, e.fault
}

// send writes a body as Flink's reporter does: with its length, or in gzip and chunks if the client accepts that.
func (e *Endpoint) send(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Type", contentType)
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	_ = http.NewResponseController(w).Flush()
	_, _ = w.Write(zip(body))
}

// filter keeps the samples with one of the names, and the HELP and TYPE lines before them. No names keep all.
func filter(body []byte, names []string) []byte {
	if len(names) == 0 {
		return body
	}
	var out, comments bytes.Buffer
	for line := range bytes.Lines(body) {
		if line[0] == '#' {
			if bytes.HasPrefix(line, []byte("# HELP")) {
				comments.Reset()
			}
			comments.Write(line)
			continue
		}
		end := bytes.IndexAny(line, "{ ")
		if end > 0 && slices.Contains(names, string(line[:end])) {
			_, _ = comments.WriteTo(&out)
			out.Write(line)
		}
	}
	return out.Bytes()
}
