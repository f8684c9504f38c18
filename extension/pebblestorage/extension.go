package pebblestorage

import (
	"context"
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"weir.example/extension/pebblestorage/internal/metadata"
)

var errNotOpen = errors.New("the storage is not open: it was not started, or it was shut down")

// pebbleStorage is the extension: one database for all components that name it.
type pebbleStorage struct {
	cfg   *Config
	set   extension.Settings
	files vfs.FS

	telemetry *metadata.TelemetryBuilder
	mu        sync.Mutex
	store     *store
	given     map[string]bool // log directories
}

var _ storage.Extension = (*pebbleStorage)(nil)

// Start opens the database.
func (p *pebbleStorage) Start(_ context.Context, host component.Host) error {
	report := func(err error) {
		p.set.Logger.Error("storage failed; it takes and gives nothing until Weir is restarted",
			zap.String("directory", p.cfg.Directory), zap.Error(err))
		componentstatus.ReportStatus(host, componentstatus.NewPermanentErrorEvent(err))
	}
	s, err := open(p.cfg, p.files, p.set.Logger, report)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.store, p.given = s, map[string]bool{}
	p.mu.Unlock()
	return p.register(s)
}

// register has size and operations observed.
func (p *pebbleStorage) register(s *store) error {
	telemetry, err := metadata.NewTelemetryBuilder(p.set.TelemetrySettings)
	if err != nil {
		return err
	}
	p.telemetry = telemetry
	err = telemetry.RegisterExtensionPebblestorageSizeCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(s.room.size())
		return nil
	})
	return errors.Join(err, telemetry.RegisterExtensionPebblestorageOperationsCallback(s.counts.observe))
}

// GetClient returns the client of a component. Clients of one kind, ID and name share their keys; no others do.
func (p *pebbleStorage) GetClient(_ context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.store == nil {
		return nil, errNotOpen
	}
	return newClient(p.store, kind, id, name), nil
}

// Shutdown closes the database. Clients that are still open give errors from then on.
func (p *pebbleStorage) Shutdown(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.store == nil {
		return nil
	}
	s := p.store
	p.store = nil
	if p.telemetry != nil {
		p.telemetry.Shutdown()
	}
	return s.close(ctx)
}
