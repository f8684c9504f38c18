//go:build faults

package faults

import (
	"encoding/binary"
	"hash/fnv"
	"io"
	"log"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/promtest"
)

// strict is a store that writes down every breach of order, and which requests are exact copies of earlier ones.
type strict struct {
	*promtest.Receiver

	mu     sync.Mutex
	seen   map[uint64]bool
	copies int // samples in requests that were seen before
	script promtest.Script
}

// newStrict starts a strict store. repeat allows exact repeats, which only a cut request may cause.
func newStrict(t *testing.T, repeat bool) *strict {
	s := openStrict(repeat)
	t.Cleanup(s.Close)
	return s
}

// openStrict is for a test that has more stores than memory for them: it closes them itself.
func openStrict(repeat bool) *strict {
	s := &strict{seen: map[uint64]bool{}}
	opts := []promtest.Option{promtest.WithScript(s.answer)}
	if repeat {
		opts = append(opts, promtest.AllowRepeat())
	}
	s.Receiver = promtest.New(opts...)
	return s
}

// Script decides the answers from now on; nil stores everything.
func (s *strict) Script(script promtest.Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = script
}

func (s *strict) answer(r promtest.Request) promtest.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if print := fingerprint(r); s.seen[print] {
		s.copies += r.Samples()
	} else {
		s.seen[print] = true
	}
	if s.script == nil {
		return promtest.Answer{}
	}
	return s.script(r)
}

func fingerprint(r promtest.Request) uint64 {
	h := fnv.New64a()
	for _, series := range r.Series {
		_, _ = h.Write([]byte(series.Tenant + "\xff"))
		for _, l := range series.Labels {
			_, _ = h.Write([]byte(l.Name + "\xff" + l.Value + "\xff"))
		}
		for _, p := range series.Samples {
			var b [16]byte
			binary.LittleEndian.PutUint64(b[:], uint64(p.T))
			binary.LittleEndian.PutUint64(b[8:], math.Float64bits(p.V))
			_, _ = h.Write(b[:])
		}
	}
	return h.Sum64()
}

// arrivals are the samples of the load that the store holds.
func (s *strict) arrivals() []arrival {
	var out []arrival
	for _, series := range s.Series("__name__", loadName) {
		out = append(out, arrivalsIn(series)...)
	}
	return out
}

// arrivalsOf are those that the store holds for a tenant.
func (s *strict) arrivalsOf(tenant string) []arrival {
	var out []arrival
	for _, series := range s.Series("__name__", loadName) {
		if series.Tenant == tenant {
			out = append(out, arrivalsIn(series)...)
		}
	}
	return out
}

func arrivalsIn(series promtest.Series) []arrival {
	var out []arrival
	for _, p := range series.Samples {
		out = append(out, arrival{series.Get("instance"), series.Get("series"), p.T, p.V})
	}
	return out
}

// torn is what a request looks like whose sender was killed while it wrote.
const torn = "unexpected EOF"

// inOrder fails on every breach of order or of the specification, and on repeats in anything but an exact copy.
func (s *strict) inOrder(t *testing.T) {
	t.Helper()
	for _, v := range s.Violations() {
		if !strings.Contains(v, torn) {
			assert.Fail(t, v)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	assert.LessOrEqual(t, s.Counts().Repeats, s.copies, "samples repeated otherwise than in a copy of their request")
}

// complete waits until nothing is missing, then checks order and that nothing was dropped.
func (s *strict) complete(w *weir, l *Load) {
	w.t.Helper()
	s.Wait(patience, func() bool { return s.Counts().Samples >= l.Samples() })
	s.holds(w, l, nil)
}

// holds is the law: what was acknowledged was delivered or counted as dropped, for these reasons.
func (s *strict) holds(w *weir, l *Load, drops map[string]int) {
	w.t.Helper()
	s.inOrder(w.t)
	delivered, err := l.Delivered(s.arrivals())
	require.NoError(w.t, err)
	dropped := 0
	for _, n := range drops {
		dropped += n
	}
	if drops == nil {
		drops = map[string]int{}
	}
	assert.Equal(w.t, l.Samples(), delivered+dropped, "acknowledged = delivered (%d) + dropped (%d)", delivered, dropped)
	assert.Equal(w.t, drops, w.drops(), "Weir's own count of drops")
	w.t.Logf("%d acknowledged, %d delivered, %d dropped, %d repeated in copies of their request, %d requests",
		l.Samples(), delivered, dropped, s.Counts().Repeats, s.Counts().Requests)
}

// drained waits until Weir has nothing left to send.
func (w *weir) drained() {
	w.t.Helper()
	w.until("the queue to drain", func() bool { return w.metric("samples_pending") == 0 })
}

// serve answers on a loopback port until the test ends.
func serve(t *testing.T, h http.Handler) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// quiet swallows what servers print about connections that the tests break.
var quiet = log.New(io.Discard, "", 0)
