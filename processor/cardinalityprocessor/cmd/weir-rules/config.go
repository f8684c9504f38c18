package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"gopkg.in/yaml.v3"

	"weir.example/processor/cardinalityprocessor"
)

// trialKey stands in for hash_key where a file of rules is tried without a configuration.
const trialKey = "a key for the trial only"

// loadConfig reads the configuration of one processor and checks it as the collector would.
func loadConfig(ctx context.Context, sources []string, wanted string) (id string, cfg *cardinalityprocessor.Config, err error) {
	factory := cardinalityprocessor.NewFactory()
	cfg = factory.CreateDefaultConfig().(*cardinalityprocessor.Config)
	if len(sources) == 1 && holdsRules(sources[0]) {
		cfg.RulesFile, cfg.HashKey = sources[0], trialKey
		return sources[0], cfg, cfg.Validate()
	}
	processors, err := resolve(ctx, sources)
	if err != nil {
		return "", nil, err
	}
	if id, err = choose(processors, factory.Type(), wanted); err != nil {
		return "", nil, err
	}
	settings, err := processors.Sub(id)
	if err == nil {
		if err = settings.Unmarshal(cfg); err == nil {
			err = cfg.Validate()
		}
	}
	if err != nil {
		return "", nil, fmt.Errorf("processors::%s: %w", id, err)
	}
	return id, cfg, nil
}

// holdsRules tells whether a file is one for rules_file: it has rules or keep, and nothing of a collector.
func holdsRules(path string) bool {
	content, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	var keys map[string]any
	if yaml.Unmarshal(content, &keys) != nil {
		return false
	}
	_, rules := keys["rules"]
	_, keep := keys["keep"]
	_, collector := keys["processors"]
	return (rules || keep) && !collector
}

// resolve reads the block `processors` as the collector does.
func resolve(ctx context.Context, sources []string) (*confmap.Conf, error) {
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              sources,
		ProviderFactories: []confmap.ProviderFactory{envprovider.NewFactory(), fileprovider.NewFactory(), yamlprovider.NewFactory()},
		DefaultScheme:     "env",
	})
	if err != nil {
		return nil, err
	}
	conf, err := resolver.Resolve(ctx)
	if err != nil {
		return nil, err
	}
	if err := resolver.Shutdown(ctx); err != nil {
		return nil, err
	}
	if !conf.IsSet("processors") {
		return nil, fmt.Errorf("processors: must be there (got the keys %s; allowed: a collector's configuration, or a file with keep and rules)", firstKeys(conf))
	}
	return conf.Sub("processors")
}

func firstKeys(conf *confmap.Conf) string {
	var keys []string
	for key := range conf.ToStringMap() {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return strings.Join(keys, ", ")
}

// choose returns the ID of the processor that is meant.
func choose(processors *confmap.Conf, kind component.Type, wanted string) (string, error) {
	var ids []string
	for key := range processors.ToStringMap() {
		var id component.ID
		if id.UnmarshalText([]byte(key)) == nil && id.Type() == kind {
			ids = append(ids, key)
		}
	}
	slices.Sort(ids)
	switch {
	case len(ids) == 0:
		return "", fmt.Errorf("processors: must have a %s processor (got %s)", kind, firstKeys(processors))
	case wanted != "" && !slices.Contains(ids, wanted):
		return "", fmt.Errorf("-processor: must be one of %s (got %q)", strings.Join(ids, ", "), wanted)
	case wanted == "" && len(ids) > 1:
		return "", fmt.Errorf("-processor: must be given, for there are several (%s)", strings.Join(ids, ", "))
	case wanted == "":
		return ids[0], nil
	}
	return wanted, nil
}
