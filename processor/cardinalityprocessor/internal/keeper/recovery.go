package keeper

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"weir.example/internal/seglog"
)

// lossError says why a state cannot be known.
type lossError struct{ why string }

func (e *lossError) Error() string { return e.why }

func lossf(format string, args ...any) error { return &lossError{fmt.Sprintf(format, args...)} }

// load opens the log and brings the machines to where it ends. It returns a lossError when it cannot.
func load(options Options, fresh func(lost bool) map[uint8]Machine) (*Keeper, Recovery, error) {
	sync := options.Sync
	if sync == seglog.SyncAlways {
		sync = seglog.SyncInterval // Force is called after the lock
	}
	log, err := seglog.Open(seglog.Options{
		Dir: options.Dir, Format: format, Sync: sync, Disk: options.Disk,
		SegmentBytes: min(max(options.SnapshotBytes/4, 4<<10), 16<<20),
	})
	if err != nil {
		return nil, Recovery{}, err
	}
	k := &Keeper{options: options, machines: fresh(false), log: log}
	recovery, err := k.recover()
	if err != nil {
		return nil, recovery, errors.Join(err, log.Close())
	}
	if recovery.Lost {
		k.machines = fresh(true)
	}
	return k, recovery, nil
}

func (k *Keeper) recover() (Recovery, error) {
	recovery := Recovery{Notes: k.log.SetAside()}
	found, notes, err := k.log.LoadSnapshot(k.loadSnapshot)
	recovery.Notes = append(recovery.Notes, notes...)
	if err != nil {
		return recovery, err
	}
	aside, segments, err := findAside(k.options.Disk, k.options.Dir)
	if err != nil {
		return recovery, err
	}
	if segments {
		return recovery, lossf("part of the log is not ours to read")
	}
	if recovery.Records, err = k.replay(&recovery.Torn); err != nil {
		return recovery, err
	}
	k.end = k.log.End()
	if recovery.Records == 0 {
		k.snapshots.newest = k.end
	}
	none := !found && k.next == 0
	recovery.Fresh, recovery.Lost = none && !aside, none && aside
	return recovery, nil
}

// replay applies the records that are not in the snapshot and returns how many.
func (k *Keeper) replay(torn *int64) (records int, err error) {
	var broken error
	reader := k.log.Reader(seglog.Position{}, func(d seglog.Damage) {
		*torn += d.Bytes
		broken = lossf("segment %d: %d bytes at offset %d are damaged", d.Segment, d.Bytes, d.Offset)
	})
	defer func() { err = errors.Join(err, reader.Close()) }()
	for {
		before := reader.Position()
		record, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err != nil {
			return records, err
		}
		if len(record.Payload) < numberBytes {
			return records, lossf("segment %d holds a record of %d bytes", reader.Position().Segment, len(record.Payload))
		}
		number := binary.LittleEndian.Uint64(record.Payload)
		switch {
		case number < k.next && records == 0:
			continue // in the snapshot
		case number != k.next && broken != nil:
			return records, broken
		case number != k.next:
			return records, lossf("segment %d: record %d stands where %d is due", reader.Position().Segment, number, k.next)
		}
		if records == 0 {
			k.snapshots.newest = before
		}
		if err := k.apply(record.Type, record.Payload[numberBytes:]); err != nil {
			return records, lossf("record %d: %v", number, err)
		}
		records++
		k.next++
		k.grown += int64(len(record.Payload))
	}
}

func (k *Keeper) apply(kind uint8, record []byte) error {
	machine := k.machines[kind]
	if machine == nil {
		return fmt.Errorf("its kind %d is unknown", kind)
	}
	return machine.Apply(record)
}
