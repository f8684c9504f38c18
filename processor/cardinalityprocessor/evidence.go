package cardinalityprocessor

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/evidence"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// resourceMetric is the metric under which attributes of resources are measured, once for each resource of a call.
const resourceMetric = ""

// witness measures what values the labels of metrics have, as they arrive. It decides nothing.
type witness struct {
	config   evidence.Config
	detector *detect.Detector

	mu       sync.Mutex // guards what follows; nobody holds it for longer than one label or one save takes
	evidence *evidence.Evidence
	digits   []byte // of numbers
	origin   origin // of the labels that are looked at

	report atomic.Pointer[evidence.Report] // the last one
}

// newWitness returns a witness of the configuration, nil if it is off.
func newWitness(cfg *LearnConfig) *witness {
	if cfg.Mode != LearnObserve {
		return nil
	}
	w := &witness{
		config:   evidence.Config{MaxLabels: cfg.MaxLabels, MaxRemembered: cfg.MaxRememberedValues},
		detector: detect.New(),
	}
	w.evidence = evidence.New(w.config)
	return w
}

// observe measures the metrics of a call. They have the names that rules see, and their labels as they arrived.
func (w *witness) observe(md pmetric.Metrics, set *rules.Set, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.evidence.Advance(now)
	resources := w.evidence.Metric(resourceMetric)
	for _, rm := range md.ResourceMetrics().All() {
		w.origin = origin{rules: set, resource: rm.Resource().Attributes(), point: noAttributes}
		w.attributes(resources, w.origin.resource)
		for _, sm := range rm.ScopeMetrics().All() {
			metrics := sm.Metrics()
			for i := range metrics.Len() {
				w.metric(metrics.At(i))
			}
		}
	}
	w.origin = origin{} // md belongs to others
}

func (w *witness) metric(m pmetric.Metric) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		observePoints(w, m, m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		observePoints(w, m, m.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		observePoints(w, m, m.Histogram().DataPoints())
	case pmetric.MetricTypeExponentialHistogram:
		observePoints(w, m, m.ExponentialHistogram().DataPoints())
	case pmetric.MetricTypeSummary:
		observePoints(w, m, m.Summary().DataPoints())
	}
}

// observePoints looks the metric up at the first point that has attributes; most of Flink's have none.
func observePoints[S points[P], P point[P]](w *witness, m pmetric.Metric, s S) {
	var into *evidence.Metric
	for i := range s.Len() {
		attrs := s.At(i).Attributes()
		if attrs.Len() == 0 {
			continue
		}
		if into == nil {
			w.origin.metric = m.Name()
			into = w.evidence.Metric(w.origin.metric)
		}
		w.origin.point = attrs
		w.attributes(into, attrs)
	}
}

func (w *witness) attributes(into *evidence.Metric, attrs pcommon.Map) {
	at := 0
	for key, value := range attrs.All() {
		if into.Observe(at, key, w.hash(value)) {
			into.Show(w.text(key, value.AsString()))
		}
		at++
	}
}

// origin is where a label stands.
type origin struct {
	rules           *rules.Set
	metric          string
	resource, point pcommon.Map
}

var noAttributes = pcommon.NewMap()

// text is what is shown and saved of a value. What rules make unreadable is as they leave it, and no personal data and
// no secret remains.
func (w *witness) text(key, value string) string {
	from := &w.origin
	switch v := from.rules.Explain(from.metric, key, value, from.resource, from.point); v.Action {
	case rules.Redact, rules.Hash, rules.Template:
		value = v.Value
	default:
		value = v.Shown
	}
	return detect.Redact(value, w.detector.Scan(key, value, nil), detect.Sensitive)
}

// hash is that of the value's text, in every process.
func (w *witness) hash(value pcommon.Value) uint64 {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		return xxhash.Sum64String(value.Str())
	case pcommon.ValueTypeInt:
		w.digits = strconv.AppendInt(w.digits[:0], value.Int(), 10)
		return xxhash.Sum64(w.digits)
	default:
		return xxhash.Sum64String(value.AsString())
	}
}

// makeReport reads label after label, so that calls never wait for all of them.
func (w *witness) makeReport(now time.Time) *evidence.Report {
	w.mu.Lock()
	w.evidence.Advance(now)
	keys := w.evidence.Keys()
	r := &evidence.Report{At: now.UTC(), Labels: make([]evidence.Label, 0, len(keys)), Untracked: w.evidence.Untracked()}
	w.mu.Unlock()
	for _, key := range keys {
		w.mu.Lock()
		label, tracked := w.evidence.Label(key)
		w.mu.Unlock()
		if tracked {
			r.Labels = append(r.Labels, label)
		}
	}
	w.report.Store(r)
	return r
}

// evidenceInterval is how often evidence is saved, which holds up calls for some milliseconds.
const evidenceInterval = 5 * time.Minute

// version, save and load are for the attic.
func (w *witness) version() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.evidence.Observations()
}

func (w *witness) save() ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.evidence.Save(), nil
}

func (w *witness) load(saved []byte) error {
	loaded, err := evidence.Load(w.config, saved)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.evidence = loaded
	return nil
}
