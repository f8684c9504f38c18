package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/snappy"
)

// sink is a remote-write store of versions 1.0 and 2.0 that keeps of each series only its newest time, and counts. The last element
// of the path names the contender.
type sink struct {
	url    string
	server *http.Server

	mu    sync.Mutex
	boxes map[string]*box
}

// box is what arrived from one contender.
type box struct {
	mu     sync.Mutex
	newest map[uint64]int64 // milliseconds, by series of Flink
	got    arrived
}

// arrived counts. A violation of order is a sample older than the newest of its series; one of the same time is a duplicate.
type arrived struct {
	requests, refused int64
	wire              int64 // compressed bytes
	samples           int64 // of Flink's metrics, without stale markers
	others            int64 // such as up
	stale             int64 // markers
	disordered        int64
	duplicates        int64
	series            int64 // of Flink's metrics, distinct
	delay             time.Duration
}

const (
	maxRequest = 64 << 20
	v2Header   = "X-Prometheus-Remote-Write-"
	v2Message  = "proto=io.prometheus.write.v2.Request"
)

// newSink listens on a free loopback port. The caller must close it.
func newSink() (*sink, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{url: "http://" + listener.Addr().String() + "/write/", boxes: map[string]*box{}}
	s.server = &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

func (s *sink) close() error { return s.server.Close() }

func (s *sink) box(name string) *box {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.boxes[name] == nil {
		s.boxes[name] = &box{newest: map[uint64]int64{}}
	}
	return s.boxes[name]
}

// stats is what arrived from a contender so far.
func (s *sink) stats(name string) arrived {
	b := s.box(name)
	b.mu.Lock()
	defer b.mu.Unlock()
	got := b.got
	got.series = int64(len(b.newest))
	return got
}

// reset forgets a contender of an earlier round.
func (s *sink) reset(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.boxes, name)
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b := s.box(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
	buffers := requests.Get().(*request)
	defer requests.Put(buffers)
	wire, err := buffers.read(r)
	b.mu.Lock()
	if err != nil {
		b.got.refused++
	} else {
		b.take(wire, buffers.samples, time.Now())
	}
	b.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set(v2Header+"Samples-Written", strconv.Itoa(len(buffers.samples)))
	w.Header().Set(v2Header+"Histograms-Written", "0")
	w.Header().Set(v2Header+"Exemplars-Written", "0")
	w.WriteHeader(http.StatusNoContent)
}

// take counts the samples of one request. The caller holds mu.
func (b *box) take(wire int, samples []arrival, now time.Time) {
	b.got.requests++
	b.got.wire += int64(wire)
	for _, a := range samples {
		switch {
		case a.stale:
			b.got.stale++
			continue
		case !a.flink:
			b.got.others++
			continue
		}
		b.got.samples++
		b.got.delay += now.Sub(time.UnixMilli(a.millis))
		newest, known := b.newest[a.series]
		switch {
		case known && a.millis < newest:
			b.got.disordered++
			continue
		case known && a.millis == newest:
			b.got.duplicates++
		}
		b.newest[a.series] = a.millis
	}
}

var requests = sync.Pool{New: func() any { return new(request) }}

// request holds the buffers that one request is decoded in.
type request struct {
	body, raw []byte
	samples   []arrival
}

// read returns the length of the body; the samples are in q.samples.
func (q *request) read(r *http.Request) (wire int, err error) {
	q.samples = q.samples[:0]
	if encoding := r.Header.Get("Content-Encoding"); encoding != "snappy" {
		return 0, fmt.Errorf("Content-Encoding is %q, not snappy", encoding)
	}
	if q.body, err = readInto(q.body[:0], io.LimitReader(r.Body, maxRequest)); err != nil {
		return 0, err
	}
	size, err := snappy.DecodedLen(q.body)
	if err != nil || size > maxRequest {
		return 0, errors.Join(err, fmt.Errorf("%d bytes decoded", size))
	}
	if q.raw, err = snappy.Decode(q.raw[:cap(q.raw)], q.body); err != nil {
		return 0, err
	}
	if strings.Contains(r.Header.Get("Content-Type"), v2Message) {
		q.samples, err = decode2(q.raw, q.samples)
	} else {
		q.samples, err = decode1(q.raw, q.samples)
	}
	return len(q.body), err
}

func readInto(buf []byte, r io.Reader) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}
