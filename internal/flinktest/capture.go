package flinktest

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed testdata
var captures embed.FS

// Page is what a process has at one step: a body in the Prometheus text format, or nothing that listens.
type Page struct {
	Body    []byte
	Refused bool
}

// Process is one JobManager or TaskManager of a recorded scenario.
type Process struct {
	Name  string // jobmanager, taskmanager-1, ...
	Pages []Page // in the order they were taken, 10 s apart
}

// Scenario returns the processes of a recorded scenario, sorted by name. Versions are "1.18.1" and "1.20.3"; scenarios
// are the folders of testdata: steady, restart, cancel, tm-kill, ...
func Scenario(version, name string) ([]Process, error) {
	folder := path.Join("testdata", version, name)
	entries, err := fs.ReadDir(captures, folder)
	if err != nil {
		return nil, fmt.Errorf("no capture of Flink %q, scenario %q: %w", version, name, err)
	}
	var processes []Process
	for _, entry := range entries { // sorted by name, so that the pages of a process are neighbours
		file := entry.Name()
		process := processOf(file)
		if n := len(processes); n == 0 || processes[n-1].Name != process {
			processes = append(processes, Process{Name: process})
		}
		page, err := readPage(path.Join(folder, file))
		if err != nil {
			return nil, err
		}
		last := &processes[len(processes)-1]
		last.Pages = append(last.Pages, page)
	}
	return processes, nil
}

// processOf cuts jobmanager-03.txt.gz and taskmanager-1-03.txt.gz before the step.
func processOf(file string) string {
	process, rest, _ := strings.Cut(file, "-")
	if process == "taskmanager" {
		number, _, _ := strings.Cut(rest, "-")
		process += "-" + number
	}
	return process
}

// Scenarios returns all recorded scenarios as version and name, sorted.
func Scenarios() [][2]string {
	folders, _ := fs.Glob(captures, "testdata/*/*")
	slices.Sort(folders)
	scenarios := make([][2]string, len(folders))
	for i, folder := range folders {
		version, name := path.Split(strings.TrimPrefix(folder, "testdata/"))
		scenarios[i] = [2]string{path.Clean(version), name}
	}
	return scenarios
}

// readPage reads a capture, or the record of a refused connection, which ends in .err.
func readPage(file string) (Page, error) {
	if strings.HasSuffix(file, ".err") {
		return Page{Refused: true}, nil
	}
	zipped, err := captures.ReadFile(file)
	if err != nil {
		return Page{}, err
	}
	z, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return Page{}, fmt.Errorf("%s: %w", file, err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		return Page{}, fmt.Errorf("%s: %w", file, err)
	}
	return Page{Body: body}, nil
}
