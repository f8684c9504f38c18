package pebblestorage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// closeTimeout bounds Shutdown should the database be in a state in which it cannot be closed.
const closeTimeout = 3 * time.Second

// store is an open database. It fails at most once: after an error of the disk Pebble may not be used any more, so
// all operations give that error from then on.
type store struct {
	disk   *disk
	room   *room
	lock   io.Closer
	counts counts
	report func(error) // told once, when the database failed
	fault  atomic.Pointer[error]

	mu sync.RWMutex // held for reading while an operation is under way
	db *pebble.DB   // nil: closed

	stop chan struct{}
	done sync.WaitGroup
}

// use runs an operation. Pebble panics where it cannot go on; that is a failure like others here.
func (s *store) use(op func(*pebble.DB) error) (err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		return errNotOpen
	}
	if fault := s.fault.Load(); fault != nil {
		return *fault
	}
	defer func() {
		if p := recover(); p != nil {
			s.fail(fmt.Errorf("pebble: %v", p))
		}
		// Pebble returns nil after a fatal error, for it expects the process to be gone.
		if fault := s.fault.Load(); fault != nil {
			err = *fault
		}
	}()
	return op(s.db)
}

// fail ends the use of the database.
func (s *store) fail(err error) {
	err = fmt.Errorf("the database failed earlier and must be opened again: %w", err)
	if s.fault.CompareAndSwap(nil, &err) && s.report != nil {
		s.report(err)
	}
}

// tend forces the log to the disk and looks at the room, each second.
func (s *store) tend(interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
			if err := s.disk.force(); err != nil {
				s.fail(err)
			}
			_ = s.use(func(db *pebble.DB) error {
				s.room.look(db)
				return nil
			})
		}
	}
}

// tidy makes deletions give back their disk when a write was refused for lack of room: on its own Pebble is in no hurry.
// It works at most a twentieth of the time.
func (s *store) tidy(pause time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	s.done.Go(func() { <-s.stop; cancel() })
	for {
		select {
		case <-s.stop:
			return
		case <-s.room.refused:
		}
		began := time.Now()
		_ = s.use(func(db *pebble.DB) error {
			return errors.Join(db.Flush(), db.Compact(ctx, []byte{spaceClient}, []byte{spaceClient + 1}, true))
		})
		select {
		case <-s.stop:
		case <-time.After(max(pause, 20*time.Since(began))):
		}
	}
}

// close waits for operations under way and closes the database.
func (s *store) close(ctx context.Context) error {
	close(s.stop)
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.closeDB() }()
	select {
	case err := <-ended:
		return errors.Join(err, s.lock.Close())
	case <-ctx.Done():
		// What is left of it may not write any more, since the next one to come may open the directory.
		s.disk.fence()
		return errors.Join(fmt.Errorf("the database was still at work after %s and was left as it is; nothing acknowledged is lost", closeTimeout), s.lock.Close())
	}
}

func (s *store) closeDB() (err error) {
	s.done.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("pebble: %v", p)
		}
	}()
	db := s.db
	s.db = nil
	return db.Close()
}
