package orderedremotewriteexporter

import (
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"
)

const (
	// calm is how long a trouble must be absent before it is news again.
	calm = 10 * time.Second
	// calmTenants is the same for tenants, which may write once in minutes.
	calmTenants = 10 * time.Minute
	// maxConflicts is how many series are named that have two sources.
	maxConflicts = 10
)

// notes writes what a user should know to log and status: once per change of
// state of the exporter as a whole, however many slots and requests see it.
type notes struct {
	log        *zap.Logger
	health     *health
	failAction string

	mu        sync.Mutex
	troubles  map[string]time.Time // last seen, by kind
	held      int                  // slots
	kinds     map[reason]bool      // of which one metric was named
	conflicts map[*stream]struct{}
	refusals  map[reason]time.Time // last seen, of tenants
}

func newNotes(log *zap.Logger, health *health, failAction string) *notes {
	return &notes{log: log, health: health, failAction: failAction, troubles: map[string]time.Time{}, kinds: map[reason]bool{}, conflicts: map[*stream]struct{}{}, refusals: map[reason]time.Time{}}
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

// full notes that the oldest data gives way to new.
func (n *notes) full(samples int) {
	if n.isNews(walFull.String()) {
		n.log.Error("the log is full; the oldest samples are dropped", zap.Int("samples", samples))
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

// hold notes that one more slot holds its data.
func (n *notes) hold(why reason, a answer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.held++; n.held > 1 {
		return
	}
	err := fmt.Errorf("data is held (%s): %w", why, a.asError())
	fields := append(a.fields(), zap.Stringer("reason", why))
	if n.failAction == shutdown {
		n.log.Error("on_error says fail: the process is to end", fields...)
		n.health.fatal(err)
		return
	}
	n.log.Error("on_error says fail: data is held and tried every minute", fields...)
	n.health.begin(dataHeld, err)
}

// release notes that one slot less holds its data.
func (n *notes) release() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.held--; n.held == 0 {
		n.log.Info("nothing is held any more")
		n.health.end(dataHeld)
	}
}

// fellBack names the formats a store does not and does take.
func (n *notes) fellBack(from, to format, a answer) {
	n.log.Warn("store does not take this format; the same samples go in another, this one is tried again in an hour",
		append(a.fields(), zap.Stringer("format", from), zap.Stringer("now", to))...)
}

func (n *notes) tookBetter(f format) {
	n.log.Info("store takes a better format now", zap.Stringer("format", f))
}

// incomplete notes that a store took a request without all that is in it.
func (n *notes) incomplete(a answer, samples int) {
	if n.isNews(partial.String()) {
		n.log.Error("store wrote a request in part; the rest is dropped", append(a.fields(), zap.Int("samples", samples))...)
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

// refusedTenant names the first tenant of those whose samples are dropped, again only
// when there was none for some time. exporter.mu is held.
func (n *notes) refusedTenant(why reason, tenant string) {
	last, known := n.refusals[why]
	now := time.Now()
	n.refusals[why] = now
	if known && now.Sub(last) < calmTenants {
		return
	}
	n.log.Error("samples of a tenant are dropped", zap.Stringer("reason", why),
		zap.String("first", tenant[:min(len(tenant), maxTenantBytes)]), zap.String("allowed", tenantRule))
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

func (a answer) asError() error {
	if a.err != nil {
		return a.err
	}
	return fmt.Errorf("the store answered %d: %s", a.status, a.text)
}

func (a answer) fields() []zap.Field {
	fields := []zap.Field{zap.Int("status", a.status), zap.String("body", a.text)}
	if a.err != nil {
		fields = []zap.Field{zap.Error(a.err)}
	}
	if a.tenant != "" {
		fields = append(fields, zap.String("tenant", a.tenant))
	}
	return fields
}
