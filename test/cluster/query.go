package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Store is a running store that answers Prometheus's query API at URL.
type Store struct {
	URL     string
	Process *Process
}

// Series is one series of a query's answer.
type Series struct {
	Labels  map[string]string
	Samples []Sample
}

// Sample is a value at a time in milliseconds since the epoch.
type Sample struct {
	Millis int64
	Value  float64
}

// Query evaluates an expression at a time. A range selector as `up[1h]` gives the stored samples themselves.
func (s *Store) Query(ctx context.Context, expr string, at time.Time) ([]Series, error) {
	seconds := strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64)
	return s.query(ctx, "/api/v1/query", url.Values{"query": {expr}, "time": {seconds}})
}

// QueryRange evaluates an expression at every step from start to end.
func (s *Store) QueryRange(ctx context.Context, expr string, start, end time.Time, step time.Duration) ([]Series, error) {
	return s.query(ctx, "/api/v1/query_range", url.Values{
		"query": {expr},
		"start": {strconv.FormatInt(start.Unix(), 10)},
		"end":   {strconv.FormatInt(end.Unix(), 10)},
		"step":  {step.String()},
	})
}

func (s *Store) query(ctx context.Context, path string, form url.Values) ([]Series, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path+"?"+form.Encode(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("query %s: %s: %s", form.Get("query"), resp.Status, data)
	}
	return decodeSeries(data)
}

// decodeSeries reads a vector (one sample a series, under "value") or a matrix (under "values").
func decodeSeries(data []byte) ([]Series, error) {
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string `json:"metric"`
				Value  *jsonSample       `json:"value"`
				Values []jsonSample      `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, err
	}
	series := make([]Series, 0, len(answer.Data.Result))
	for _, r := range answer.Data.Result {
		s := Series{Labels: r.Metric}
		if r.Value != nil {
			r.Values = append(r.Values, *r.Value)
		}
		for _, v := range r.Values {
			s.Samples = append(s.Samples, Sample(v))
		}
		series = append(series, s)
	}
	return series, nil
}

// jsonSample is [seconds, "value"].
type jsonSample Sample

func (j *jsonSample) UnmarshalJSON(data []byte) error {
	var seconds float64
	var value string
	if err := json.Unmarshal(data, &[]any{&seconds, &value}); err != nil {
		return err
	}
	j.Millis = int64(seconds*1000 + 0.5)
	var err error
	j.Value, err = strconv.ParseFloat(value, 64)
	return err
}
