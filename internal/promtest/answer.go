package promtest

import (
	"net/http"
	"sync"
	"time"
)

// Request is what a script sees of a decoded request. Series is nil when the
// request could not be decoded.
type Request struct {
	// Index is the position in order of arrival, from 0.
	Index  int
	Header http.Header
	Series []Series
}

// Samples returns the number of samples in the request.
func (r Request) Samples() int {
	n := 0
	for _, s := range r.Series {
		n += len(s.Samples)
	}
	return n
}

// Reset says whether, and when, the connection is reset instead of answered.
type Reset int

// The three kinds of connection reset.
const (
	NoReset Reset = iota
	// ResetBefore closes the connection without storing anything.
	ResetBefore
	// ResetAfter stores the samples first: the acknowledgement is lost.
	ResetAfter
)

// Answer is the scripted reaction to one request. The zero value stores the
// samples and answers 204.
type Answer struct {
	// Status is the HTTP status code; 0 means 204. Only a 2xx stores samples.
	Status int
	Header http.Header
	Body   string
	// Delay passes before anything is stored or answered.
	Delay time.Duration
	// Hang, if set, keeps the request open until it is closed or the client
	// gives up; in the latter case nothing is stored.
	Hang <-chan struct{}
	// Stored stores the samples whatever the status says.
	Stored bool
	// Lost stores nothing whatever the status says.
	Lost  bool
	Reset Reset
	// Bare leaves out the headers by which remote write 2.0 says what was written.
	Bare bool
}

// Script decides the answer to each request. It is called for one request at a
// time, in order of arrival, and must not call the Receiver.
type Script func(Request) Answer

// Sequence answers the first requests with the given answers in turn and every
// later one with the zero Answer.
func Sequence(answers ...Answer) Script {
	var mu sync.Mutex
	return func(Request) Answer {
		mu.Lock()
		defer mu.Unlock()
		if len(answers) == 0 {
			return Answer{}
		}
		a := answers[0]
		answers = answers[1:]
		return a
	}
}

func (a Answer) status() int {
	if a.Status == 0 {
		return http.StatusNoContent
	}
	return a.Status
}

func (a Answer) stores() bool {
	return !a.Lost && (a.Stored || a.Reset == ResetAfter || (a.Reset == NoReset && a.status()/100 == 2))
}
