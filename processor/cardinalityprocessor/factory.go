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
		processor.WithTraces(shared.createTraces, metadata.TracesStability),
		processor.WithLogs(shared.createLogs, metadata.LogsStability),
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
	m, err := s.joinMetrics(cfg.(*Config), set, next)
	if err != nil {
		return nil, err
	}
	return &pipeline{member: m, next: next}, nil
}

func (s *cores) createTraces(
	_ context.Context, set processor.Settings, cfg component.Config, next consumer.Traces,
) (processor.Traces, error) {
	m, err := s.join(cfg.(*Config), set)
	if err != nil {
		return nil, err
	}
	return &tracesPipeline{member: m, next: next}, nil
}

func (s *cores) createLogs(
	_ context.Context, set processor.Settings, cfg component.Config, next consumer.Logs,
) (processor.Logs, error) {
	m, err := s.join(cfg.(*Config), set)
	if err != nil {
		return nil, err
	}
	return &logsPipeline{member: m, next: next}, nil
}
