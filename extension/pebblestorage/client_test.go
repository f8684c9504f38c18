package pebblestorage

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"pgregory.net/rapid"
)

func TestGetSetDelete(t *testing.T) {
	c := started(t, t.TempDir(), nil).client(t, "")
	got, err := c.Get(ctx, "a")
	require.NoError(t, err)
	assert.Nil(t, got, "not found is no error")
	require.NoError(t, c.Delete(ctx, "a"))
	require.NoError(t, c.Set(ctx, "a", []byte("1")))
	require.NoError(t, c.Set(ctx, "a", []byte("2")))
	require.NoError(t, c.Set(ctx, "empty", nil))
	require.NoError(t, c.Set(ctx, "", []byte("no key")))
	got, err = c.Get(ctx, "a")
	require.NoError(t, err)
	assert.Equal(t, "2", string(got))
	got[0] = 'x'
	again, err := c.Get(ctx, "a")
	require.NoError(t, err)
	assert.Equal(t, "2", string(again), "the value is the caller's own")
	empty, err := c.Get(ctx, "empty")
	require.NoError(t, err)
	assert.NotNil(t, empty, "an empty value is a value")
	require.NoError(t, c.Delete(ctx, "a"))
	assert.Equal(t, map[string]string{"empty": "", "": "no key"}, entries(t, c))
}

func TestBatchIsCarriedOutInOrderAndWhole(t *testing.T) {
	c := started(t, t.TempDir(), nil).client(t, "")
	require.NoError(t, c.Set(ctx, "a", []byte("1")))
	ops := []*storage.Operation{
		storage.GetOperation("a"), storage.SetOperation("a", []byte("2")), storage.GetOperation("a"),
		storage.DeleteOperation("a"), storage.GetOperation("a"), storage.SetOperation("b", []byte("3")), storage.GetOperation("none"),
	}
	require.NoError(t, c.Batch(ctx, ops...))
	assert.Equal(t, "1", string(ops[0].Value))
	assert.Equal(t, "2", string(ops[2].Value))
	assert.Nil(t, ops[4].Value)
	assert.Nil(t, ops[6].Value)
	assert.Equal(t, map[string]string{"b": "3"}, entries(t, c))

	err := c.Batch(ctx, storage.SetOperation("c", nil), &storage.Operation{Type: 7, Key: "d"})
	require.EqualError(t, err, "storage of Receiver flinkprometheus/a: operation type must be get, set or delete (got 7)")
	assert.Equal(t, map[string]string{"b": "3"}, entries(t, c), "nothing of it")
	require.NoError(t, c.Batch(ctx))
}

func TestWalk(t *testing.T) {
	r := started(t, t.TempDir(), nil)
	c := r.client(t, "")
	other := r.client(t, "other")
	require.NoError(t, other.Set(ctx, "x", nil))
	fill := func() {
		for i := range 4 {
			require.NoError(t, c.Set(ctx, fmt.Sprint(i), []byte{byte(i)}))
		}
	}
	remove := func(key string) []*storage.Operation {
		return []*storage.Operation{storage.DeleteOperation(key), storage.SetOperation("seen"+key, nil)}
	}
	walk := c.(storage.Walker).Walk

	fill()
	var keys []string
	get := storage.GetOperation("0")
	require.NoError(t, walk(ctx, func(key string, value []byte) ([]*storage.Operation, error) {
		keys = append(keys, key)
		require.NoError(t, c.Set(ctx, "late"+key, nil), "which the walk does not see")
		return append(remove(key), get), nil
	}))
	assert.Equal(t, []string{"0", "1", "2", "3"}, keys)
	assert.Nil(t, get.Value, "gets of the operations come in their order too")
	assert.Len(t, entries(t, c), 8)

	require.NoError(t, walk(ctx, func(key string, _ []byte) ([]*storage.Operation, error) {
		return []*storage.Operation{storage.DeleteOperation(key)}, nil
	}))
	assert.Empty(t, entries(t, c))
	fill()
	require.NoError(t, walk(ctx, func(key string, _ []byte) ([]*storage.Operation, error) {
		if key == "1" {
			return remove(key), storage.SkipAll
		}
		return remove(key), nil
	}))
	assert.Equal(t, map[string]string{"2": "\x02", "3": "\x03", "seen0": "", "seen1": ""}, entries(t, c))
	stop := errors.New("stop")
	require.ErrorIs(t, walk(ctx, func(key string, _ []byte) ([]*storage.Operation, error) {
		if key == "3" {
			return nil, stop
		}
		return remove(key), nil
	}), stop)
	assert.Len(t, entries(t, c), 4, "an error leaves everything as it was")
	assert.Len(t, entries(t, other), 1)
}

func TestClosedClientsAndClosedStorageGiveErrors(t *testing.T) {
	r := started(t, t.TempDir(), nil)
	closed, late := r.client(t, "queue"), r.client(t, "")
	require.NoError(t, closed.Close(ctx))
	require.NoError(t, closed.Close(ctx))
	for _, err := range all(closed) {
		require.EqualError(t, err, "storage of Receiver flinkprometheus/a (queue): the client is closed")
	}
	require.NoError(t, late.Set(ctx, "a", nil), "others go on")
	require.NoError(t, r.Shutdown(ctx))
	require.NoError(t, r.Shutdown(ctx))
	for _, err := range all(late) {
		require.EqualError(t, err, "storage of Receiver flinkprometheus/a: the storage is not open: it was not started, or it was shut down")
	}
	require.NoError(t, late.Close(ctx))
	_, err := r.GetClient(ctx, component.KindReceiver, receiver, "")
	require.ErrorIs(t, err, errNotOpen)
}

// all tries each operation.
func all(c storage.Client) []error {
	_, err := c.Get(ctx, "a")
	return []error{
		err, c.Set(ctx, "a", nil), c.Delete(ctx, "a"), c.Batch(ctx, storage.GetOperation("a")),
		c.(storage.Walker).Walk(ctx, func(string, []byte) ([]*storage.Operation, error) { return nil, nil }),
	}
}

func TestClientsOfOneNameShareAndOthersDoNot(t *testing.T) {
	r := started(t, t.TempDir(), nil)
	get := func(kind component.Kind, id, name string) storage.Client {
		var parsed component.ID
		require.NoError(t, parsed.UnmarshalText([]byte(id)))
		c, err := r.GetClient(ctx, kind, parsed, name)
		require.NoError(t, err)
		return c
	}
	clients := []storage.Client{
		get(component.KindReceiver, "a", ""), get(component.KindExporter, "a", ""), get(component.KindReceiver, "a/b", ""),
		get(component.KindReceiver, "a", "b"), get(component.KindReceiver, "a", "bk"), get(component.KindReceiver, "a/b", "\x01"),
	}
	for i, c := range clients {
		require.NoError(t, c.Set(ctx, "k", []byte{byte(i)}))
	}
	for i, c := range clients {
		assert.Equal(t, map[string]string{"k": string(rune(i))}, entries(t, c))
	}
	assert.Equal(t, map[string]string{"k": "\x03"}, entries(t, get(component.KindReceiver, "a", "b")))
}

// FuzzKeysOfTwoClientsNeverMeet: other owners, or another key, give another key of the database, and a client's keys lie
// within the bounds of its walk, where no other's do.
func FuzzKeysOfTwoClientsNeverMeet(f *testing.F) {
	f.Add("", "", "", "")
	f.Add("a", "bc", "ab", "c")
	f.Add("\x00", "\x01\x00", "\xff", "\xff\xff")
	f.Add("a", "\x01b", "a\x01", "b")
	f.Add(strings.Repeat("x", 300), "k", strings.Repeat("x", 128), "k")
	f.Fuzz(func(t *testing.T, nameA, keyA, nameB, keyB string) {
		a := &client{prefix: prefixOf(component.KindReceiver, receiver, nameA)}
		b := &client{prefix: prefixOf(component.KindReceiver, receiver, nameB)}
		fullA, fullB := string(a.key(keyA)), string(b.key(keyB))
		same := nameA == nameB && keyA == keyB
		require.Equal(t, same, fullA == fullB)
		require.True(t, string(a.prefix) <= fullA && fullA < string(after(a.prefix)))
		if nameA != nameB {
			require.False(t, string(a.prefix) <= fullB && fullB < string(after(a.prefix)))
		}
		require.NotEqual(t, version[0], fullA[0])
	})
}

// TestStorageLaw: clients behave like maps of their own, whatever is done in which order, and through restarts.
func TestStorageLaw(t *testing.T) {
	base := t.TempDir()
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		directory := fmt.Sprint(base, "/", round)
		r := newRig(t, directory, nil)
		require.NoError(t, r.Start(ctx, r.host))
		defer func() { require.NoError(t, r.Shutdown(ctx)) }()
		want := map[string]map[string]string{"": {}, "b": {}}
		key := rapid.SampledFrom([]string{"", "a", "b", "ba", "\xff", "\x00"})
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			name := rapid.SampledFrom([]string{"", "b"}).Draw(t, "client")
			model, c := want[name], r.client(t, name)
			switch rapid.SampledFrom([]string{"batch", "batch", "batch", "walk", "restart"}).Draw(t, "step") {
			case "batch":
				ops, gets := drawOps(t, key, model)
				require.NoError(t, c.Batch(ctx, ops...))
				for op, value := range gets {
					require.Equal(t, value, string(op.Value))
				}
			case "walk":
				require.Equal(t, model, entries(t, c))
			case "restart":
				require.NoError(t, r.Shutdown(ctx))
				require.NoError(t, r.Start(ctx, r.host))
			}
		}
	})
}

// drawOps draws a batch and applies it to the model. It returns what the gets must find.
func drawOps(t *rapid.T, key *rapid.Generator[string], model map[string]string) ([]*storage.Operation, map[*storage.Operation]string) {
	var ops []*storage.Operation
	gets := map[*storage.Operation]string{}
	for i := range rapid.IntRange(0, 6).Draw(t, "ops") {
		k := key.Draw(t, "key")
		switch rapid.IntRange(0, 2).Draw(t, "type") {
		case 0:
			op := storage.GetOperation(k)
			gets[op] = model[k]
			ops = append(ops, op)
		case 1:
			model[k] = fmt.Sprint(i)
			ops = append(ops, storage.SetOperation(k, []byte(model[k])))
		case 2:
			delete(model, k)
			ops = append(ops, storage.DeleteOperation(k))
		}
	}
	return ops, gets
}

func TestManyAtOnce(t *testing.T) {
	r := started(t, t.TempDir(), func(c *Config) { c.Fsync = "always" })
	var all sync.WaitGroup
	want := map[string]string{}
	for i := range 8 {
		c := r.client(t, fmt.Sprint(i))
		all.Go(func() {
			for n := range 50 {
				assert.NoError(t, c.Set(ctx, fmt.Sprint(n), []byte(fmt.Sprint(i))))
			}
		})
	}
	all.Wait()
	for n := range 50 {
		want[fmt.Sprint(n)] = "7"
	}
	assert.Equal(t, want, maps.Clone(entries(t, r.client(t, "7"))))
}
