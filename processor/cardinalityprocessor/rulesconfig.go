package cardinalityprocessor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/rules"
	"weir.example/processor/cardinalityprocessor/internal/sanitize"
	"weir.example/processor/cardinalityprocessor/internal/template"
)

const (
	minHashKey = 16   // bytes: a shorter one can be guessed
	maxHashKey = 4096 // bytes
)

// compileRules compiles a list of rules with what else is configured. The reader, nil for a new one, keeps what it
// learned about values.
func (c *Config) compileRules(list []rules.Rule, keep []string, reader *sanitize.Reader) (*rules.Set, error) {
	key, err := c.readHashKey()
	if err != nil {
		return nil, err
	}
	return rules.Compile(rules.Source{
		Rules: list, Keep: keep, Preset: c.Preset, AllowSensitive: c.AllowSensitive, HashKey: key, Reader: reader,
	})
}

// newReader returns a reader of values that has learned nothing.
func newReader() *sanitize.Reader {
	return sanitize.NewReader(detect.New(), template.NewMiner(template.DefaultLimits))
}

// readHashKey returns the key of the action hash, nil if none is configured. Errors never hold a part of it.
func (c *Config) readHashKey() ([]byte, error) {
	switch {
	case c.HashKey != "" && c.HashKeyFile != "":
		return nil, errors.New("hash_key_file: hash_key is set too (allowed: one of them)")
	case c.HashKey != "":
		return checkHashKey("hash_key", []byte(c.HashKey))
	case c.HashKeyFile == "":
		return nil, nil
	}
	file, err := os.Open(filepath.Clean(c.HashKeyFile))
	if err == nil {
		defer file.Close()
		var key []byte
		if key, err = io.ReadAll(io.LimitReader(file, maxHashKey+2)); err == nil {
			return checkHashKey("hash_key_file", bytes.TrimRight(key, "\r\n"))
		}
	}
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathError.Err
	}
	return nil, fmt.Errorf("hash_key_file: cannot read %q: %w", c.HashKeyFile, err)
}

func checkHashKey(path string, key []byte) ([]byte, error) {
	if len(key) < minHashKey || len(key) > maxHashKey {
		return nil, fmt.Errorf("%s: must have %d to %d bytes (got %d)", path, minHashKey, maxHashKey, len(key))
	}
	return key, nil
}
