package pebblestorage

import (
	"context"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"weir.example/extension/pebblestorage/internal/metadata"
)

// NewFactory returns the factory of the pebblestorage extension.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, createDefaultConfig, create, metadata.ExtensionStability)
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	return &pebbleStorage{cfg: cfg.(*Config), set: set, files: vfs.Default}, nil
}
