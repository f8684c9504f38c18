package cardinalityprocessor

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
)

// cores finds the core of a component ID. The collector creates a processor for each pipeline that names it and gives
// all of them the same configuration; after a reload it is another one.
type cores struct {
	mu  sync.Mutex
	all map[*Config]*sharedCore
}

// sharedCore starts with the first of its pipelines and ends with the last.
type sharedCore struct {
	*core
	pipelines int
	started   bool
}

// pipeline creates the processor of one pipeline.
func (s *cores) pipeline(cfg *Config, set processor.Settings, next consumer.Metrics) (*pipeline, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	shared := s.all[cfg]
	if shared == nil {
		made, err := newCore(cfg, set)
		if err != nil {
			return nil, err
		}
		shared = &sharedCore{core: made}
		s.all[cfg] = shared
	}
	if cfg.merges() {
		// The collector puts the name of this pipeline before the message; nobody tells the name of the other one.
		if shared.next != nil {
			return nil, fmt.Errorf("%s merges series and stands in another metrics pipeline already, but a merged series "+
				"has one writer: join the pipelines before it, or give this one a processor with rules of its own, "+
				"such as %s/2", set.ID, set.ID.Type())
		}
		shared.next = next
	}
	shared.pipelines++
	return &pipeline{sharedCore: shared, cores: s, next: next}, nil
}

func (s *cores) start(shared *sharedCore, host component.Host) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if shared.started {
		return nil
	}
	err := shared.core.start(host)
	shared.started = err == nil
	return err
}

func (s *cores) leave(ctx context.Context, shared *sharedCore) error {
	s.mu.Lock()
	shared.pipelines--
	last := shared.pipelines == 0
	if last {
		delete(s.all, shared.cfg)
	}
	s.mu.Unlock()
	if !last {
		return nil
	}
	return shared.shutdown(ctx)
}
