package cardinalityprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/processor/processorhelper"
)

// metricsProcessor leads every metric through the stages. It is safe for concurrent use.
type metricsProcessor struct {
	rename *renamer // nil: the stage is off
	report *reporter
}

func newProcessor(cfg *Config, set component.TelemetrySettings) (*metricsProcessor, error) {
	p := &metricsProcessor{}
	if stage := cfg.Rename.Get(); stage != nil {
		rename, err := newRenamer(stage)
		if err != nil {
			return nil, err
		}
		p.rename = rename
	}
	report, err := newReporter(set)
	if err != nil {
		return nil, err
	}
	p.report = report
	return p, nil
}

func (p *metricsProcessor) shutdown(context.Context) error {
	p.report.shutdown()
	return nil
}

// process walks over the data once and removes what the stages dropped, with the scopes and resources that are left
// empty.
func (p *metricsProcessor) process(ctx context.Context, md pmetric.Metrics) (pmetric.Metrics, error) {
	var t tally
	md.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool {
			sm.Metrics().RemoveIf(func(m pmetric.Metric) bool { return !p.pass(m, &t) })
			return sm.Metrics().Len() == 0
		})
		return rm.ScopeMetrics().Len() == 0
	})
	p.report.add(ctx, &t)
	if md.ResourceMetrics().Len() == 0 {
		return md, processorhelper.ErrSkipProcessingData
	}
	return md, nil
}

// pass leads one metric through the stages and tells whether it goes on.
func (p *metricsProcessor) pass(m pmetric.Metric, t *tally) bool {
	if p.rename != nil {
		outcome := p.rename.apply(m)
		t.renamed[outcome]++
		if outcome == dropped {
			t.dropped[unmatched] += pointCount(m)
			return false
		}
	}
	return true
}

