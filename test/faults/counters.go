//go:build faults

package faults

import (
	"fmt"
	"net/http"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

const ownPrefix = "otelcol_exporter_orderedremotewrite_"

// families reads Weir's own metrics.
func (w *weir) families() map[string]*dto.MetricFamily {
	w.t.Helper()
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", w.metrics))
	require.NoError(w.t, err)
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	require.NoError(w.t, err)
	return families
}

// metric is the sum over all series of one of the exporter's metrics, by its name without prefix, unit and _total.
func (w *weir) metric(name string) float64 {
	w.t.Helper()
	sum := 0.0
	for _, v := range w.byLabel(name, "") {
		sum += v
	}
	return sum
}

// drops counts dropped samples by reason; those that are not lost, because the store has them, are left out.
func (w *weir) drops() map[string]int {
	w.t.Helper()
	drops := map[string]int{}
	for reason, n := range w.byLabel("num_samples_dropped", "reason") {
		if n > 0 && reason != "duplicate" && reason != "repeated" {
			drops[reason] = int(n)
		}
	}
	return drops
}

func (w *weir) byLabel(name, label string) map[string]float64 {
	w.t.Helper()
	out := map[string]float64{}
	for full, family := range w.families() {
		if !strings.HasPrefix(full, ownPrefix+name) || !unitSuffix(full[len(ownPrefix+name):]) {
			continue
		}
		for _, m := range family.Metric {
			key := ""
			for _, l := range m.Label {
				if l.GetName() == label {
					key = l.GetValue()
				}
			}
			out[key] += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return out
}

// unitSuffix tells whether this is all that a Prometheus name adds.
func unitSuffix(s string) bool {
	switch s {
	case "", "_total", "_seconds", "_bytes", "_bytes_total":
		return true
	}
	return false
}

// damage is how many bytes of its log Weir could not read.
func (w *weir) damage() float64 { return w.metric("wal_damaged_bytes") }
