package pebblestorage

import (
	"fmt"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

const (
	// spare is what must stay free in the file system: a disk that is full in the middle of a compaction or of the
	// log would be the end of the database, so writes are refused before.
	spare = 64 << 20
	// note is what an operation that deletes may set when there is no room: queues note what they have removed.
	note = 64 << 10
	// lookEvery bounds how often a full database is looked at anew.
	lookEvery = 100 * time.Millisecond
)

// room knows how much disk the database takes and may take, in bytes.
type room struct {
	directory string
	max       int64
	available func(directory string) (vfs.DiskUsage, error)
	refused   chan struct{} // holds a value when a write was refused

	mu     sync.Mutex
	db     *pebble.DB
	used   int64 // at the last look
	since  int64 // written since
	free   int64 // in the file system, at the last look
	looked time.Time
}

func newRoom(cfg *Config) *room {
	return &room{
		directory: cfg.Directory, max: int64(cfg.MaxSizeMiB) << 20, available: vfs.Default.GetDiskUsage, refused: make(chan struct{}, 1),
	}
}

// admit takes room for added bytes, or refuses them. Deletions are never refused: they make room.
func (r *room) admit(added int64, freed bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if added > 0 && !(freed && added <= note) {
		if r.lacks(added) && time.Since(r.looked) > lookEvery {
			r.lookLocked()
		}
		if r.lacks(added) {
			return r.refuse(added)
		}
	}
	r.since += added
	return nil
}

func (r *room) lacks(added int64) bool {
	return r.used+r.since+added > r.max || r.free-r.since-added < spare
}

// refuse asks for deletions to be made good, and says why there is no room.
func (r *room) refuse(added int64) error {
	select {
	case r.refused <- struct{}{}:
	default:
	}
	if r.used+r.since+added > r.max {
		return fmt.Errorf("max_size_mib: %d MiB of %d are taken: %w", (r.used+r.since)>>20, r.max>>20, storage.ErrStorageFull)
	}
	return fmt.Errorf("the file system of directory %q has only %d MiB left: %w", r.directory, r.free>>20, storage.ErrStorageFull)
}

// look measures what is taken.
func (r *room) look(db *pebble.DB) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.db = db
	r.lookLocked()
}

func (r *room) lookLocked() {
	r.used, r.since, r.looked = int64(r.db.Metrics().DiskSpaceUsage()), 0, time.Now()
	if usage, err := r.available(r.directory); err == nil {
		r.free = int64(usage.AvailBytes)
	}
}

// size returns the bytes that the database takes.
func (r *room) size() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used + r.since
}
