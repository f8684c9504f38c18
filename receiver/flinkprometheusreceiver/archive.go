package flinkprometheusreceiver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"
)

const (
	// forgetAfter is how long after its last scrape a target is kept in storage.
	forgetAfter = 24 * time.Hour
	// indexKey holds the names of all targets that have records, since not every storage can list its keys.
	indexKey = "targets"
)

// archive is the receiver's part of a storage: the memories of all targets.
type archive struct {
	client storage.Client
	log    *zap.Logger
	now    func() time.Time
}

// openArchive finds the storage extension that the option names.
func openArchive(ctx context.Context, host component.Host, named, id component.ID, log *zap.Logger) (*archive, error) {
	found, ok := host.GetExtensions()[named]
	if !ok {
		return nil, fmt.Errorf("storage: must be an extension that service.extensions lists (got %q)", named)
	}
	extension, ok := found.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: must be a storage extension such as pebblestorage (got %q, which stores nothing)", named)
	}
	client, err := extension.GetClient(ctx, component.KindReceiver, id, "")
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	return &archive{client: client, log: log, now: time.Now}, nil
}

// memory returns the memory of a target.
func (a *archive) memory(t target, fingerprint uint64) *memory {
	name := t.url(nil)
	return &memory{
		client: a.client, log: a.log.With(zap.String("target", t.instance())), name: name, fingerprint: fingerprint, exposed: -1,
	}
}

// enrol adds targets to the index and removes those that nobody has scraped for a day. Storage that fails here costs
// the removal, not the scrapes.
func (a *archive) enrol(ctx context.Context, targets []target) {
	index, err := a.client.Get(ctx, indexKey)
	if err != nil {
		a.log.Warn("cannot read which targets are stored", zap.Error(err))
		return
	}
	var names []string
	for _, t := range targets {
		names = append(names, t.url(nil))
	}
	var ops []*storage.Operation
	for name := range strings.Lines(string(index)) {
		name = strings.TrimSuffix(name, "\n")
		switch m := (&memory{client: a.client, name: name}); {
		case slices.Contains(names, name):
		case m.isOld(ctx, a.now()):
			ops = append(ops, storage.DeleteOperation(m.layoutKey()), storage.DeleteOperation(m.valuesKey()))
		default:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	ops = append(ops, storage.SetOperation(indexKey, []byte(strings.Join(names, "\n")+"\n")))
	if err := a.client.Batch(ctx, ops...); err != nil {
		a.log.Warn("cannot store which targets are stored", zap.Error(err))
	}
}

// isOld tells whether the target was scraped last before forgetAfter, or what is stored of it cannot be read.
func (m *memory) isOld(ctx context.Context, now time.Time) bool {
	values, err := m.client.Get(ctx, m.valuesKey())
	if err != nil {
		return false
	}
	body, err := checked(values, valuesHeadSize)
	if err != nil {
		return true
	}
	at := pcommon.Timestamp(order.Uint64(body[headSize+16:]))
	return at.AsTime().Add(forgetAfter).Before(now)
}
