package cardinalityprocessor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"weir.example/processor/cardinalityprocessor/internal/evidence"
)

// shownLabels is how many labels have gauges of their own: those with the most values in an hour. The metrics of the
// processor must not become what it fights.
const shownLabels = 20

// runReports makes a report at every interval until ctx ends, and a last one then.
func (c *core) runReports(ctx context.Context) {
	for pause(ctx, c.cfg.Learn.ReportInterval) {
		c.makeReport()
	}
	c.makeReport()
}

// makeReport measures, and writes the file if there is one.
func (c *core) makeReport() {
	r := c.witness.makeReport(c.now())
	if c.cfg.Learn.ReportFile == "" {
		return
	}
	if err := writeReport(c.cfg.Learn.ReportFile, r); err != nil {
		c.health.begin(reportFault, err)
	} else {
		c.health.end(reportFault)
	}
}

// writeReport replaces the file as a whole, so that nobody reads half of it.
func writeReport(name string, r *evidence.Report) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing the report: %w", err), os.Remove(file.Name()))
	}
	return nil
}

// observeEvidence has the state of the evidence read when somebody asks for it.
func (r *reporter) observeEvidence(w *witness) error {
	return errors.Join(
		r.builder.RegisterProcessorCardinalityEvidenceLabelsCallback(func(_ context.Context, to metric.Int64Observer) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			to.Observe(int64(w.evidence.Tracked()))
			return nil
		}),
		r.builder.RegisterProcessorCardinalityEvidenceUntrackedCallback(func(_ context.Context, to metric.Int64Observer) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			to.Observe(int64(w.evidence.Untracked()))
			return nil
		}),
		r.builder.RegisterProcessorCardinalityEvidenceBytesCallback(func(_ context.Context, to metric.Int64Observer) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			to.Observe(int64(w.evidence.Bytes()))
			return nil
		}),
		r.builder.RegisterProcessorCardinalityLabelValuesCallback(func(_ context.Context, to metric.Float64Observer) error {
			if report := w.report.Load(); report != nil {
				showLargest(report, to)
			}
			return nil
		}),
	)
}

// showLargest observes the labels that had the most values in the last hour.
func showLargest(report *evidence.Report, to metric.Float64Observer) {
	largest := slices.Clone(report.Labels)
	slices.SortStableFunc(largest, func(a, b evidence.Label) int { return cmp.Compare(b.Distinct.Hour, a.Distinct.Hour) })
	for _, l := range largest[:min(shownLabels, len(largest))] {
		for _, window := range []struct {
			name   string
			values float64
		}{{"minute", l.Distinct.Minute}, {"hour", l.Distinct.Hour}, {"day", l.Distinct.Day}} {
			to.Observe(window.values, metric.WithAttributeSet(attribute.NewSet(
				attribute.String("metric", l.Metric), attribute.String("label", l.Name), attribute.String("window", window.name))))
		}
	}
}
