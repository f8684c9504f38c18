package cardinalityprocessor

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

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

// member is the place of one pipeline in the core of its component.
type member struct {
	*sharedCore
	cores *cores
	left  atomic.Bool
}

// Capabilities implements the consumers of all signals.
func (*member) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

// Start implements component.Component.
func (m *member) Start(_ context.Context, host component.Host) error {
	return m.cores.start(m.sharedCore, host)
}

// Shutdown implements component.Component.
func (m *member) Shutdown(ctx context.Context) error {
	if m.left.Swap(true) {
		return nil
	}
	return m.cores.leave(ctx, m.sharedCore)
}

// join creates the place of a pipeline.
func (s *cores) join(cfg *Config, set processor.Settings) (*member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.place(cfg, set)
}

// joinMetrics is join for a metrics pipeline. With one of these, and only then, the core has state.
func (s *cores) joinMetrics(cfg *Config, set processor.Settings, next consumer.Metrics) (*member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	merges := cfg.merges()
	if shared := s.all[cfg]; merges && shared != nil && shared.next != nil {
		// The collector puts the name of this pipeline before the message; nobody tells the name of the other one.
		return nil, fmt.Errorf("%s merges series and stands in another metrics pipeline already, but a merged series "+
			"has one writer: join the pipelines before it, or give this one a processor with rules of its own, "+
			"such as %s/2", set.ID, set.ID.Type())
	}
	m, err := s.place(cfg, set)
	if err != nil {
		return nil, err
	}
	m.metrics = true
	if merges {
		m.next = next
	}
	return m, nil
}

// place counts a pipeline in; s.mu is held.
func (s *cores) place(cfg *Config, set processor.Settings) (*member, error) {
	shared := s.all[cfg]
	if shared == nil {
		made, err := newCore(cfg, set)
		if err != nil {
			return nil, err
		}
		shared = &sharedCore{core: made}
		s.all[cfg] = shared
	}
	shared.pipelines++
	return &member{sharedCore: shared, cores: s}, nil
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
