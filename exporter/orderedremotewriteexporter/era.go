package orderedremotewriteexporter

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"weir.example/internal/seglog"
)

// era is a generation of logs: as many as there were shards, with series spread over
// them by slot_by. Another number of shards begins a new one. Those before are sent to
// their end, in order, before the new one sends anything.
type era struct {
	number int
	layout string // shards and slot_by
	shards int
	dir    string
	slots  []*slot
}

// slotDir is where the log of a slot is.
func (e *era) slotDir(i int) string { return filepath.Join(e.dir, fmt.Sprintf("slot-%03d", i)) }

var eraName = regexp.MustCompile(`^(\d{6,})-((\d{1,4})-(?:instance|series))$`)

// openWAL opens all logs. The slots of the current era are those of the exporter.
func (x *remoteWriter) openWAL() error {
	directory := x.cfg.WAL.Get().Directory
	if err := x.disk.MkdirAll(directory); err != nil {
		return startError(directory, err)
	}
	x.reserve.disk, x.reserve.name = x.disk, filepath.Join(directory, reserveName)
	eras, err := x.findEras(directory)
	if err != nil {
		return startError(directory, err)
	}
	for i, e := range eras {
		if err := x.openEra(e, i < len(eras)-1); err != nil {
			x.closeWAL()
			return startError(directory, err)
		}
		if i == len(eras)-1 {
			x.slots = e.slots
		} else {
			x.earlier = append(x.earlier, e)
		}
	}
	if len(x.earlier) > 0 {
		x.adopt()
	}
	return nil
}

// adopt gives the series that only earlier eras know a slot of this one, so that the
// next head holds their newest samples: those logs will be gone.
func (x *remoteWriter) adopt() {
	for s := range x.in.table.All {
		p := &s.State
		if p.slot == noSlot {
			p.slot = uint16(x.in.slotFor(s, x.in.slotOf(s.Entity.Tenant(), s.Entity.Get(jobLabel), s.Entity.Get(instanceLabel))))
		}
		if p.ref == 0 {
			p.ref = x.slots[p.slot].backlog.(*journal).refs.add(s)
		}
	}
}

// findEras lists the eras in the directory, the oldest first and the current one last.
func (x *remoteWriter) findEras(directory string) ([]*era, error) {
	entries, err := x.disk.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	var eras []*era
	for _, entry := range entries {
		if m := eraName.FindStringSubmatch(entry.Name()); m != nil && entry.IsDir() {
			number, _ := strconv.Atoi(m[1])
			shards, _ := strconv.Atoi(m[3])
			eras = append(eras, &era{number: number, layout: m[2], shards: shards, dir: filepath.Join(directory, entry.Name())})
		}
	}
	slices.SortFunc(eras, func(a, b *era) int { return a.number - b.number })
	current := &era{number: 1, layout: fmt.Sprintf("%d-%s", x.cfg.Shards, x.cfg.SlotBy), shards: x.cfg.Shards}
	if n := len(eras); n > 0 {
		if eras[n-1].layout == current.layout {
			return eras, nil
		}
		current.number = eras[n-1].number + 1
	}
	current.dir = filepath.Join(directory, fmt.Sprintf("%06d-%s", current.number, current.layout))
	return append(eras, current), nil
}

func (x *remoteWriter) openEra(e *era, earlier bool) error {
	steps := newPace()
	for i := range e.shards {
		s, err := x.openJournal(e.slotDir(i), i, earlier)
		if err != nil {
			x.closeSlots(e.slots)
			return err
		}
		s.earlier, s.pace = earlier, steps
		steps.join(s)
		e.slots = append(e.slots, s)
	}
	return nil
}

// sent tells whether nothing of an era is left to be sent.
func (e *era) sent() bool {
	return !slices.ContainsFunc(e.slots, func(s *slot) bool { return len(s.request) > 0 || !s.drained() })
}

// leaveEra removes an era that was sent to its end, once the logs of this one say what
// it knew.
func (x *remoteWriter) leaveEra(e *era) {
	if err := x.inherit(); err != nil {
		x.trouble.report(err) // the next start finds the era, with nothing to send
		return
	}
	x.mu.Lock()
	x.earlier = slices.DeleteFunc(slices.Clone(x.earlier), func(other *era) bool { return other == e })
	x.mu.Unlock()
	if err := x.removeEra(e); err != nil {
		x.set.Logger.Warn("a log that was sent to its end cannot be removed", zap.String("directory", e.dir), zap.Error(err))
	}
}

// inherit makes sure that each log of this era has a head of this life.
func (x *remoteWriter) inherit() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range x.slots {
		j := s.backlog.(*journal)
		if err := j.begin(); err != nil {
			return err
		}
		if x.fsync != seglog.SyncNever {
			if err := j.log.Force(j.written); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeEra removes the files of an era. The cursors go last: without them everything
// would be sent again. What is not ours, or was set aside, stays under another name.
func (x *remoteWriter) removeEra(e *era) error {
	if err := x.closeSlots(e.slots); err != nil {
		return err
	}
	for _, ours := range []func(name string) bool{
		func(name string) bool { return strings.HasSuffix(name, ".seg") },
		func(name string) bool { return name == cursorName || name == "LOCK" },
	} {
		for i := range e.slots {
			if err := removeFiles(x.disk, e.slotDir(i), ours); err != nil {
				return err
			}
		}
	}
	emptied := true
	for i := range e.slots {
		if err := x.disk.Remove(e.slotDir(i)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			emptied = false
		}
	}
	if !emptied {
		return x.disk.Rename(e.dir, e.dir+".aside")
	}
	return x.disk.Remove(e.dir)
}

func removeFiles(disk seglog.Disk, dir string, which func(name string) bool) error {
	entries, err := disk.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if which(entry.Name()) {
			if err := disk.Remove(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// closeWAL writes down where every slot stands, and closes all logs.
func (x *remoteWriter) closeWAL() error {
	x.mu.Lock()
	all := x.allSlots()
	err := x.reserve.close()
	x.mu.Unlock()
	return errors.Join(err, x.closeSlots(all))
}

func (*remoteWriter) closeSlots(slots []*slot) error {
	var faults []error
	for _, s := range slots {
		if j, ok := s.backlog.(*journal); ok {
			faults = append(faults, j.shut())
		}
	}
	return errors.Join(faults...)
}

// allSlots returns the slots of every era; mu is held.
func (x *remoteWriter) allSlots() []*slot {
	all := slices.Clone(x.slots)
	for _, e := range x.earlier {
		all = append(all, e.slots...)
	}
	return all
}
