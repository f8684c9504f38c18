package pebblestorage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.opentelemetry.io/collector/component"
)

// logsName is the folder of the directories that LogDirectory gives.
const logsName = "logs"

// LogDirectory gives a component a directory of its own, for a log that it keeps itself: <directory>/logs/
// <kind>_<type>_<name of the component>_<name>, each part escaped. It exists, for its owner only. `fsync` and
// `max_size_mib` are not about what is in it. Asking for the same one twice is an error.
func (p *pebbleStorage) LogDirectory(kind component.Kind, id component.ID, name string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.store == nil {
		return "", errNotOpen
	}
	base := logName(kind, id, name)
	if p.given[base] {
		return "", fmt.Errorf("log directory %q is given to another component already", base)
	}
	directory := filepath.Join(p.cfg.Directory, logsName, base)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return "", fmt.Errorf("directory: cannot create a log directory: %w", err)
	}
	p.given[base] = true
	return directory, nil
}

// logName is different for every kind, ID and name.
func logName(kind component.Kind, id component.ID, name string) string {
	parts := []string{strings.ToLower(kind.String()), id.Type().String(), id.Name(), name}
	for i, part := range parts {
		parts[i] = escape(part)
	}
	return strings.Join(parts, "_")
}

// escape writes all but letters, digits and dashes as %XX.
func escape(part string) string {
	var b strings.Builder
	for _, c := range []byte(part) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
