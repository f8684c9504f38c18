package cardinalityprocessor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
)

// logDirectories is what `storage:` asks of an extension: a directory for a log, which belongs to its asker alone.
type logDirectories interface {
	LogDirectory(kind component.Kind, id component.ID, name string) (string, error)
}

// stateLog is the name of this processor's log among those that the extension may keep for it.
const stateLog = "state"

// stateDirectory asks the storage extension for the directory of this processor's state.
func stateDirectory(host component.Host, storage, processor component.ID) (string, error) {
	extensions := host.GetExtensions()
	extension, found := extensions[storage]
	if !found {
		return "", fmt.Errorf("storage: %q is not in service.extensions (there: %s)", storage, listed(extensions))
	}
	logs, ok := extension.(logDirectories)
	if !ok {
		return "", fmt.Errorf("storage: %q keeps no logs (allowed: an extension that does, such as pebblestorage)", storage)
	}
	directory, err := logs.LogDirectory(component.KindProcessor, processor, stateLog)
	if err != nil {
		return "", fmt.Errorf("storage: %q gives no directory: %w", storage, err)
	}
	return directory, nil
}

func listed(extensions map[component.ID]component.Component) string {
	if len(extensions) == 0 {
		return "none"
	}
	var names []string
	for id := range maps.Keys(extensions) {
		names = append(names, id.String())
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
