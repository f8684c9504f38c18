package main

import (
	"math"
	"testing"

	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func request1(t testing.TB) []byte {
	raw, err := (&prompb.WriteRequest{Timeseries: []prompb.TimeSeries{
		{
			Labels:  []prompb.Label{{Name: "__name__", Value: "flink_a"}, {Name: "job", Value: "x"}},
			Samples: []prompb.Sample{{Value: 1.5, Timestamp: 1000}, {Value: math.Float64frombits(staleNaN), Timestamp: 2000}},
		},
		{Labels: []prompb.Label{{Name: "__name__", Value: "up"}}, Samples: []prompb.Sample{{Timestamp: 1000}}},
	}, Metadata: []prompb.MetricMetadata{{MetricFamilyName: "flink_a", Help: "a"}}}).Marshal()
	require.NoError(t, err)
	return raw
}

func request2(t testing.TB) []byte {
	raw, err := (&writev2.Request{
		Symbols: []string{"", "__name__", "flink_a", "job", "x", "up"},
		Timeseries: []writev2.TimeSeries{
			{
				LabelsRefs: []uint32{1, 2, 3, 4}, Metadata: writev2.Metadata{HelpRef: 2},
				Samples: []writev2.Sample{{Value: 1.5, Timestamp: 1000, StartTimestamp: 500}, {Value: math.Float64frombits(staleNaN), Timestamp: 2000}},
			},
			{LabelsRefs: []uint32{1, 5}, Samples: []writev2.Sample{{Timestamp: 1000}}},
		},
	}).Marshal()
	require.NoError(t, err)
	return raw
}

func TestBothProtocolsGiveTheSameSeries(t *testing.T) {
	one, err := decode1(request1(t), nil)
	require.NoError(t, err)
	two, err := decode2(request2(t), nil)
	require.NoError(t, err)
	assert.Equal(t, one, two)
	require.Len(t, one, 3)
	assert.Equal(t, arrival{series: one[0].series, millis: 1000, flink: true}, one[0])
	assert.Equal(t, arrival{series: one[0].series, millis: 2000, flink: true, stale: true}, one[1])
	assert.False(t, one[2].flink)
	assert.NotEqual(t, one[0].series, one[2].series)
}

func FuzzDecode(f *testing.F) {
	f.Add(request1(f))
	f.Add(request2(f))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		_, _ = decode1(raw, nil)
		_, _ = decode2(raw, nil)
	})
}
