package seglog

import "time"

// failure is a sync that failed: nobody knows what of the records between the two
// positions reached the disk, and no later sync of another file tells.
type failure struct {
	from, to Position
	err      error
}

// covers tells whether the record that ends at end is among them.
func (f failure) covers(end Position) bool {
	return f.err != nil && f.from.Before(end) && !f.to.Before(end)
}

// Force returns once everything before end is on the disk, whatever Options.Sync
// says. Callers queue on l.forcing; the first of them forces for all that appended
// before it began, and when that fails it has failed for all of them.
func (l *Log) Force(end Position) error {
	l.forcing.Lock()
	defer l.forcing.Unlock()

	l.mu.Lock()
	if l.failed.covers(end) {
		defer l.mu.Unlock()
		return l.failed.err
	}
	if !l.forced.Before(end) || l.active == nil {
		l.mu.Unlock()
		return nil
	}
	file, reached := l.active, l.end()
	l.dirty = false
	l.mu.Unlock()

	err := file.Sync()

	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		if l.forced.Before(reached) {
			l.forced = reached
		}
	case l.forced.Before(end):
		l.failed = failure{from: l.forced, to: reached, err: err}
		// After a failed sync the kernel may have dropped the pages: do not write behind them.
		if l.active == file {
			l.failed.to = l.end()
			_ = file.Close()
			l.active = nil
		}
		return err
	}
	return nil
}

// soil notes that something was written; mu is held. A log to which nothing is written
// has no timer that wakes the process.
func (l *Log) soil() {
	l.dirty = true
	if l.options.Sync == SyncInterval && l.due == nil {
		l.due = time.AfterFunc(l.options.SyncInterval, l.forceDue)
	}
}

// forceDue forces what was written since soil set its timer.
func (l *Log) forceDue() {
	l.mu.Lock()
	l.due = nil
	dirty, end := l.dirty, l.end()
	l.mu.Unlock()
	if dirty {
		// A failure shows again at the next append; the records are readable.
		_ = l.Force(end)
	}
}
