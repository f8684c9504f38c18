package pebblestorage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/zap"

	"weir.example/internal/seglog"
)

const (
	// format is the version of keys and values; version is where it is written.
	format  = "1"
	version = string(rune(spaceOwn)) + "format"

	databaseName = "db"
	// damagedName is a file that tells the next start that a table could not be read.
	damagedName = "DAMAGED"

	memTableSize = 4 << 20
	tendInterval = time.Second
)

// Reasons why a database is set aside, which are part of its new name.
var (
	errCorrupt = errors.New("corrupt")
	errForeign = errors.New("foreign")
)

// open opens the database of a directory, after having set aside what is there but cannot be read.
func open(cfg *Config, files vfs.FS, log *zap.Logger, report func(error)) (*store, error) {
	if err := os.MkdirAll(cfg.Directory, 0o700); err != nil {
		return nil, fmt.Errorf("directory: cannot create %q: %w", cfg.Directory, err)
	}
	lock, err := lockDirectory(cfg.Directory)
	if err != nil {
		return nil, err
	}
	s, err := openStore(cfg, files, log, lock)
	if why := reasonToSetAside(err); why != "" {
		err = setAside(cfg.Directory, why, err, log)
		if err == nil {
			s, err = openStore(cfg, files, log, lock)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("directory: cannot open the database in %q: %w", cfg.Directory, err), lock.Close())
	}
	s.report = report
	s.done.Go(func() { s.tend(tendInterval) })
	s.done.Go(func() { s.tidy(tendInterval) })
	return s, nil
}

func lockDirectory(directory string) (io.Closer, error) {
	lock, err := pebble.LockDirectory(directory, vfs.Default)
	if _, cannot := errors.AsType[*fs.PathError](err); cannot {
		return nil, fmt.Errorf("directory: cannot write to %q: %w", directory, err)
	}
	if err != nil {
		return nil, fmt.Errorf("directory: %q is in use by another process or extension, which holds %q: %w",
			directory, filepath.Join(directory, "LOCK"), err)
	}
	return lock, nil
}

// openStore opens the database, or an empty one if there is none.
func openStore(cfg *Config, files vfs.FS, log *zap.Logger, lock io.Closer) (s *store, err error) {
	directory := filepath.Join(cfg.Directory, databaseName)
	if _, err := os.Stat(filepath.Join(directory, damagedName)); err == nil {
		return nil, fmt.Errorf("%w: a table could not be read", errCorrupt)
	}
	s = &store{disk: newDisk(files, seglog.Sync(cfg.Fsync)), room: newRoom(cfg), lock: lock, stop: make(chan struct{})}
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, fmt.Errorf("%w: %v", errCorrupt, p)
		}
	}()
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, err
	}
	db, err := pebble.Open(directory, options(cfg, s, log, directory))
	if err != nil {
		return nil, err
	}
	if err := checkFormat(db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.db = db
	s.room.look(db)
	if fault := s.fault.Load(); fault != nil {
		return nil, errors.Join(*fault, db.Close())
	}
	return s, nil
}

func options(cfg *Config, s *store, log *zap.Logger, directory string) *pebble.Options {
	o := &pebble.Options{
		FS:           s.disk,
		CacheSize:    int64(cfg.CacheSizeMiB) << 20,
		MemTableSize: memTableSize,
		Logger:       &logger{log: log.Sugar(), fatal: s.fail},
		// Later formats write into the log up to where it was forced. Where syncs are put off that is not true, and
		// after a loss of power the end of the log would be taken for damage.
		FormatMajorVersion: pebble.FormatColumnarBlocks,
	}
	// Pebble's own looks ten times a second whether another compaction may run beside those that do, and wakes the process
	// for it. By default one runs at a time, and this one looks when a compaction is due and when one ends.
	o.Experimental.CompactionScheduler = pebble.NewConcurrencyLimitSchedulerWithNoPeriodicGrantingForTest()
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	var troubled atomic.Bool
	o.EventListener = &pebble.EventListener{
		BackgroundError: func(err error) {
			if !troubled.Swap(true) {
				log.Warn("cannot tidy up the database; trying again", zap.Error(err))
			}
			time.Sleep(100 * time.Millisecond) // Pebble itself does not wait
		},
		FlushEnd: func(info pebble.FlushInfo) {
			if info.Err == nil && troubled.Swap(false) {
				log.Info("tidying up the database works again")
			}
		},
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			marker := os.WriteFile(filepath.Join(directory, damagedName), []byte(info.String()+"\n"), 0o600)
			s.fail(errors.Join(fmt.Errorf("%w: %s", errCorrupt, info), marker))
		},
	}
	return o
}

// checkFormat compares the version of the database with ours and writes it into an empty one.
func checkFormat(db *pebble.DB) error {
	found, closer, err := db.Get([]byte(version))
	if err == nil {
		defer closer.Close()
		if string(found) != format {
			return fmt.Errorf("%w: the format is %q, this version of Weir reads %q", errForeign, found, format)
		}
		return nil
	}
	if !errors.Is(err, pebble.ErrNotFound) {
		return err
	}
	iter, err := db.NewIter(nil)
	if err != nil {
		return err
	}
	if filled := iter.First(); filled {
		return errors.Join(fmt.Errorf("%w: there are entries, but no format", errForeign), iter.Close())
	}
	return errors.Join(iter.Close(), db.Set([]byte(version), []byte(format), pebble.Sync))
}

// reasonToSetAside says whether an error is about the content of the files. Whatever the operating system refuses, such
// as a disk without room, can be put right without giving up what is stored.
func reasonToSetAside(err error) string {
	errno, refused := errors.AsType[syscall.Errno](err)
	switch {
	case err == nil, refused && errno != syscall.ENOENT:
		return ""
	case errors.Is(err, errForeign):
		return errForeign.Error()
	default:
		return errCorrupt.Error()
	}
}

// setAside renames the database, so that an empty one can begin and nothing is lost that somebody may want to repair.
func setAside(directory, why string, cause error, log *zap.Logger) error {
	from := filepath.Join(directory, databaseName)
	to := fmt.Sprintf("%s.%s-%s", from, why, time.Now().UTC().Format("20060102T150405.000000000Z"))
	if err := os.Rename(from, to); err != nil {
		return errors.Join(cause, err)
	}
	log.Warn("database cannot be read: it is set aside, and an empty one begins",
		zap.String("set_aside", to), zap.String("reason", why), zap.Error(cause))
	return nil
}
