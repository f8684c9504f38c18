package keeper

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"weir.example/internal/seglog"
)

// format is the version of records and snapshots, those of the machines included: it grows with any of them.
const format = 1

// numberBytes is what a record begins with.
const numberBytes = 8

// Machine is a state that depends on nothing but what it was given, in that order.
type Machine interface {
	// Apply changes the state as a record says. The record is not kept.
	Apply(record []byte) error
	// Save writes the whole state.
	Save(w io.Writer) error
	// Load replaces the state by a saved one. After an error the machine is not used again.
	Load(r io.Reader) error
}

// Options configures a keeper. Dir and Lock are required.
type Options struct {
	// Dir belongs to this keeper alone.
	Dir string
	// Lock guards the machines. Append is called with it held, in the order of Apply; Snapshot takes it.
	Lock sync.Locker
	// Sync says when records are forced to the disk. With seglog.SyncAlways that is when Force is called.
	Sync seglog.Sync
	// SnapshotBytes is how much the log grows before Snapshot takes one, if the last one was smaller; 64 MiB if zero.
	SnapshotBytes int64
	// Disk is the operating system's if nil.
	Disk seglog.Disk
}

// Recovery tells what Open found.
type Recovery struct {
	// Fresh: there was nothing, not even something set aside.
	Fresh bool
	// Lost: there was a state, and it is not known. It stays so at every start until something was appended.
	Lost bool
	// Records were applied after the snapshot.
	Records int
	Took    time.Duration
	// Torn bytes of the log hold writes that were cut short.
	Torn int64
	// Notes say what was found damaged or foreign and where it is kept.
	Notes []string
}

// Keeper logs for a set of machines.
type Keeper struct {
	options  Options
	machines map[uint8]Machine
	log      *seglog.Log

	// Guarded by Options.Lock:
	next   uint64 // number of the next record
	end    seglog.Position
	buffer []byte
	grown  int64 // bytes appended since the last snapshot

	unforced  atomic.Bool // a Force failed, and no snapshot was taken since
	closing   atomic.Bool
	snapshots snapshots
}

// Open recovers the machines that fresh makes. It calls fresh again, with lost true, when an earlier life's state
// cannot be known: these are the machines that are used then. An error means that the directory cannot be used: it is
// locked by another process, or the disk fails.
func Open(options Options, fresh func(lost bool) map[uint8]Machine) (*Keeper, Recovery, error) {
	began := time.Now()
	if options.Disk == nil {
		options.Disk = seglog.OS{}
	}
	if options.SnapshotBytes == 0 {
		options.SnapshotBytes = 64 << 20
	}
	k, recovery, err := load(options, fresh)
	if loss, lost := errors.AsType[*lossError](err); lost {
		var where string
		if where, err = setAside(options.Disk, options.Dir); err != nil {
			return nil, recovery, fmt.Errorf("setting aside a state that cannot be used (%w): %w", loss, err)
		}
		notes := append(recovery.Notes, loss.Error(), "the state is kept in "+where)
		k, recovery, err = load(options, fresh)
		recovery.Notes = notes
	}
	recovery.Took = time.Since(began)
	return k, recovery, err
}

// Append logs a record for a machine; the caller applies it then. After an error nothing was logged, and the same
// record may be appended again.
func (k *Keeper) Append(kind uint8, record []byte) (seglog.Position, error) {
	k.buffer = binary.LittleEndian.AppendUint64(k.buffer[:0], k.next)
	k.buffer = append(k.buffer, record...)
	end, err := k.log.Append(seglog.Record{Type: kind, Payload: k.buffer})
	if err != nil {
		return end, err
	}
	k.next++
	k.end = end
	k.grown += int64(len(k.buffer))
	if cap(k.buffer) > maxBufferKept {
		k.buffer = nil
	}
	return end, nil
}

// maxBufferKept bounds the memory kept from one record to the next, in bytes.
const maxBufferKept = 4 << 20

// MaxRecord is the largest record that can be appended, in bytes.
const MaxRecord = seglog.MaxPayload - numberBytes

// Force returns once everything before position is on the disk. After an error the next Snapshot is taken whatever the
// log's size, since it is what puts those records on the disk.
func (k *Keeper) Force(position seglog.Position) error {
	err := k.log.Force(position)
	if err != nil {
		k.unforced.Store(true)
	}
	return err
}

// Bytes is the size of the log on disk, without snapshots.
func (k *Keeper) Bytes() int64 { return k.log.Bytes() }

// Close ends a snapshot that is being written, forces what was appended and releases the directory. It is safe to call
// twice.
func (k *Keeper) Close() error {
	k.closing.Store(true)
	k.snapshots.mu.Lock()
	defer k.snapshots.mu.Unlock()
	return k.log.Close()
}
