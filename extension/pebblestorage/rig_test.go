package pebblestorage

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"weir.example/extension/pebblestorage/internal/metadata"
)

var (
	ctx      = context.Background()
	receiver = component.MustNewIDWithName("flinkprometheus", "a")
)

// rig is an extension with what it logs, counts and reports.
type rig struct {
	*pebbleStorage
	logs *observer.ObservedLogs
	tel  *componenttest.Telemetry
	host *host
}

// host remembers the last status that was reported.
type host struct{ status *componentstatus.Event }

func (*host) GetExtensions() map[component.ID]component.Component { return nil }

func (h *host) Report(event *componentstatus.Event) { h.status = event }

type testingT interface {
	require.TestingT
	Helper()
}

// newRig returns an extension that is not yet started.
func newRig(t testingT, directory string, edit func(*Config)) *rig {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.Directory, cfg.Fsync = directory, "never"
	if edit != nil {
		edit(cfg)
	}
	require.NoError(t, cfg.Validate())
	core, logs := observer.New(zap.InfoLevel)
	r := &rig{logs: logs, tel: componenttest.NewTelemetry(), host: &host{}}
	set := extensiontest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = r.tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	r.pebbleStorage = &pebbleStorage{cfg: cfg, set: set, files: vfs.Default}
	return r
}

// started returns an extension that is ended with the test.
func started(t *testing.T, directory string, edit func(*Config)) *rig {
	t.Helper()
	r := newRig(t, directory, edit)
	require.NoError(t, r.Start(ctx, r.host))
	t.Cleanup(func() { _ = r.Shutdown(ctx) })
	return r
}

func (r *rig) client(t testingT, name string) storage.Client {
	t.Helper()
	c, err := r.GetClient(ctx, component.KindReceiver, receiver, name)
	require.NoError(t, err)
	return c
}

// entries returns all entries of a client.
func entries(t testingT, c storage.Client) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, c.(storage.Walker).Walk(ctx, func(key string, value []byte) ([]*storage.Operation, error) {
		found[key] = string(value)
		return nil, nil
	}))
	return found
}

// names lists what is in a directory.
func names(t *testing.T, directory, pattern string) []string {
	t.Helper()
	_, err := os.Stat(directory)
	require.NoError(t, err)
	found, err := filepath.Glob(filepath.Join(directory, pattern))
	require.NoError(t, err)
	return found
}
