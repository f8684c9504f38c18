package orderedremotewriteexporter

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"weir.example/internal/promtest"
)

// Whatever becomes of an exemplar is counted: in = out + dropped, for the same reason as
// its sample where that is dropped.
func TestExemplarsThatDoNotArriveAreCountedByReason(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Protocol = protocol2 }, promtest.WithScript(promtest.Sequence(
		promtest.Answer{Header: http.Header{writtenPrefix + "Exemplars-Written": {"7"}}},
		promtest.Answer{Status: http.StatusBadRequest},
	)))
	call := func(ms int64, exemplars int) {
		b := newBatch().resource(flink...).gauge("m", ms, 1)
		p := b.last.ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0)
		for range exemplars {
			p.Exemplars().AppendEmpty().SetDoubleValue(1)
		}
		r.send(b.md)
		r.settle()
	}
	call(1000, 12) // two too many, and three that the store leaves out
	call(2000, 2)  // refused
	call(2000, 1)  // the same again
	assert.EqualValues(t, 7, r.metric("num_exemplars_out"))
	for why, want := range map[reason]int{exemplarLimit: 2, partial: 3, nonRetryable: 2, duplicate: 1} {
		assert.EqualValues(t, want, r.metric("num_exemplars_dropped", "reason", why.String()), why.String())
	}
	assert.EqualValues(t, 8, r.metric("num_exemplars_dropped"))
}
