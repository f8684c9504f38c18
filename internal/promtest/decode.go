package promtest

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
)

const (
	maxBody    = 64 << 20
	maxDecoded = 256 << 20

	// tenantHeader says whose a request is in Mimir, Cortex and their like.
	tenantHeader = "X-Scope-OrgID"
)

// protocol is the remote-write version a request is written in.
type protocol int

const (
	protocol1 protocol = 1
	protocol2 protocol = 2
)

// checkHeaders returns the protocol the headers announce and what is wrong
// with them.
func checkHeaders(r *http.Request, zstd bool) (protocol, []string) {
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
	if tenants := r.Header.Values(tenantHeader); len(tenants) > 1 || strings.Contains(strings.Join(tenants, ""), "|") {
		bad = append(bad, fmt.Sprintf("header %s is %q, a request has one tenant", tenantHeader, tenants))
	}
	if !zstd || r.Header.Get("Content-Encoding") != "zstd" {
		expect("Content-Encoding", "snappy")
	}
	media, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media == "application/x-protobuf" && params["proto"] == "io.prometheus.write.v2.Request" {
		expect("X-Prometheus-Remote-Write-Version", "2.0.0")
		return protocol2, bad
	}
	expect("Content-Type", "application/x-protobuf")
	expect("X-Prometheus-Remote-Write-Version", "0.1.0")
	return protocol1, bad
}

// decode reads a compressed body of bounded size and the protobuf message in it.
func decode(body io.Reader, encoding string, p protocol) ([]Series, error) {
	compressed, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	if len(compressed) > maxBody {
		return nil, fmt.Errorf("body: more than %d bytes", maxBody)
	}
	raw, err := decompress(compressed, encoding)
	if err != nil {
		return nil, err
	}
	if p == protocol2 {
		return decode2(raw)
	}
	return decode1(raw)
}

func decompress(compressed []byte, encoding string) ([]byte, error) {
	if encoding == "zstd" {
		d, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxDecoded), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		defer d.Close()
		return d.DecodeAll(compressed, nil)
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
	return raw, nil
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
		for _, h := range ts.Histograms {
			if err := checkHistogram(h); err != nil {
				return nil, err
			}
			s.Samples = append(s.Samples, Sample{T: h.Timestamp, Histogram: h.ToFloatHistogram()})
		}
		for _, x := range ts.Exemplars {
			e := Exemplar{T: x.Timestamp, V: x.Value}
			for _, l := range x.Labels {
				e.Labels = append(e.Labels, Label{l.Name, l.Value})
			}
			s.Exemplars = append(s.Exemplars, e)
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
		s, err := series2(ts, req.Symbols)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, checkUse(req)
}

func series2(ts writev2.TimeSeries, symbols []string) (s Series, err error) {
	if s.Labels, err = labels2(ts.LabelsRefs, symbols); err != nil {
		return s, err
	}
	for _, p := range ts.Samples {
		s.Samples = append(s.Samples, Sample{T: p.Timestamp, V: p.Value, Start: p.StartTimestamp})
	}
	for _, h := range ts.Histograms {
		if err := checkHistogram(h); err != nil {
			return s, err
		}
		s.Samples = append(s.Samples, Sample{T: h.Timestamp, Histogram: h.ToFloatHistogram(), Start: h.StartTimestamp})
	}
	for _, x := range ts.Exemplars {
		e := Exemplar{T: x.Timestamp, V: x.Value}
		if e.Labels, err = labels2(x.LabelsRefs, symbols); err != nil {
			return s, fmt.Errorf("exemplar: %w", err)
		}
		s.Exemplars = append(s.Exemplars, e)
	}
	if m := ts.Metadata; int(max(m.HelpRef, m.UnitRef)) >= len(symbols) {
		return s, fmt.Errorf("metadata: %d or %d is outside the %d symbols", m.HelpRef, m.UnitRef, len(symbols))
	}
	s.Metadata = Metadata{Type: int(ts.Metadata.Type), Help: symbols[ts.Metadata.HelpRef], Unit: symbols[ts.Metadata.UnitRef]}
	return s, nil
}

// checkHistogram applies Prometheus's rules, stricter for histograms of integers.
func checkHistogram(h interface {
	IsFloatHistogram() bool
	ToIntHistogram() *histogram.Histogram
	ToFloatHistogram() *histogram.FloatHistogram
},
) error {
	f := h.ToFloatHistogram()
	if value.IsStaleNaN(f.Sum) {
		return nil
	}
	err := f.Validate()
	if err == nil && !h.IsFloatHistogram() {
		err = h.ToIntHistogram().Validate()
	}
	if err != nil {
		return fmt.Errorf("histogram: %w", err)
	}
	return nil
}

func labels2(refs []uint32, symbols []string) ([]Label, error) {
	if len(refs)%2 != 0 {
		return nil, errors.New("labels_refs: odd length")
	}
	var out []Label
	for i := 0; i < len(refs); i += 2 {
		name, value := refs[i], refs[i+1]
		if int(max(name, value)) >= len(symbols) {
			return nil, fmt.Errorf("labels_refs: %d or %d is outside the %d symbols", name, value, len(symbols))
		}
		out = append(out, Label{symbols[name], symbols[value]})
	}
	return out, nil
}

// checkUse finds symbols that nothing in the request refers to.
func checkUse(req writev2.Request) error {
	used := make([]bool, len(req.Symbols))
	used[0] = true
	for _, ts := range req.Timeseries {
		used[ts.Metadata.HelpRef], used[ts.Metadata.UnitRef] = true, true
		for _, ref := range ts.LabelsRefs {
			used[ref] = true
		}
		for _, x := range ts.Exemplars {
			for _, ref := range x.LabelsRefs {
				used[ref] = true
			}
		}
	}
	if i := slices.Index(used, false); i >= 0 {
		return fmt.Errorf("symbols: %q is not used", req.Symbols[i])
	}
	return nil
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
