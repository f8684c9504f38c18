package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"weir.example/internal/cputime"
)

// binaries are test binaries by the folder of their package. They run in that folder.
type binaries struct {
	root   string
	path   map[string]string
	window string // how long a benchmark runs at a time
}

// build compiles the packages of all stations and yardsticks.
func build(ctx context.Context, root, dir string, all []station) (binaries, error) {
	b := binaries{root, map[string]string{}, window}
	for _, s := range all {
		for _, folder := range []string{s.of.folder, s.yardstick.folder} {
			if b.path[folder] != "" {
				continue
			}
			b.path[folder] = filepath.Join(dir, strings.ReplaceAll(folder, "/", "-")+".test")
			cmd := exec.CommandContext(ctx, "go", "test", "-c", "-o", b.path[folder], ".")
			cmd.Dir = filepath.Join(root, folder)
			cmd.Env = append(os.Environ(), "GOWORK=off")
			if out, err := cmd.CombinedOutput(); err != nil {
				return b, fmt.Errorf("go test -c in %s: %w\n%s", folder, err, out)
			}
		}
	}
	return b, nil
}

// window is short, so that what disturbs the machine disturbs a station and its yardstick alike, or neither.
const window = "50ms"

// measure runs a benchmark for one window.
func (b binaries) measure(ctx context.Context, of benchmark) (figure, error) {
	cmd := exec.CommandContext(ctx, b.path[of.folder],
		"-test.run=^$", "-test.bench="+pattern(of.name), "-test.benchtime="+b.window, "-test.benchmem", "-test.cpu=1")
	cmd.Dir = filepath.Join(b.root, of.folder)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return figure{}, fmt.Errorf("%s in %s: %w\n%s", of.name, of.folder, err, out)
	}
	return parseFigure(string(out), of)
}

// pattern is what selects one benchmark.
func pattern(name string) string {
	parts := strings.Split("Benchmark"+name, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}

// figure is what a benchmark has shown.
type figure struct {
	nanos       float64 // of processor time per sample
	allocations int64   // per operation
}

// parseFigure reads the line of a benchmark: its name, a count, and pairs of value and unit.
func parseFigure(out string, of benchmark) (figure, error) {
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[0] != "Benchmark"+of.name {
			continue
		}
		per := map[string]float64{}
		for i := 2; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return figure{}, fmt.Errorf("%q: %w", line, err)
			}
			per[fields[i+1]] = v
		}
		if per[cputime.Unit] == 0 {
			return figure{}, fmt.Errorf("%s in %s reports no %s", of.name, of.folder, cputime.Unit)
		}
		return figure{per[cputime.Unit], int64(per["allocs/op"])}, nil
	}
	return figure{}, fmt.Errorf("%s has no benchmark %q", of.folder, of.name)
}

// best is the lower of each: whatever disturbs only adds.
func (f figure) best(g figure) figure {
	return figure{math.Min(f.nanos, g.nanos), min(f.allocations, g.allocations)}
}
