package orderedremotewriteexporter

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// format is one way to write a request.
type format struct {
	protocol    string // protocol1 or protocol2
	compression string
}

func (f format) contentType() string {
	if f.protocol == protocol2 {
		return "application/x-protobuf;proto=io.prometheus.write.v2.Request"
	}
	return "application/x-protobuf"
}

// version is the value of X-Prometheus-Remote-Write-Version.
func (f format) version() string {
	if f.protocol == protocol2 {
		return "2.0.0"
	}
	return "0.1.0"
}

func (f format) String() string { return "remote write " + f.protocol + ", " + f.compression }

// probeInterval is how often a format is tried again that the store refused.
const probeInterval = time.Hour

// formats finds out in which format the store takes requests. All slots share
// what one of them learned.
type formats struct {
	ladder []format // the best first

	mu      sync.Mutex
	at      int       // position in ladder
	proven  []bool    // by position: a request was taken
	probeAt time.Time // when the best is tried again, if at > 0
}

func newFormats(cfg *Config) *formats {
	f := &formats{}
	for _, protocol := range []string{protocol2, protocol1} {
		if cfg.Protocol != protocolAuto && cfg.Protocol != protocol {
			continue
		}
		if cfg.Compression == zstd {
			f.ladder = append(f.ladder, format{protocol, zstd})
		}
		f.ladder = append(f.ladder, format{protocol, snappy})
	}
	f.proven = make([]bool, len(f.ladder))
	return f
}

// choose returns the format for the next attempt: now and then the best one.
func (f *formats) choose() format {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); f.at > 0 && !now.Before(f.probeAt) {
		f.probeAt = now.Add(probeInterval)
		return f.ladder[0]
	}
	return f.ladder[f.at]
}

// take notes that the store takes a format, and tells whether it is better than
// the one in use until now.
func (f *formats) take(took format) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.Index(f.ladder, took)
	f.proven[i] = true
	better := i < f.at
	if better {
		f.at = i
	}
	return better
}

// leave goes on to the next format if the answer says that the store does not
// know this one. A 400 says so only before the first success: that is how old
// stores may fail to decode. ok tells whether the same samples may be sent in
// the next format, changed whether no other slot had found out before.
func (f *formats) leave(used format, a answer) (next format, ok, changed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.Index(f.ladder, used)
	if !a.foreign(used) && (a.status != http.StatusBadRequest || a.written.known || f.proven[i]) {
		return format{}, false, false
	}
	to := i + 1
	for a.ignored(used) && to < len(f.ladder) && f.ladder[to].protocol == used.protocol {
		to++
	}
	if to >= len(f.ladder) {
		return format{}, false, false
	}
	f.proven[i] = false
	if changed = f.at < to; changed {
		f.at, f.probeAt = to, time.Now().Add(probeInterval)
	}
	return f.ladder[f.at], true, changed
}
