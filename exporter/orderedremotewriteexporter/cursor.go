package orderedremotewriteexporter

import (
	"encoding/binary"
	"hash/crc32"
	"os"

	"weir.example/internal/seglog"
)

// cursor says how far a slot's log is delivered: all samples before acked. Those
// from acked to cut are, or were, in flight as one request. The log goes on at resume:
// what lies between cut and resume was dropped.
type cursor struct {
	from               seglog.Position // at or before the record that holds sample acked
	acked, cut, resume uint64          // in samples logged before
	clean              bool            // written by a shutdown that finished
	boot               uint32          // of the machine; 0: unknown
}

func (c cursor) encode() (value [seglog.CellBytes]byte) {
	b := value[:0]
	b = binary.LittleEndian.AppendUint64(b, c.from.Segment)
	b = binary.LittleEndian.AppendUint64(b, uint64(c.from.Offset))
	b = binary.LittleEndian.AppendUint64(b, c.acked)
	b = binary.LittleEndian.AppendUint64(b, c.cut)
	b = binary.LittleEndian.AppendUint64(b, c.resume)
	b = binary.LittleEndian.AppendUint32(b, c.boot)
	if c.clean {
		value[len(b)] = 1
	}
	return value
}

func decodeCursor(value [seglog.CellBytes]byte) cursor {
	u := func(at int) uint64 { return binary.LittleEndian.Uint64(value[at:]) }
	return cursor{
		from:  seglog.Position{Segment: u(0), Offset: int64(u(8))},
		acked: u(16), cut: u(24), resume: u(32),
		boot: binary.LittleEndian.Uint32(value[40:]), clean: value[44] == 1,
	}
}

// valid tells whether the cursor is one that was ever written.
func (c cursor) valid() bool { return c.acked <= c.cut && c.cut <= c.resume && c.from.Offset >= 0 }

// bootID tells one run of the machine from another: what was written but not forced
// survives the death of the process, but not that of the machine.
func bootID() uint32 {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return 0
	}
	return crc32.ChecksumIEEE(id)
}
