//go:build faults

package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	loadMetric = "load.value"
	loadName   = "load_value" // in the store
	pushRetry  = 20 * time.Millisecond
)

// Load is a source of samples whose every label, time and value follows from three numbers: instance, series and step. An
// instance pushes one step of all its series per call, and goes on to the next step only when that call was acknowledged, as
// a client with retries does. Start is the sample time of step 0, Interval what lies between steps.
type Load struct {
	URL       string
	First     int // number of the first instance
	Instances int
	Series    int // per instance
	Start     time.Time
	Interval  time.Duration
	Workers   int                // instances that push at the same time
	Clock     func(step int) int // the step whose time a step carries; nil: its own
	Header    string             // tenant that calls name; empty: none
	Owner     string             // the same as attribute of resources

	mu    sync.Mutex
	acked []int // steps acknowledged, by instance
}

// Run pushes the next steps of all instances. It ends when all are acknowledged, the context ends, or one is refused for good.
func (l *Load) Run(ctx context.Context, steps int) error {
	workers := min(l.Workers, l.Instances)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range steps {
				for i := w; i < l.Instances; i += workers {
					if err := l.push(ctx, i); err != nil {
						cancel(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// marshaler writes MetricsData, which on the wire is an export request.
var marshaler pmetric.ProtoMarshaler

// push repeats one call until it is acknowledged.
func (l *Load) push(ctx context.Context, instance int) error {
	step := l.Acked(instance)
	body, err := marshaler.MarshalMetrics(l.request(instance, step))
	if err != nil {
		return err
	}
	for {
		status, answer, err := l.post(ctx, body)
		switch {
		case err == nil && status == http.StatusOK:
			l.mu.Lock()
			l.acked[instance]++
			l.mu.Unlock()
			return nil
		case err == nil && status == http.StatusBadRequest:
			return fmt.Errorf("instance %d, step %d: refused: %s", instance, step, answer)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pushRetry):
		}
	}
}

func (l *Load) post(ctx context.Context, body []byte) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	if l.Header != "" {
		req.Header.Set("X-Scope-OrgID", l.Header)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer), err
}

func (l *Load) request(instance, step int) pmetric.Metrics {
	metrics := pmetric.NewMetrics()

	rm := newResource(metrics, "load", instanceName(l.First+instance))
	if l.Owner != "" {
		metrics.ResourceMetrics().At(0).Resource().Attributes().PutStr("owner", l.Owner)
	}
	metric := rm.AppendEmpty()
	metric.SetName(loadMetric)
	points := metric.SetEmptyGauge().DataPoints()
	points.EnsureCapacity(l.Series)
	at := pcommon.Timestamp(l.millis(step) * 1e6)
	for s := range l.Series {
		point := points.AppendEmpty()
		point.SetTimestamp(at)
		point.SetDoubleValue(loadValue(instance, s, step))
		point.Attributes().PutStr("series", strconv.Itoa(s))
	}
	return metrics
}

func instanceName(i int) string { return "i" + strconv.Itoa(i) }

func loadValue(instance, series, step int) float64 {
	return float64(instance)*1e10 + float64(series)*1e5 + float64(step) // whole, since VictoriaMetrics rounds others
}

// millis is the sample time of a step.
func (l *Load) millis(step int) int64 {
	if l.Clock != nil {
		step = l.Clock(step)
	}
	return l.Start.UnixMilli() + int64(step)*l.Interval.Milliseconds()
}

// Acked is how many steps of an instance were acknowledged.
func (l *Load) Acked(instance int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked[instance]
}

// Samples is how many samples were acknowledged.
func (l *Load) Samples() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, steps := range l.acked {
		n += steps * l.Series
	}
	return n
}

// arrival is one sample in a store: labels as text, time in milliseconds.
type arrival struct {
	instance, series string
	millis           int64
	value            float64
}

// Delivered counts the acknowledged samples among the arrivals. A sample that was never pushed, or has another value, is an
// error; one of a push that was never acknowledged is not.
func (l *Load) Delivered(arrivals []arrival) (int, error) {
	type key struct{ instance, series, step int }
	seen := make(map[key]bool, len(arrivals))
	var wrong []error
	for _, a := range arrivals {
		instance, err1 := strconv.Atoi(a.instance[min(1, len(a.instance)):])
		series, err2 := strconv.Atoi(a.series)
		instance -= l.First
		if err1 != nil || err2 != nil || instance < 0 || instance >= l.Instances || series >= l.Series {
			return 0, fmt.Errorf("a series that nobody pushed: instance %q, series %q", a.instance, a.series)
		}
		step := int(a.value - loadValue(instance, series, 0))
		if step < 0 || l.millis(step) != a.millis || loadValue(instance, series, step) != a.value {
			wrong = append(wrong, fmt.Errorf("instance %d, series %d: %v at %d was never pushed", instance, series, a.value, a.millis))
			continue
		}
		if step < l.Acked(instance) {
			seen[key{instance, series, step}] = true
		}
	}
	return len(seen), errors.Join(wrong[:min(len(wrong), 10)]...)
}

// newResource adds a resource of a job and an instance and returns its metrics.
func newResource(metrics pmetric.Metrics, job, instance string) pmetric.MetricSlice {
	rm := metrics.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", job)
	rm.Resource().Attributes().PutStr("service.instance.id", instance)
	return rm.ScopeMetrics().AppendEmpty().Metrics()
}
