package flinktest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is a way in which an endpoint misbehaves.
type Fault int

const (
	None           Fault = iota
	Refuse               // nothing listens on the port
	Hang                 // no answer ever
	Drip                 // a byte at a time
	Endless              // a body without end
	HugeLine             // a line of 1 MiB before the others
	ShortLength          // fewer bytes than Content-Length says
	CutGzip              // a gzip stream without its second half, whatever was asked for
	CutLine              // a body that ends cleanly within a line
	HTML                 // a page of HTML with status 200
	JSON                 // a JSON document with status 200
	PlainNonsense        // status 200 and text/plain, but not one line of metrics
	Status500            // the body with status 500
	Status503            // the body with status 503
	Redirect             // to another path of the same endpoint
	MalformedLines       // lines that are not in the format between good ones
	DuplicateLabel       // a line with one label name twice between good ones
)

// dripInterval is the time between two bytes of Drip.
const dripInterval = 20 * time.Millisecond

const malformedLines = "flink_bad{host=\"x\" 1.0\nflink_bad{host=\"x\"} one\nflink bad 1 2 3\n"

const duplicateLabel = "flink_taskmanager_job_task_operator_host_seen{host=\"a\",tm_id=\"b\",host=\"c\",} 1.0\n"

// serveFault answers a request according to f. It returns false if f leaves the request to the normal handler.
func (e *Endpoint) serveFault(w http.ResponseWriter, r *http.Request, f Fault, body []byte) bool {
	header := w.Header()
	header.Set("Content-Type", contentType)
	switch f {
	case Hang:
		<-r.Context().Done()
	case Drip:
		drip(w, r, body)
	case Endless:
		endless(w, r)
	case HugeLine:
		e.send(w, r, append([]byte("flink_huge{v=\""+strings.Repeat("x", 1<<20)+"\"} 1\n"), body...))
	case ShortLength:
		header.Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case CutGzip:
		header.Set("Content-Encoding", "gzip")
		zipped := zip(body)
		_, _ = w.Write(zipped[:len(zipped)/2])
	case CutLine:
		e.send(w, r, bytes.TrimSuffix(body, []byte("\n"))[:len(body)*2/3])
	case HTML:
		header.Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html><body>It works</body></html>\n"))
	case JSON:
		header.Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{\"status\":\"ok\"}\n"))
	case PlainNonsense:
		_, _ = w.Write([]byte("OK\n{\"status\":\"ok\"}\n"))
	case Status500:
		http.Error(w, "boom", http.StatusInternalServerError)
	case Status503:
		http.Error(w, "not yet", http.StatusServiceUnavailable)
	case Redirect:
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	case MalformedLines:
		e.send(w, r, append([]byte(malformedLines), body...))
	case DuplicateLabel:
		e.send(w, r, append([]byte(duplicateLabel), body...))
	default:
		return false
	}
	return true
}

func drip(w http.ResponseWriter, r *http.Request, body []byte) {
	flush := http.NewResponseController(w)
	for i := range body {
		if _, err := w.Write(body[i : i+1]); err != nil {
			return
		}
		_ = flush.Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(dripInterval):
		}
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	for i := 0; r.Context().Err() == nil; i++ {
		if _, err := fmt.Fprintf(w, "flink_endless{i=\"%d\",v=\"%s\"} 1\n", i, strings.Repeat("x", 1000)); err != nil {
			return
		}
	}
}

func zip(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(body)
	_ = z.Close()
	return b.Bytes()
}
