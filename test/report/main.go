// Command report turns `go test -json` on its standard input into a page of docs/results: what was run, when, on which commit,
// what each test said, and how it ended. It ends with 1 when a test failed.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// result is one test.
type result struct {
	name, outcome string
	seconds       float64
	lines         []string
}

func main() {
	title := flag.String("title", "", "first words of the page")
	command := flag.String("command", "", "what a reader can run to get it")
	dir := flag.String("dir", "", "where <title>-<date>.md is written")
	flag.Parse()
	began := time.Now()
	results, failed := read()
	file := filepath.Join(*dir, fmt.Sprintf("%s-%s.md", strings.ToLower(*title), began.Format(time.DateOnly)))
	if err := os.WriteFile(file, []byte(page(*title, *command, began, results)), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("written:", file)
	if failed {
		os.Exit(1)
	}
}

// log is what t.Log prints: place and text.
var log = regexp.MustCompile(`^\s+\w+\.go:\d+: (.*)\n$`)

func read() ([]*result, bool) {
	byName := map[string]*result{}
	failed := false
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var e struct {
			Action, Test, Output string
			Elapsed              float64
		}
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text()) // not a test's: the compiler's
			failed = true
			continue
		}
		failed = failed || e.Action == "fail"
		fmt.Print(e.Output)
		if e.Test == "" {
			continue
		}
		r := byName[e.Test]
		if r == nil {
			r = &result{name: e.Test}
			byName[e.Test] = r
		}
		switch e.Action {
		case "output":
			if m := log.FindStringSubmatch(e.Output); m != nil && strings.TrimSpace(m[1]) != "" && !strings.Contains(m[1], os.TempDir()) {
				r.lines = append(r.lines, m[1])
			}
		case "pass", "fail", "skip":
			r.outcome, r.seconds = e.Action, e.Elapsed
		}
	}
	all := slices.Collect(maps.Values(byName))
	slices.SortFunc(all, func(a, b *result) int { return cmp.Compare(a.name, b.name) })
	return all, failed
}

func page(title, command string, began time.Time, results []*result) string {
	var b strings.Builder
	count := map[string]int{}
	for _, r := range results {
		count[r.outcome]++
	}
	fmt.Fprintf(&b, "# %s, %s\n\n", title, began.Format("2006-01-02 15:04 MST"))
	fmt.Fprintf(&b, "`%s` on commit %s, %s, %s/%s, %d CPUs, %s.\n%d passed, %d failed, %d skipped.\n\n",
		command, commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Since(began).Round(time.Second),
		count["pass"], count["fail"], count["skip"])
	b.WriteString("| test | result | seconds | said |\n|---|---|---|---|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %s | %.1f | %s |\n", words(r.name), r.outcome, r.seconds, strings.ReplaceAll(strings.Join(r.lines, "<br>"), "|", "\\|"))
	}
	return b.String()
}

var (
	word = regexp.MustCompile(`[A-Z]+[a-z]*`)
	hump = regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`)
)

// words makes a sentence of a test's name.
func words(name string) string {
	top, sub, found := strings.Cut(strings.TrimPrefix(name, "Test"), "/")
	top = hump.ReplaceAllString(hump.ReplaceAllString(top, "$1$3 $2$4"), "$1$3 $2$4")
	first, rest, _ := strings.Cut(top, " ")
	top = strings.TrimSpace(first + " " + word.ReplaceAllStringFunc(rest, func(w string) string {
		if len(w) > 1 && strings.ToUpper(w) == w {
			return w // an abbreviation
		}
		return strings.ToLower(w)
	}))
	if found {
		return top + ": " + strings.ReplaceAll(sub, "_", " ")
	}
	return top
}

func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
