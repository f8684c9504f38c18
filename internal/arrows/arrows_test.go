// Package arrows_test holds the tree to the arrows of docs/architecture.md:
// a component imports internal packages, never another component; an internal
// package imports no component. It also keeps files readable in one sitting.
package arrows_test

import (
	"bufio"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	root = "../.."
	// maxLines is the most a hand-written, non-test file may have.
	maxLines = 400
)

// kinds are the folders that hold components, one folder each.
var kinds = []string{"receiver", "processor", "exporter", "extension"}

func TestComponentsImportOnlyInternalPackages(t *testing.T) {
	module := modulePath(t)
	files := sourceFiles(t)
	require.NotEmpty(t, files, "no Go files found below %s: the walk is broken", root)
	for _, file := range files {
		from := componentOf(file)
		for _, imported := range importsOf(t, file) {
			inside, ok := strings.CutPrefix(imported, module+"/")
			if !ok {
				continue
			}
			to := componentOf(inside + "/x.go")
			if to != "" && to != from {
				t.Errorf("%s imports the component %s: only the distribution joins components", file, inside)
			}
		}
	}
}

func TestHandWrittenFilesStayShort(t *testing.T) {
	for _, file := range sourceFiles(t) {
		if strings.HasSuffix(file, "_test.go") || strings.Contains(file, "generated_") {
			continue
		}
		if n := countLines(t, file); n > maxLines {
			t.Errorf("%s has %d lines, at most %d are allowed: is there a second noun inside?", file, n, maxLines)
		}
	}
}

// componentOf gives "receiver/foo" for a file below that folder, "" for any other file.
func componentOf(file string) string {
	parts := strings.Split(filepath.ToSlash(file), "/")
	for _, kind := range kinds {
		if parts[0] == kind && len(parts) > 2 {
			return parts[0] + "/" + parts[1]
		}
	}
	return ""
}

// sourceFiles lists the Go files of components and internal packages, relative to the root.
func sourceFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, dir := range append([]string{"internal"}, kinds...) {
		start := filepath.Join(root, dir)
		if _, err := os.Stat(start); os.IsNotExist(err) {
			continue
		}
		require.NoError(t, filepath.WalkDir(start, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" {
				return err
			}
			relative, err := filepath.Rel(root, path)
			files = append(files, relative)
			return err
		}))
	}
	return files
}

func importsOf(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ImportsOnly)
	require.NoError(t, err)
	var paths []string
	for _, spec := range parsed.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		paths = append(paths, path)
	}
	return paths
}

func modulePath(t *testing.T) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(body), "\n")
	return strings.TrimSpace(strings.TrimPrefix(first, "module"))
}

func countLines(t *testing.T, file string) int {
	t.Helper()
	handle, err := os.Open(filepath.Join(root, file))
	require.NoError(t, err)
	defer handle.Close()
	lines := 0
	for scanner := bufio.NewScanner(handle); scanner.Scan(); {
		lines++
	}
	return lines
}
