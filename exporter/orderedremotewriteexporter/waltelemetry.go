package orderedremotewriteexporter

import "context"

// restored counts samples that an earlier life left in the log.
func (t *telemetry) restored(samples int) {
	t.pending.Add(int64(samples))
	t.builder.ExporterOrderedremotewriteNumSamplesRestored.Add(context.Background(), int64(samples))
}

func (t *telemetry) damaged(bytes int64) {
	t.builder.ExporterOrderedremotewriteWalDamagedBytes.Add(context.Background(), bytes)
}

func (t *telemetry) diskFailed() {
	t.builder.ExporterOrderedremotewriteWalDiskErrors.Add(context.Background(), 1)
}

// walPending is the room in the log that is taken, in bytes.
func (x *remoteWriter) walPending() int {
	if !x.cfg.WAL.HasValue() {
		return 0
	}
	return x.room.taken()
}

func (x *remoteWriter) walFree() int {
	if !x.cfg.WAL.HasValue() {
		return 0
	}
	return max(0, x.room.capacity-x.room.taken())
}

// queueSize and queueCapacity are those of the queue in memory.
func (x *remoteWriter) queueSize() int {
	if x.cfg.WAL.HasValue() {
		return 0
	}
	return x.room.taken()
}

func (x *remoteWriter) queueCapacity() int {
	if x.cfg.WAL.HasValue() {
		return 0
	}
	return x.room.capacity
}
