package pebblestorage

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// maxBatch bounds the bytes of keys and values that one operation may write.
const maxBatch = 1 << 30

// client is the part of the database that one component sees. Its operations may be called at the same time. Apart
// from Walk they do not heed their context: what a component saves while it is shut down must not get lost.
type client struct {
	store  *store
	owner  string // for messages
	prefix []byte
	closed atomic.Bool
}

var (
	_ storage.Client = (*client)(nil)
	_ storage.Walker = (*client)(nil)
)

func newClient(s *store, kind component.Kind, id component.ID, name string) *client {
	owner := fmt.Sprintf("%s %s", kind, id)
	if name != "" {
		owner += " (" + name + ")"
	}
	return &client{store: s, owner: owner, prefix: prefixOf(kind, id, name)}
}

// Get returns the value of a key, or nil if there is none. The value is the caller's own.
func (c *client) Get(_ context.Context, key string) (value []byte, err error) {
	err = c.do(opGet, func(db *pebble.DB) error {
		value, err = c.get(db, key)
		return err
	})
	return value, err
}

// Set stores a value.
func (c *client) Set(_ context.Context, key string, value []byte) error {
	return c.do(opSet, func(db *pebble.DB) error {
		return c.run(db, []*storage.Operation{storage.SetOperation(key, value)})
	})
}

// Delete removes a key, if it is there.
func (c *client) Delete(_ context.Context, key string) error {
	return c.do(opDelete, func(db *pebble.DB) error {
		return c.run(db, []*storage.Operation{storage.DeleteOperation(key)})
	})
}

// Batch carries out the operations in their order: a get sees what operations before it set. All that they write is
// written, or nothing.
func (c *client) Batch(_ context.Context, ops ...*storage.Operation) error {
	return c.do(opBatch, func(db *pebble.DB) error { return c.run(db, ops) })
}

// Walk calls fn for all entries as they are when it begins, in the order of their keys. The operations that fn returns
// are carried out at the end as one batch, over whatever others wrote meanwhile.
func (c *client) Walk(ctx context.Context, fn storage.WalkFunc) error {
	return c.do(opWalk, func(db *pebble.DB) error {
		ops, err := c.visit(ctx, db, fn)
		if err != nil {
			return err
		}
		return c.run(db, ops)
	})
}

// Close ends the use of this client. The database stays open for others.
func (c *client) Close(context.Context) error {
	c.closed.Store(true)
	return nil
}

func (c *client) do(op operation, f func(*pebble.DB) error) error {
	err := fmt.Errorf("storage of %s: the client is closed", c.owner)
	if !c.closed.Load() {
		if err = c.store.use(f); err != nil {
			err = fmt.Errorf("storage of %s: %w", c.owner, err)
		}
	}
	c.store.counts.add(op, err)
	return err
}

func (c *client) key(key string) []byte {
	return append(append(make([]byte, 0, len(c.prefix)+len(key)), c.prefix...), key...)
}

func (c *client) get(from pebble.Reader, key string) ([]byte, error) {
	found, closer, err := from.Get(c.key(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	value := append(make([]byte, 0, len(found)), found...)
	return value, closer.Close()
}

// run carries out operations as one batch.
func (c *client) run(db *pebble.DB, ops []*storage.Operation) error {
	written, added, freed := weigh(ops)
	if written > maxBatch {
		return fmt.Errorf("an operation may write %d bytes at most (got %d)", maxBatch, written)
	}
	if err := c.store.room.admit(added, freed); err != nil {
		return err
	}
	batch := newBatch(db, ops)
	defer batch.Close()
	for _, op := range ops {
		if err := c.stage(batch, op); err != nil {
			return err
		}
	}
	// Pebble then returns when the log was written and disk.go has let the sync pass.
	return batch.Commit(pebble.Sync)
}

// stage reads a get, or adds a set or deletion to the batch.
func (c *client) stage(batch *pebble.Batch, op *storage.Operation) (err error) {
	switch op.Type {
	case storage.Get:
		op.Value, err = c.get(batch, op.Key)
		return err
	case storage.Set:
		return batch.Set(c.key(op.Key), op.Value, nil)
	case storage.Delete:
		return batch.Delete(c.key(op.Key), nil)
	default:
		return fmt.Errorf("operation type must be get, set or delete (got %d)", op.Type)
	}
}

// newBatch returns an empty batch. Only one in which gets follow writes pays for an index of its own writes.
func newBatch(db *pebble.DB, ops []*storage.Operation) *pebble.Batch {
	for _, op := range ops {
		if op.Type == storage.Get {
			return db.NewIndexedBatch()
		}
	}
	return db.NewBatch()
}

// weigh returns the bytes that operations write, those of values they set, and whether they also delete.
func weigh(ops []*storage.Operation) (written, added int64, freed bool) {
	for _, op := range ops {
		switch op.Type {
		case storage.Set:
			added += int64(len(op.Key) + len(op.Value))
		case storage.Delete:
			freed = true
			written += int64(len(op.Key))
		}
	}
	return written + added, added, freed
}

// visit calls fn for the entries of a snapshot and collects what it returns.
func (c *client) visit(ctx context.Context, db *pebble.DB, fn storage.WalkFunc) (ops []*storage.Operation, err error) {
	// An iterator is a snapshot of the time it is made.
	iter, err := db.NewIter(&pebble.IterOptions{LowerBound: c.prefix, UpperBound: after(c.prefix)})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, iter.Close()) }()
	for iter.First(); iter.Valid(); iter.Next() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		value, err := iter.ValueAndErr()
		if err != nil {
			return nil, err
		}
		more, err := fn(string(iter.Key()[len(c.prefix):]), value)
		if err != nil && !errors.Is(err, storage.SkipAll) {
			return nil, err
		}
		ops = append(ops, more...)
		if err != nil {
			return ops, nil
		}
	}
	return ops, iter.Error()
}
