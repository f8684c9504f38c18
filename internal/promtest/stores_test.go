package promtest

import (
	"bytes"
	"math"
	"net/http"
	"testing"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/prometheus/model/value"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func message2(t *testing.T, series ...writev2.TimeSeries) []byte {
	req := writev2.Request{Symbols: []string{"", "__name__", "m", "help", "By", "trace_id", "1"}, Timeseries: series}
	raw, err := req.Marshal()
	require.NoError(t, err)
	return raw
}

// full uses every symbol of message2.
func full(h writev2.Histogram) writev2.TimeSeries {
	return writev2.TimeSeries{
		LabelsRefs: []uint32{1, 2},
		Histograms: []writev2.Histogram{h},
		Exemplars:  []writev2.Exemplar{{LabelsRefs: []uint32{5, 6}, Value: 3, Timestamp: 9}},
		Metadata:   writev2.Metadata{Type: writev2.Metadata_METRIC_TYPE_HISTOGRAM, HelpRef: 3, UnitRef: 4},
	}
}

func send2(t *testing.T, r *Receiver, raw []byte, encoding string) *http.Response {
	body := snappy.Encode(nil, raw)
	if encoding == "zstd" {
		w, err := zstd.NewWriter(nil)
		require.NoError(t, err)
		body = w.EncodeAll(raw, nil)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL(), bytes.NewReader(body))
	require.NoError(t, err)
	for key, text := range map[string]string{
		"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request", "Content-Encoding": encoding,
		"X-Prometheus-Remote-Write-Version": "2.0.0", "User-Agent": "test/1",
	} {
		req.Header.Set(key, text)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp
}

func TestHistogramsExemplarsAndMetadataAreKept(t *testing.T) {
	r := start(t, TakesZstd())
	h := writev2.Histogram{
		Count: &writev2.Histogram_CountInt{CountInt: 2}, Sum: 5, Timestamp: 10, StartTimestamp: 4,
		PositiveSpans: []writev2.BucketSpan{{Length: 1}}, PositiveDeltas: []int64{2},
	}
	for _, encoding := range []string{"snappy", "zstd"} {
		resp := send2(t, r, message2(t, full(h)), encoding)
		assert.Equal(t, 204, resp.StatusCode)
		assert.Equal(t, "0", resp.Header.Get("X-Prometheus-Remote-Write-Samples-Written"))
		assert.Equal(t, "1", resp.Header.Get("X-Prometheus-Remote-Write-Histograms-Written"))
		assert.Equal(t, "1", resp.Header.Get("X-Prometheus-Remote-Write-Exemplars-Written"))
		h.Timestamp++
	}
	assert.Empty(t, r.Violations())
	s := r.Series()[0]
	assert.Equal(t, Metadata{Type: 3, Help: "help", Unit: "By"}, s.Metadata)
	assert.Equal(t, Exemplar{Labels: []Label{{"trace_id", "1"}}, T: 9, V: 3}, s.Exemplars[0])
	require.Len(t, s.Samples, 2)
	assert.EqualValues(t, 4, s.Samples[0].Start)
	assert.Equal(t, 2.0, s.Samples[0].Histogram.Count)

	stale := writev2.Histogram{Sum: math.Float64frombits(value.StaleNaN), Timestamp: 20}
	assert.Equal(t, 204, send2(t, r, message2(t, full(stale)), "snappy").StatusCode)
	assert.Empty(t, r.Violations())
}

func TestWhatIsWrongWithAMessageOf2IsAViolation(t *testing.T) {
	good := writev2.Histogram{Timestamp: 10}
	for want, spoil := range map[string]func(*writev2.TimeSeries){
		`symbols: "trace_id" is not used`: func(s *writev2.TimeSeries) { s.Exemplars = nil },
		"start time 11 is after":          func(s *writev2.TimeSeries) { s.Histograms[0].StartTimestamp = 11 },
		"floats and histograms":           func(s *writev2.TimeSeries) { s.Samples = []writev2.Sample{{Timestamp: 1}} },
		"metadata: 99 or 4":               func(s *writev2.TimeSeries) { s.Metadata.HelpRef = 99 },
		"exemplar: labels_refs: odd":      func(s *writev2.TimeSeries) { s.Exemplars[0].LabelsRefs = []uint32{1} },
		"histogram: ": func(s *writev2.TimeSeries) {
			s.Histograms[0].ZeroCount = &writev2.Histogram_ZeroCountInt{ZeroCountInt: 1}
		},
	} {
		r := start(t)
		s := full(good)
		spoil(&s)
		assert.Equal(t, 400, send2(t, r, message2(t, s), "snappy").StatusCode, want)
		require.NotEmpty(t, r.Violations(), want)
		assert.Contains(t, r.Violations()[0], want)
	}
}

func TestStoresOfTheOldProtocol(t *testing.T) {
	for status, option := range map[int]Option{204: Ignores2(), 415: Refuses2()} {
		r := start(t, option)
		resp := send2(t, r, message2(t, full(writev2.Histogram{Timestamp: 10})), "snappy")
		assert.Equal(t, status, resp.StatusCode)
		assert.Empty(t, resp.Header.Get("X-Prometheus-Remote-Write-Samples-Written"))
		assert.Zero(t, r.Counts().Samples)
		assert.Empty(t, r.Violations())
	}
}
