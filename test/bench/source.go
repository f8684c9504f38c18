package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// source serves the pages of TaskManagers, each on a port of its own, as Flink's reporter does: in chunks, with gzip for who asks.
// The first element of the path names the contender.
type source struct {
	pages   []*page
	targets []string // host:port
	series  int
	servers []*http.Server

	mu     sync.Mutex // covers what follows
	served map[string]*served
}

// served is what one contender got.
type served struct {
	scrapes, samples int64
	bytes            int64 // of bodies, before compression
	closed           bool  // refused from now on
}

var (
	bodies  = sync.Pool{New: func() any { return new([]byte) }}
	zippers = sync.Pool{New: func() any {
		// Speed 1 keeps this process light; readers need about the same time for what level 6 writes.
		z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		return z
	}}
)

// newSource listens on n free loopback ports. The caller must close it.
func newSource(n, series int) (*source, error) {
	lines, err := layout()
	if err != nil {
		return nil, err
	}
	s := &source{served: map[string]*served{}}
	for i := range n {
		p := newPage(lines, i, series/n)
		s.pages = append(s.pages, p)
		s.series += p.len()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.targets = append(s.targets, listener.Addr().String())
		server := &http.Server{Handler: s.handler(p), ErrorLog: log.New(io.Discard, "", 0)}
		s.servers = append(s.servers, server)
		go func() { _ = server.Serve(listener) }()
	}
	return s, nil
}

func (s *source) close() error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}

func (s *source) handler(p *page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if s.stats(name).closed {
			http.Error(w, "this round is over", http.StatusServiceUnavailable)
			return
		}
		body := bodies.Get().(*[]byte)
		defer bodies.Put(body)
		*body = p.render((*body)[:0], time.Now().Unix()%100_000)
		if err := send(w, r, *body); err != nil {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		got := s.of(name)
		got.scrapes++
		got.samples += int64(p.len())
		got.bytes += int64(len(*body))
	}
}

func send(w http.ResponseWriter, r *http.Request, body []byte) error {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, err := w.Write(body)
		return err
	}
	w.Header().Set("Content-Encoding", "gzip")
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(w)
	if _, err := z.Write(body); err != nil {
		return err
	}
	return z.Close()
}

// of returns the counts of a contender. The caller holds mu.
func (s *source) of(name string) *served {
	if s.served[name] == nil {
		s.served[name] = &served{}
	}
	return s.served[name]
}

// stats is what a contender got so far.
func (s *source) stats(name string) served {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.of(name)
}

// reset forgets what a contender of an earlier round got.
func (s *source) reset(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.served, name)
}

// refuse answers 503 to a contender from now on.
func (s *source) refuse(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(name).closed = true
}
