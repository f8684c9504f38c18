package main

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is the Markdown of one round: under which conditions, and a row for each contender.
func (b *bench) report(r round, results []result, versions string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "### %s, %s series\n\n%s%s.\n\n", r.name, thousands(b.source.series), strings.ToUpper(r.about[:1]), r.about[1:])
	fmt.Fprintf(&out, "%s, Weir at %s; %d targets, scraped every %s; %d windows of %s; %s; %d processors; %s.\n\n",
		time.Now().UTC().Format(time.DateOnly), commit(), len(b.source.targets), b.interval, b.windows, b.window, b.collection(), runtime.NumCPU(), versions)
	var present []string
	for _, name := range yardsticks {
		if slices.ContainsFunc(results, func(row result) bool { return row.Name == name }) {
			present = append(present, name)
		}
	}
	head := []string{"contender", "RW", "CPU s per million samples"}
	for _, name := range present {
		head = append(head, "× "+name)
	}
	head = append(head, "RSS MB (peak)", "anonymous + file MB", "B per series", "wire B per sample", "lost", "invented series", "out of order", "duplicates", "delay s")
	fmt.Fprintf(&out, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, row := range results {
		cells := []string{row.Name, row.Protocol, row.cpu.format(2)}
		for _, name := range present {
			cells = append(cells, row.times[name].format(3))
		}
		fmt.Fprintf(&out, "| %s |\n", strings.Join(append(cells, row.counts()...), " | "))
	}
	for _, row := range results {
		if row.behind {
			fmt.Fprintf(&out, "\n%s did not keep up: in some window less than 90 %% of what it scraped arrived.\n", row.Name)
		}
	}
	return out.String()
}

// collection says how memory is collected. The defaults are in the programs' sources.
func (b *bench) collection() string {
	if b.gogc == "" {
		return "GOGC as each program sets it (100; vmagent 50, prometheus 75)"
	}
	return "GOGC=" + b.gogc + " for all"
}

func (r result) counts() []string {
	lost, extra := fmt.Sprintf("%d of %d", r.lost, r.served), fmt.Sprint(r.extra)
	if r.Steps == merged {
		lost, extra = "-", "-"
	}
	return []string{
		fmt.Sprintf("%.0f (%.0f)", r.rss/1e6, r.peak/1e6), fmt.Sprintf("%.0f + %.0f", r.anon/1e6, (r.rss-r.anon)/1e6), fmt.Sprintf("%.0f", r.perSeries), fmt.Sprintf("%.1f", r.wire),
		lost, extra, fmt.Sprint(r.disordered), fmt.Sprint(r.duplicates), fmt.Sprintf("%.1f", r.delay.Seconds()),
	}
}

// modules of whose version a program's behaviour follows.
var modules = map[program]string{
	vmagent:    "github.com/VictoriaMetrics/VictoriaMetrics",
	prometheus: "github.com/prometheus/prometheus",
	otelcol:    "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/prometheusreceiver",
}

// versionsOf names the programs of a round, as their executables tell it.
func versionsOf(r round, paths map[program]string) (string, error) {
	var texts []string
	seen := map[program]bool{}
	for _, c := range r.contenders {
		if seen[c.Program] {
			continue
		}
		seen[c.Program] = true
		info, err := buildinfo.ReadFile(paths[c.Program])
		if err != nil {
			return "", err
		}
		text := string(c.Program)
		for _, d := range info.Deps {
			if d.Path == modules[c.Program] {
				text += " " + d.Version
			}
		}
		texts = append(texts, text+" ("+info.GoVersion+")")
	}
	return strings.Join(texts, ", "), nil
}

// commit is the repository's, with a plus if files differ from it.
func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty=+").Output()
	if err != nil {
		return "an unknown commit"
	}
	return strings.TrimSpace(string(out))
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// save puts a section between its markers in a Markdown page, or at its end if it has none yet.
func save(path, round string, series int, text string) error {
	if path == "" {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	page := string(data)
	begin := fmt.Sprintf("<!-- bench-pipeline %s %d -->\n", round, series)
	const end = "<!-- /bench-pipeline -->\n"
	section := begin + text + end
	before, rest, found := strings.Cut(page, begin)
	if !found {
		return os.WriteFile(path, []byte(page+"\n"+section), 0o644)
	}
	_, after, found := strings.Cut(rest, end)
	if !found {
		return fmt.Errorf("%s: no %q after %q", path, strings.TrimSpace(end), strings.TrimSpace(begin))
	}
	return os.WriteFile(path, []byte(before+section+after), 0o644)
}
