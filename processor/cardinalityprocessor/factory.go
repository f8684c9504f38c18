package cardinalityprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"

	"weir.example/processor/cardinalityprocessor/internal/metadata"
)

// NewFactory returns the factory of the cardinality processor.
func NewFactory() processor.Factory {
	shared := &cores{all: map[*Config]*sharedCore{}}
	return processor.NewFactory(
		metadata.Type,
		createDefaultConfig,
		processor.WithMetrics(shared.createMetrics, metadata.MetricsStability),
	)
}

func createDefaultConfig() component.Config {
	return &Config{
		Rename:    configoptional.Default(RenameConfig{Tables: []string{builtinTable}, Unmatched: UnmatchedDerive}),
		Keep:      []string{"le", "quantile"},
		Aggregate: defaultAggregate(),
		Learn:     defaultLearn(),
	}
}

func (s *cores) createMetrics(
	_ context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics,
) (processor.Metrics, error) {
	return s.pipeline(cfg.(*Config), set, next)
}
