package orderedremotewriteexporter

import (
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"
)

const (
	// calm is how long a trouble must be absent before it is news again.
	calm = 10 * time.Second
	// maxConflicts is how many series are named that have two sources.
	maxConflicts = 10
)

// notes writes what a user should know to log and status: once per change of
// state of the exporter as a whole, however many slots and requests see it.
type notes struct {
	log  *zap.Logger
	host component.Host

	mu        sync.Mutex
	troubles  map[string]time.Time // last seen, by kind
	held      int                  // slots
	kinds     map[reason]bool      // of which one metric was named
	conflicts map[*stream]struct{}
}

func newNotes(log *zap.Logger) *notes {
	return &notes{log: log, troubles: map[string]time.Time{}, kinds: map[reason]bool{}, conflicts: map[*stream]struct{}{}}
}

// isNews notes a kind of trouble and tells whether it was absent before.
func (n *notes) isNews(kind string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	last, known := n.troubles[kind]
	now := time.Now()
	n.troubles[kind] = now
	return !known || now.Sub(last) > calm
}

func (n *notes) retrying(a answer) {
	if n.isNews("retry" + a.kind()) {
		n.log.Warn("store does not take requests now; they are sent again", a.fields()...)
	}
}

func (n *notes) gaveUp(why reason, a answer, samples int) {
	if n.isNews(why.String() + a.kind()) {
		n.log.Error("request given up; its samples are dropped",
			append(a.fields(), zap.Stringer("reason", why), zap.Int("samples", samples))...)
	}
}

// delivered forgets troubles that have been absent for some time.
func (n *notes) delivered() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.troubles) == 0 {
		return
	}
	for kind, last := range n.troubles {
		if time.Since(last) > calm {
			delete(n.troubles, kind)
		}
	}
	if len(n.troubles) == 0 {
		n.log.Info("store takes requests again")
	}
}

// hold notes that one more slot holds its data, or one less.
func (n *notes) hold(a answer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !a.held() {
		if n.held--; n.held == 0 {
			n.log.Info("store lets requests in again; nothing is held")
			componentstatus.ReportStatus(n.host, componentstatus.NewEvent(componentstatus.StatusOK))
		}
		return
	}
	if n.held++; n.held == 1 {
		n.log.Error("store does not let requests in; data is held and tried every minute", a.fields()...)
		componentstatus.ReportStatus(n.host, componentstatus.NewRecoverableErrorEvent(
			fmt.Errorf("data is held: the store answered %d: %s", a.status, a.text)))
	}
}

func (n *notes) slotsHeld() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.held
}

// unsupported names the first metric dropped for a reason.
func (n *notes) unsupported(why reason, m pmetric.Metric) {
	if n.kinds[why] {
		return
	}
	n.kinds[why] = true
	n.log.Warn("metrics of this kind are dropped; remote write cannot carry them",
		zap.Stringer("reason", why), zap.String("first", m.Name()), zap.Stringer("type", m.Type()))
}

// conflict names a series that two sources write to.
func (n *notes) conflict(s *stream) {
	if _, named := n.conflicts[s]; named || len(n.conflicts) == maxConflicts {
		return
	}
	n.conflicts[s] = struct{}{}
	labels := make([]string, 0, 16)
	for _, l := range s.Labels() {
		labels = append(labels, fmt.Sprintf("%s=%q", l.Name, l.Value))
	}
	n.log.Warn("two resources or points become one series; the later point is dropped", zap.Strings("series", labels))
}

// kind tells answers apart that mean different things.
func (a answer) kind() string {
	if a.err != nil {
		return "network"
	}
	return fmt.Sprint(a.status)
}

func (a answer) fields() []zap.Field {
	if a.err != nil {
		return []zap.Field{zap.Error(a.err)}
	}
	return []zap.Field{zap.Int("status", a.status), zap.String("body", a.text)}
}
