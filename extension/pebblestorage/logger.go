package pebblestorage

import (
	"fmt"

	"go.uber.org/zap"
)

// logger takes what Pebble has to say, which is of interest to few.
type logger struct {
	log   *zap.SugaredLogger
	fatal func(error) // instead of the end of the process
}

func (l *logger) Infof(format string, args ...any) { l.log.Debugf("pebble: "+format, args...) }

func (l *logger) Errorf(format string, args ...any) { l.log.Debugf("pebble: "+format, args...) }

func (l *logger) Fatalf(format string, args ...any) { l.fatal(fmt.Errorf("pebble: "+format, args...)) }
