package cardinalityprocessor

import (
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"

	"weir.example/internal/strictconfig"
	"weir.example/processor/cardinalityprocessor/internal/rules"
)

// Config holds one block for each stage. A stage whose block is absent does nothing.
type Config struct {
	// Rename gives Flink's metrics their documented names, units and kinds. `rename:` alone takes its defaults.
	Rename configoptional.Optional[RenameConfig] `mapstructure:"rename"`

	// Preset names a set of rules that stand below all others: `sanitize`. Default: none.
	Preset string `mapstructure:"preset"`

	// Keep lists attribute keys, globs or /regexps/, that no rule but redact touches. Default: [le, quantile].
	Keep []string `mapstructure:"keep"`

	// AllowSensitive lists attribute keys, globs or /regexps/, in which nothing is redacted. Default: none.
	AllowSensitive []string `mapstructure:"allow_sensitive"`

	// Rules say what becomes of labels. For each label the first rule that matches and ends decides. Default: none.
	Rules []rules.Rule `mapstructure:"rules"`

	// RulesFile is a YAML file with keep and rules, which is watched. It stands in place of Rules. Default: none.
	RulesFile string `mapstructure:"rules_file"`

	// HashKey is the key of the action hash. Default: none.
	HashKey configopaque.String `mapstructure:"hash_key"`

	// HashKeyFile is a file that holds the key of the action hash. Default: none.
	HashKeyFile string `mapstructure:"hash_key_file"`

	// Aggregate says how series that become equal are merged.
	Aggregate AggregateConfig `mapstructure:"aggregate"`

	// Learn measures what values labels have.
	Learn LearnConfig `mapstructure:"learn"`

	// Storage is the extension that keeps the state. Default: none, state is lost with the process.
	Storage *component.ID `mapstructure:"storage"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// RenameConfig says where names come from.
type RenameConfig struct {
	// Tables are looked up in this order, the first one that lists a raw name decides: `flink` is built in, everything
	// else is the path of a CSV file. Default: [flink].
	Tables []string `mapstructure:"tables"`

	// Unmatched says what becomes of metrics that no table lists and whose names begin with flink_. Default: derive.
	Unmatched Unmatched `mapstructure:"unmatched"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Unmatched is what becomes of a flink_ metric that no table lists.
type Unmatched string

const (
	// UnmatchedDerive names it as the documentation would: flink.operator.tenant.orders-seen.
	UnmatchedDerive Unmatched = "derive"
	// UnmatchedKeep leaves it as it is.
	UnmatchedKeep Unmatched = "keep"
	// UnmatchedDrop drops and counts it.
	UnmatchedDrop Unmatched = "drop"
)

var (
	_ component.Config    = (*Config)(nil)
	_ confmap.Unmarshaler = (*Config)(nil)
	_ confmap.Validator   = (*Config)(nil)
)

// Unmarshal names every mistake with its key, what was given and what is allowed.
func (c *Config) Unmarshal(conf *confmap.Conf) error { return strictconfig.Unmarshal(conf, c) }

// Validate reads tables and keys to find mistakes before the collector starts, and forgets them again.
func (c *Config) Validate() error {
	var faults []error
	if rename := c.Rename.Get(); rename != nil {
		faults = append(faults, rename.validate())
	}
	_, _, err := c.firstRules(nil)
	return errors.Join(append(faults, err, c.Aggregate.validate(), c.Learn.validate())...)
}

func (c *RenameConfig) validate() error {
	var faults []error
	for i, name := range c.Tables {
		if slices.Contains(c.Tables[:i], name) {
			faults = append(faults, fmt.Errorf("rename.tables[%d]: %q is listed twice", i, name))
			continue
		}
		if _, err := openTable(name); err != nil {
			faults = append(faults, fmt.Errorf("rename.tables[%d]: %w", i, err))
		}
	}
	switch c.Unmatched {
	case UnmatchedDerive, UnmatchedKeep, UnmatchedDrop:
	default:
		faults = append(faults, fmt.Errorf("rename.unmatched: must be derive, keep or drop (got %q)", c.Unmatched))
	}
	return errors.Join(faults...)
}
