package cardinalityprocessor

import (
	"fmt"
	"slices"
	"strings"

	"weir.example/processor/cardinalityprocessor/internal/aggregate"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// GaugeConfig says how gauges and up-down counters are merged.
type GaugeConfig struct {
	// Metrics are globs or /regexps/ of metric names, as they are after `rename`.
	Metrics []string `mapstructure:"metrics"`
	// Function is sum, avg, min, max, count, last, p50, p75, p90, p95 or p99 of the live inputs; auto decides by name
	// and unit.
	Function string `mapstructure:"function"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// gaugeRule is a GaugeConfig ready for use.
type gaugeRule struct {
	metrics  rules.List
	function aggregate.Function
}

// compileGauges returns all faults at once.
func compileGauges(configs []GaugeConfig) (compiled []gaugeRule, faults []error) {
	for i, config := range configs {
		path := fmt.Sprintf("aggregate.gauges[%d]", i)
		metrics, err := rules.ParseList(path+".metrics", config.Metrics)
		if err == nil && len(config.Metrics) == 0 {
			err = fmt.Errorf(`%s.metrics: must name at least one metric (got none; allowed: globs such as "*bytes*" or a /regexp/)`, path)
		}
		function, known := aggregate.ParseFunction(config.Function)
		if !known {
			faults = append(faults, fmt.Errorf("%s.function: must be one of %s (got %q)",
				path, strings.Join(aggregate.FunctionNames(), ", "), config.Function))
		}
		if err != nil {
			faults = append(faults, err)
		}
		compiled = append(compiled, gaugeRule{metrics, function})
	}
	return compiled, faults
}

// function returns what chooses the function of a metric; the first rule that matches decides.
func (c *AggregateConfig) function() func(metric string) aggregate.Function {
	compiled, _ := compileGauges(c.Gauges) // Validate found no fault
	return func(metric string) aggregate.Function {
		i := slices.IndexFunc(compiled, func(r gaugeRule) bool { return r.metrics.Match(metric) })
		if i < 0 {
			return aggregate.Auto
		}
		return compiled[i].function
	}
}
