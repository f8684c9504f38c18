//go:build conformance

package conformance

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"weir.example/internal/promtest"
)

// staleNaN is the value that ends a series.
const staleNaN = 0x7ff0000000000002

func always(page string) func(int) string { return func(int) string { return page } }

// cases are the nineteen of the Prometheus project's older suite for Remote Write 1.0.
var cases = []conformanceCase{
	{
		name: "Counter", page: func(n int) string { return fmt.Sprintf("# TYPE c_total counter\nc_total %d\n", 10+n) },
		check: func(r *run) error { return errors.Join(r.want(10, "c_total"), r.want(11, "c_total")) },
	},
	{
		name: "Gauge", page: func(n int) string { return fmt.Sprintf("# TYPE g gauge\ng %d\n", 10-n) },
		check: func(r *run) error { return errors.Join(r.want(10, "g"), r.want(9, "g")) },
	},
	{
		name: "Histogram",
		page: always("# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"2.5\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_sum 10.5\nh_count 4\n"),
		check: func(r *run) error {
			return errors.Join(r.want(2, "h_bucket", "le", "1"), r.want(3, "h_bucket", "le", "2.5"), r.want(4, "h_bucket", "le", "+Inf"),
				r.want(10.5, "h_sum"), r.want(4, "h_count"))
		},
	},
	{
		name: "Summary",
		page: always("# TYPE s summary\ns{quantile=\"0.5\"} 1.5\ns{quantile=\"0.99\"} 7\ns_sum 20\ns_count 9\n"),
		check: func(r *run) error {
			return errors.Join(r.want(1.5, "s", "quantile", "0.5"), r.want(7, "s", "quantile", "0.99"), r.want(20, "s_sum"), r.want(9, "s_count"))
		},
	},
	{name: "Up", page: always("g 1\n"), check: func(r *run) error { return r.want(1, "up") }},
	{name: "Invalid", page: always("this is not { a page\n"), check: func(r *run) error { return r.want(0, "up") }},
	{name: "JobLabel", page: always("g 1\n"), check: func(r *run) error { return r.allHave("job", "test") }},
	{name: "InstanceLabel", page: always("g 1\n"), check: func(r *run) error { return r.allHave("instance", r.instance) }},
	{
		// The strict store looks at the order itself.
		name: "SortedLabels", page: always("g{e=\"5\",b=\"2\",d=\"4\",a=\"1\",c=\"3\"} 1\n"),
		check: func(r *run) error { return r.want(1, "g", "a", "1", "b", "2", "c", "3", "d", "4", "e", "5") },
	},
	{
		name: "RepeatedLabels", page: always("g{a=\"1\",a=\"2\"} 1\n"),
		check: func(r *run) error { return errors.Join(r.want(0, "up"), r.none("g")) },
	},
	{
		name: "EmptyLabels", page: always("g{a=\"\",b=\"2\"} 1\n"),
		check: func(r *run) error {
			if err := r.want(1, "g", "b", "2"); err != nil {
				return err
			}
			for _, l := range r.Series("__name__", "g")[0].Labels {
				if l.Name == "a" {
					return errors.New("label a is there")
				}
			}
			return nil
		},
	},
	{
		name: "NameLabel", page: always("{a=\"1\"} 1\n"),
		check: func(r *run) error { return errors.Join(r.want(0, "up"), r.none("")) },
	},
	{
		name: "HonorLabels", page: always("g{job=\"mine\",instance=\"me\"} 1\n"),
		check: func(r *run) error {
			return r.want(1, "g", "job", "test", "instance", r.instance, "exported_job", "mine", "exported_instance", "me")
		},
	},
	{
		name: "Staleness", page: func(n int) string { return strings.Repeat("g 1\n", max(0, 1-n/2)) + "other 1\n" },
		check: func(r *run) error {
			samples := r.Samples("g")
			if len(samples) < 2 || math.Float64bits(samples[len(samples)-1].V) != staleNaN {
				return fmt.Errorf("g does not end with a stale marker: %v", samples)
			}
			return nil
		},
	},
	{name: "Timestamp", page: always("a 1\nb 1\nc 1\n"), shards: 1, check: timesAreOfTheRun},
	{
		// The strict store looks at every other header itself.
		name: "Headers", page: always("g 1\n"), script: func() promtest.Script {
			return func(q promtest.Request) promtest.Answer {
				if q.Header.Get("Content-Type") != "application/x-protobuf" || q.Header.Get("Content-Encoding") != "snappy" ||
					q.Header.Get("X-Prometheus-Remote-Write-Version") != "0.1.0" {
					return promtest.Answer{Status: http.StatusBadRequest}
				}
				return promtest.Answer{}
			}
		},
		check: func(r *run) error { return r.want(1, "g") },
	},
	{
		name: "Ordering", page: manySeries, shards: 16,
		script: func() promtest.Script {
			return func(promtest.Request) promtest.Answer { return promtest.Answer{Delay: rand.N(5 * time.Second)} }
		},
		check: orderedSeries,
	},
	{
		name: "Retries500", page: func(n int) string { return fmt.Sprintf("g %d\n", n) },
		script: func() promtest.Script {
			return promtest.Sequence(promtest.Answer{Status: 500}, promtest.Answer{Status: 500})
		},
		check: func(r *run) error { return errors.Join(r.want(0, "g"), r.want(1, "g"), r.want(2, "g")) },
	},
	{
		name: "Retries400", page: func(n int) string { return fmt.Sprintf("g %d\n", n) },
		script: refuseFirst,
		check: func(r *run) error {
			if err := errors.Join(r.want(1, "g"), r.want(2, "g")); err != nil {
				return err
			}
			if r.want(0, "g") == nil {
				return errors.New("the refused sample was sent again")
			}
			return nil
		},
	},
}

func (r *run) allHave(label, value string) error {
	all := r.Series()
	if len(all) == 0 {
		return errors.New("nothing arrived")
	}
	if n := len(r.Series(label, value)); n != len(all) {
		return fmt.Errorf("%d of %d series have %s=%q", n, len(all), label, value)
	}
	return nil
}

func (r *run) none(name string) error {
	if n := len(r.Series("__name__", name)); n > 0 {
		return fmt.Errorf("%d series named %q", n, name)
	}
	return nil
}

// timesAreOfTheRun holds when three scrapes have arrived, all of the time of the run, in the order of their times.
func timesAreOfTheRun(r *run) error {
	last := map[int]int64{} // highest time by request
	for _, s := range r.Series() {
		for _, p := range s.Samples {
			if p.T < r.began.UnixMilli() || p.T > time.Now().UnixMilli() {
				return fmt.Errorf("%d is not a time of the run", p.T)
			}
			last[p.Arrival] = max(last[p.Arrival], p.T)
		}
	}
	for _, s := range r.Series() {
		for _, p := range s.Samples {
			if p.T < last[p.Arrival-1] {
				return fmt.Errorf("%d arrived after %d", p.T, last[p.Arrival-1])
			}
		}
	}
	if n := len(r.Samples("a")); n < 3 {
		return fmt.Errorf("%d scrapes arrived", n)
	}
	return nil
}

const seriesToOrder = 1000

func manySeries(n int) string {
	var b strings.Builder
	for i := range seriesToOrder {
		fmt.Fprintf(&b, "g{i=\"%d\"} %d\n", i, n)
	}
	return b.String()
}

// orderedSeries holds when each series has three samples; the strict store looks at their order.
func orderedSeries(r *run) error {
	all := r.Series("__name__", "g")
	if len(all) < seriesToOrder {
		return fmt.Errorf("%d series", len(all))
	}
	for _, s := range all {
		if len(s.Samples) < 3 {
			return fmt.Errorf("%d samples of %s", len(s.Samples), s)
		}
	}
	return nil
}

// refuseFirst answers 400 to the first request that carries g.
func refuseFirst() promtest.Script {
	refused := false
	return func(q promtest.Request) promtest.Answer {
		for _, s := range q.Series {
			if s.Name() == "g" && !refused {
				refused = true
				return promtest.Answer{Status: http.StatusBadRequest}
			}
		}
		return promtest.Answer{}
	}
}
