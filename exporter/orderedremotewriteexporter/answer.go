package orderedremotewriteexporter

import (
	"net/http"
	"strconv"
)

// answer is what became of one attempt.
type answer struct {
	tenant     string // whose request it was
	status     int    // 0 if there was no answer
	err        error  // why there was none
	retryAfter string
	text       string // start of the body, verbatim; not for a 2xx
	written    written
}

// written is what a store of remote write 2.0 says it stored.
type written struct {
	known                          bool // any of the headers was there
	samples, histograms, exemplars int
}

const writtenPrefix = "X-Prometheus-Remote-Write-"

// readWritten reads the headers; one that is absent or unreadable means none.
func readWritten(h http.Header) written {
	var w written
	read := func(kind string) int {
		text := h.Get(writtenPrefix + kind + "-Written")
		w.known = w.known || text != ""
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return 0
		}
		return int(n)
	}
	w.samples, w.histograms, w.exemplars = read("Samples"), read("Histograms"), read("Exemplars")
	return w
}

// verdict is what an answer means for the request.
type verdict uint8

const (
	delivered   verdict = iota
	refused             // the data is to blame
	misplaced           // the setup is to blame: credentials, address, protocol
	busy                // the same request may succeed later
	unreachable         // there was no answer
)

// verdict tells what the answer to a request in format f means. A redirect says
// that the endpoint is wrong.
func (a answer) verdict(f format) verdict {
	switch {
	case a.err != nil:
		return unreachable
	case a.foreign(f), a.status/100 == 3:
		return misplaced
	case a.status/100 == 2:
		return delivered
	case a.status/100 == 5:
		return busy
	}
	switch a.status {
	case http.StatusTooManyRequests, http.StatusRequestTimeout:
		return busy
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusProxyAuthRequired:
		return misplaced
	default:
		return refused
	}
}

// foreign tells that the store does not know the format.
func (a answer) foreign(f format) bool {
	return a.status == http.StatusUnsupportedMediaType || a.ignored(f)
}

// ignored tells that a store of remote write 1.0 found nothing it knows in a
// request of 2.0, and said so by success without counts.
func (a answer) ignored(f format) bool {
	return a.err == nil && a.status/100 == 2 && f.protocol == protocol2 && !a.written.known
}
