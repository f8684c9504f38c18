package cardinalityprocessor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"weir.example/internal/strictconfig"
	"weir.example/processor/cardinalityprocessor/internal/rules"
	"weir.example/processor/cardinalityprocessor/internal/sanitize"
)

const (
	// rulesPoll is how often the file of rules is read. Its content decides, not its name or time, so a symbolic link
	// that is swapped, as Kubernetes does with a ConfigMap, is seen like an edit.
	rulesPoll = 5 * time.Second
	// maxRulesFile bounds the file, in bytes.
	maxRulesFile = 4 << 20
)

// rulesFile is the file of rules while it is watched.
type rulesFile struct {
	path   string
	active [sha256.Size]byte // content in force
	judged [sha256.Size]byte // content, or error, that was looked at last
}

// rulesText is what the file holds: its rules stand in place of those of the configuration, its keep adds to theirs.
type rulesText struct {
	Keep  []string     `mapstructure:"keep"`
	Rules []rules.Rule `mapstructure:"rules"`
}

// firstRules compiles the rules that are in force at first; file is nil when they stand in the configuration.
func (cfg *Config) firstRules(reader *sanitize.Reader) (set *rules.Set, file *rulesFile, err error) {
	if cfg.RulesFile == "" {
		set, err = cfg.compileRules(cfg.Rules, cfg.Keep, reader)
		return set, nil, err
	}
	if len(cfg.Rules) > 0 {
		return nil, nil, errors.New("rules_file: rules is set too (allowed: one of them)")
	}
	content, err := readRules(cfg.RulesFile)
	if err != nil {
		return nil, nil, err
	}
	hash := sha256.Sum256(content)
	set, err = cfg.compileFile(content, reader)
	return set, &rulesFile{path: cfg.RulesFile, active: hash, judged: hash}, err
}

func (cfg *Config) compileFile(content []byte, reader *sanitize.Reader) (*rules.Set, error) {
	var text rulesText
	if err := text.parse(content); err != nil {
		return nil, fmt.Errorf("rules_file: %q: %w", cfg.RulesFile, err)
	}
	set, err := cfg.compileRules(text.Rules, append(text.Keep, missing(cfg.Keep, text.Keep)...), reader)
	if err != nil {
		return nil, fmt.Errorf("rules_file: %q: %w", cfg.RulesFile, err)
	}
	return set, nil
}

// missing returns what is in all and not in some.
func missing(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}

// readRules reads the file whole, or not at all.
func readRules(path string) ([]byte, error) {
	file, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxRulesFile+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	if len(content) > maxRulesFile {
		return nil, fmt.Errorf("rules_file: %q is larger than the %d bytes allowed", path, maxRulesFile)
	}
	return content, nil
}

// unreadable names the path once: it stands in the message of a PathError too.
func unreadable(path string, err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathError.Err
	}
	return fmt.Errorf("rules_file: cannot read %q: %w", path, err)
}

// parse names every mistake with its key.
func (t *rulesText) parse(content []byte) error {
	if len(bytes.TrimSpace(content)) == 0 {
		return errors.New(`must not be empty (allowed: "rules: []" for none)`)
	}
	retrieved, err := confmap.NewRetrievedFromYAML(content)
	if err != nil {
		return err
	}
	conf, err := retrieved.AsConf()
	if err != nil {
		return fmt.Errorf("must be YAML with the keys keep and rules: %w", err)
	}
	return strictconfig.Unmarshal(conf, t)
}

// watchRules puts other rules in force when the file changes, until ctx ends.
func (c *core) watchRules(ctx context.Context) {
	for pause(ctx, rulesPoll) {
		c.pollRules()
	}
}

// pollRules looks at the file once. With a bad one the old rules stay, and that is told once per content.
func (c *core) pollRules() {
	r := c.file
	content, err := readRules(r.path)
	judged := sha256.Sum256(content)
	if err != nil {
		judged = sha256.Sum256([]byte(err.Error()))
	}
	if judged == r.judged {
		return
	}
	if err == nil && judged != r.active {
		err = c.swapRules(content)
		if errors.Is(err, errLater) {
			return
		}
	}
	r.judged = judged
	c.report.reloaded(err)
	if err != nil {
		c.log.Warn("the rules cannot be used; those before stay in force", zap.Error(err))
		return
	}
	r.active = judged
	c.log.Info("rules in force", zap.String("rules_file", r.path))
}

// errLater wraps what has nothing to do with the file.
var errLater = errors.New("rules are put in force later")

// swapRules puts rules in force between two calls. Series whose rules did not change keep their state; others go on
// under another output from their last value on.
func (c *core) swapRules(content []byte) error {
	set, err := c.cfg.compileFile(content, c.reader)
	if err != nil {
		return err
	}
	if c.metrics {
		c.mu.Lock()
		defer c.mu.Unlock()
		if err := c.adopt(set.Identity(), true); err != nil {
			return fmt.Errorf("%w: %w", errLater, err)
		}
		c.walker.swapRules(set)
	}
	c.inForce.Store(set)
	return nil
}

// adopt notes under which rules series get their identities; c.mu is held. When others are superseded than before,
// inputs are other series, whose start times prove nothing about what was counted.
func (c *core) adopt(identity [sha256.Size]byte, counted bool) error {
	if identity == c.memo.identity {
		return nil
	}
	if counted {
		if _, err := c.commit(aggregateKind, c.aggregate.JoinFloor(c.timestamp())); err != nil {
			return err
		}
	}
	_, err := c.commit(memoKind, identity[:])
	return err
}
