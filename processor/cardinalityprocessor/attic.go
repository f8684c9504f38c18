package cardinalityprocessor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

const (
	// atticName is the client of the storage extension that holds what is cold.
	atticName = "attic"
	// atticInterval is how often it is looked whether something is to be saved.
	atticInterval = 10 * time.Second
	// asideSuffix marks what could not be read.
	asideSuffix = ".aside"
)

// attic keeps what was learned, each thing as one value of the storage extension. What is lost with it has to be learned
// anew; no total depends on it, so it needs no log.
type attic struct {
	client storage.Client
	log    *zap.Logger
	things []*thing
}

// thing is something that was learned.
type thing struct {
	name    string
	save    func() ([]byte, error)
	load    func([]byte) error
	version func() uint64 // grows when there is something to save
	every   time.Duration // at most; as much is learned anew after a crash

	stored uint64 // version that is stored
	due    time.Time
}

// openAttic loads the things from the storage extension. What cannot be read is set aside, and its thing begins anew.
func openAttic(ctx context.Context, host component.Host, named, id component.ID, log *zap.Logger, things []*thing) (*attic, error) {
	extension, ok := host.GetExtensions()[named].(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: %q stores no values (allowed: an extension that does, such as pebblestorage)", named)
	}
	client, err := extension.GetClient(ctx, component.KindProcessor, id, atticName)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	a := &attic{client: client, log: log, things: things}
	for _, t := range things {
		if err := a.load(ctx, t); err != nil {
			return nil, errors.Join(fmt.Errorf("storage: reading %q: %w", t.name, err), client.Close(ctx))
		}
	}
	return a, nil
}

func (a *attic) load(ctx context.Context, t *thing) error {
	stored, err := a.client.Get(ctx, t.name)
	if err != nil || stored == nil {
		return err
	}
	if err := t.load(stored); err != nil {
		a.log.Warn("what was learned cannot be read; it is set aside and learned anew",
			zap.String("what", t.name), zap.String("set_aside_as", t.name+asideSuffix), zap.Error(err))
		return a.client.Batch(ctx, storage.SetOperation(t.name+asideSuffix, stored), storage.DeleteOperation(t.name))
	}
	t.stored = t.version()
	return nil
}

// save stores what changed and is due, or all that changed.
func (a *attic) save(ctx context.Context, now time.Time, all bool) error {
	var faults []error
	for _, t := range a.things {
		version := t.version() // before saving: what is learned meanwhile makes it old
		if version == t.stored || now.Before(t.due) && !all {
			continue
		}
		value, err := t.save()
		if err == nil {
			err = a.client.Set(ctx, t.name, value)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", t.name, err))
			continue
		}
		t.stored, t.due = version, now.Add(t.every)
	}
	return errors.Join(faults...)
}

// learned are the things that the attic keeps.
func (c *core) learned() []*thing {
	things := []*thing{{
		name: "templates", save: c.reader.Save, load: c.reader.Load, version: c.reader.Generation,
		every: atticInterval, stored: c.reader.Generation(),
	}}
	if w := c.witness; w != nil {
		things = append(things, &thing{
			name: "evidence", save: w.save, load: w.load, version: w.version, every: evidenceInterval, due: c.now().Add(evidenceInterval),
		})
	}
	return things
}

// runAttic saves now and then until ctx ends, and once more then, for the next life.
func (c *core) runAttic(ctx context.Context) {
	for pause(ctx, atticInterval) {
		c.fillAttic(false)
	}
	c.fillAttic(true)
}

func (c *core) fillAttic(all bool) {
	if err := c.attic.save(context.Background(), c.now(), all); err != nil {
		c.health.begin(atticFault, err)
	} else {
		c.health.end(atticFault)
	}
}
