package keeper

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"weir.example/internal/seglog"
)

// snapshots knows where in the log the newest snapshot on disk ends.
type snapshots struct {
	mu     sync.Mutex // one snapshot at a time; taken before Options.Lock
	newest seglog.Position
	bytes  int64 // its size
	last   atomic.Pointer[SnapshotStats]
}

// SnapshotStats describes a snapshot.
type SnapshotStats struct {
	At     time.Time
	Bytes  int64
	Paused time.Duration // how long Options.Lock was held
	Took   time.Duration
}

// Snapshot saves the state when the log has grown enough since the last one, or when a Force failed, and removes what
// of the log no snapshot needs: the one before this is kept, with the log behind it, in case this one is damaged.
// Callers wait only while the state is encoded into memory. After an error the earlier snapshots and the log stand.
func (k *Keeper) Snapshot() error {
	s := &k.snapshots
	s.mu.Lock()
	defer s.mu.Unlock()
	if k.closing.Load() {
		return seglog.ErrClosed
	}
	if !k.due() {
		return nil
	}
	unforced := k.unforced.Swap(false)
	err := k.save()
	if err != nil && unforced {
		k.unforced.Store(true)
	}
	return err
}

// due tells whether it is time for a snapshot.
func (k *Keeper) due() bool {
	if k.unforced.Load() {
		return true
	}
	k.options.Lock.Lock()
	defer k.options.Lock.Unlock()
	return k.grown > max(k.options.SnapshotBytes, k.snapshots.bytes)
}

func (k *Keeper) save() error {
	s := &k.snapshots
	began := time.Now()
	state, err := k.encode()
	if err != nil {
		return fmt.Errorf("saving the state: %w", err)
	}
	if err := k.log.SaveSnapshot(func(w io.Writer) error { return k.write(w, &state.content) }); err != nil {
		return fmt.Errorf("writing a snapshot: %w", err)
	}
	k.options.Lock.Lock()
	k.grown -= state.grown
	k.options.Lock.Unlock()
	older := s.newest
	s.newest, s.bytes = state.end, state.content.size
	s.last.Store(&SnapshotStats{At: began, Bytes: s.bytes, Paused: state.paused, Took: time.Since(began)})
	if err := k.log.Truncate(older); err != nil {
		return fmt.Errorf("shortening the log: %w", err)
	}
	return nil
}

// write gives up when the keeper is being closed: the log holds it all.
func (k *Keeper) write(w io.Writer, content *chunks) error {
	for _, chunk := range content.all {
		if k.closing.Load() {
			return seglog.ErrClosed
		}
		if _, err := w.Write(chunk); err != nil {
			return err
		}
	}
	return nil
}

// LastSnapshot describes the last snapshot of this life; ok is false when there is none.
func (k *Keeper) LastSnapshot() (last SnapshotStats, ok bool) {
	if p := k.snapshots.last.Load(); p != nil {
		return *p, true
	}
	return SnapshotStats{}, false
}

// encoded is the state at one moment.
type encoded struct {
	content chunks
	end     seglog.Position // of the log
	grown   int64
	paused  time.Duration
}

// encode holds the lock, and nothing waits for a disk meanwhile.
func (k *Keeper) encode() (*encoded, error) {
	k.options.Lock.Lock()
	defer k.options.Lock.Unlock()
	began := time.Now()
	state := &encoded{end: k.end, grown: k.grown}
	state.content.write(binary.LittleEndian.AppendUint64(nil, k.next))
	for _, kind := range slices.Sorted(maps.Keys(k.machines)) {
		var section chunks
		if err := k.machines[kind].Save(&section); err != nil {
			return nil, err
		}
		state.content.write(binary.LittleEndian.AppendUint64([]byte{kind}, uint64(section.size)))
		state.content.take(&section)
	}
	state.paused = time.Since(began)
	return state, nil
}

// loadSnapshot is given a snapshot whose checksum was found right.
func (k *Keeper) loadSnapshot(r io.Reader) error {
	var number [numberBytes]byte
	if _, err := io.ReadFull(r, number[:]); err != nil {
		return lossf("a snapshot without a number")
	}
	k.next = binary.LittleEndian.Uint64(number[:])
	k.snapshots.bytes = numberBytes
	for {
		var head [9]byte
		if _, err := io.ReadFull(r, head[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return lossf("a snapshot that ends early")
		}
		kind, length := head[0], int64(binary.LittleEndian.Uint64(head[1:]))
		machine := k.machines[kind]
		if machine == nil {
			return lossf("a snapshot of kind %d, which is unknown", kind)
		}
		section := io.LimitReader(r, length)
		if err := machine.Load(section); err != nil {
			return lossf("a snapshot that cannot be loaded: %v", err)
		}
		if _, err := io.Copy(io.Discard, section); err != nil {
			return err
		}
		k.snapshots.bytes += int64(len(head)) + length
	}
}

// chunks is a buffer that grows without copying what it holds.
type chunks struct {
	all  [][]byte
	size int64
}

const chunkBytes = 1 << 20

// Write implements io.Writer; it never fails.
func (c *chunks) Write(p []byte) (int, error) {
	c.write(p)
	return len(p), nil
}

func (c *chunks) write(p []byte) {
	c.size += int64(len(p))
	for len(p) > 0 {
		last := len(c.all) - 1
		if last < 0 || len(c.all[last]) == cap(c.all[last]) {
			c.all = append(c.all, make([]byte, 0, chunkBytes))
			last++
		}
		room := min(len(p), cap(c.all[last])-len(c.all[last]))
		c.all[last] = append(c.all[last], p[:room]...)
		p = p[room:]
	}
}

// take appends what other holds.
func (c *chunks) take(other *chunks) {
	c.all = append(c.all, other.all...)
	c.size += other.size
}
