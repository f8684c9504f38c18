package promtest

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

const (
	maxBody    = 64 << 20
	maxDecoded = 256 << 20
)

// protocol is the remote-write version a request is written in.
type protocol int

const (
	protocol1 protocol = 1
	protocol2 protocol = 2
)

// checkHeaders returns the protocol the headers announce and what is wrong
// with them.
func checkHeaders(r *http.Request) (protocol, []string) {
	var bad []string
	expect := func(key, want string) {
		if got := r.Header.Values(key); len(got) != 1 || got[0] != want {
			bad = append(bad, fmt.Sprintf("header %s is %q, want %q", key, got, want))
		}
	}
	if r.Method != http.MethodPost {
		bad = append(bad, fmt.Sprintf("method is %s, want POST", r.Method))
	}
	if r.Header.Get("User-Agent") == "" {
		bad = append(bad, "header User-Agent is missing")
	}
	expect("Content-Encoding", "snappy")
	media, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media == "application/x-protobuf" && params["proto"] == "io.prometheus.write.v2.Request" {
		expect("X-Prometheus-Remote-Write-Version", "2.0.0")
		return protocol2, bad
	}
	expect("Content-Type", "application/x-protobuf")
	expect("X-Prometheus-Remote-Write-Version", "0.1.0")
	return protocol1, bad
}

// decode reads a snappy block of bounded size and the protobuf message in it.
func decode(body io.Reader, p protocol) ([]Series, error) {
	compressed, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	if len(compressed) > maxBody {
		return nil, fmt.Errorf("body: more than %d bytes", maxBody)
	}
	n, err := snappy.DecodedLen(compressed)
	if err != nil {
		return nil, fmt.Errorf("snappy: %w", err)
	}
	if n > maxDecoded {
		return nil, fmt.Errorf("snappy: %d bytes decoded, at most %d allowed", n, maxDecoded)
	}
	raw, err := snappy.Decode(nil, compressed)
	if err != nil {
		return nil, fmt.Errorf("snappy: %w", err)
	}
	if p == protocol2 {
		return decode2(raw)
	}
	return decode1(raw)
}

func decode1(raw []byte) ([]Series, error) {
	var req prompb.WriteRequest
	if err := req.Unmarshal(raw); err != nil {
		return nil, fmt.Errorf("protobuf: %w", err)
	}
	out := make([]Series, 0, len(req.Timeseries))
	for _, ts := range req.Timeseries {
		var s Series
		for _, l := range ts.Labels {
			s.Labels = append(s.Labels, Label{l.Name, l.Value})
		}
		for _, p := range ts.Samples {
			s.Samples = append(s.Samples, Sample{T: p.Timestamp, V: p.Value})
		}
		out = append(out, s)
	}
	return out, nil
}

func decode2(raw []byte) ([]Series, error) {
	var req writev2.Request
	if err := req.Unmarshal(raw); err != nil {
		return nil, fmt.Errorf("protobuf: %w", err)
	}
	if err := checkSymbols(req.Symbols); err != nil {
		return nil, err
	}
	out := make([]Series, 0, len(req.Timeseries))
	for _, ts := range req.Timeseries {
		if len(ts.LabelsRefs)%2 != 0 {
			return nil, errors.New("labels_refs: odd length")
		}
		var s Series
		for i := 0; i < len(ts.LabelsRefs); i += 2 {
			name, value := ts.LabelsRefs[i], ts.LabelsRefs[i+1]
			if int(max(name, value)) >= len(req.Symbols) {
				return nil, fmt.Errorf("labels_refs: %d or %d is outside the %d symbols", name, value, len(req.Symbols))
			}
			s.Labels = append(s.Labels, Label{req.Symbols[name], req.Symbols[value]})
		}
		for _, p := range ts.Samples {
			s.Samples = append(s.Samples, Sample{T: p.Timestamp, V: p.Value})
		}
		out = append(out, s)
	}
	return out, nil
}

func checkSymbols(symbols []string) error {
	if len(symbols) == 0 || symbols[0] != "" {
		return errors.New("symbols: the first must be the empty string")
	}
	seen := make(map[string]struct{}, len(symbols))
	for _, s := range symbols {
		if _, dup := seen[s]; dup {
			return fmt.Errorf("symbols: %q appears twice", s)
		}
		seen[s] = struct{}{}
	}
	return nil
}
