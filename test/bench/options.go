package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"weir.example/test/cluster"
)

// options say what is measured, and how long.
type options struct {
	rounds     []round
	series     []int
	targets    int           // 0: one for 10,000 series
	interval   time.Duration // between scrapes; 0: by the number of series
	windows    int
	window     time.Duration // 0: two intervals
	warmup     time.Duration // 0: two intervals
	drainLimit time.Duration
	gogc       string // empty: each program's own
	doc        string // Markdown page; empty: none
	profiles   string // directory; empty: no profiles
}

func parseOptions(flags *flag.FlagSet, args []string) (options, error) {
	var o options
	var smoke bool
	var chosen, sizes, only string
	flags.StringVar(&chosen, "run", "all", "rounds, separated by commas: "+strings.Join(roundNames(), ", ")+", or all but sidecar")
	flags.StringVar(&sizes, "series", "200000", "active series, separated by commas")
	flags.IntVar(&o.targets, "targets", 0, "TaskManagers (default one for 10,000 series)")
	flags.DurationVar(&o.interval, "interval", 0, "between scrapes (default 15s; beyond 300,000 series 60s)")
	flags.IntVar(&o.windows, "windows", 3, "number of windows that are measured")
	flags.DurationVar(&o.window, "window", 0, "length of a window, a whole number of intervals (default two)")
	flags.DurationVar(&o.warmup, "warmup", 0, "between the first scrapes and the first window (default two intervals)")
	flags.DurationVar(&o.drainLimit, "drain", time.Minute, "longest wait for what was scraped to arrive")
	flags.StringVar(&only, "only", "", "contenders, separated by commas (default all of a round)")
	flags.StringVar(&o.gogc, "gogc", "", "GOGC of all contenders (default each program's own)")
	flags.StringVar(&o.doc, "doc", "", "Markdown page that gets the results")
	flags.StringVar(&o.profiles, "profiles", "", "existing directory that gets CPU and allocation profiles of Weir")
	flags.BoolVar(&smoke, "smoke", false, "20 seconds a round with 2,000 series: does it all still work?")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if smoke {
		sizes, o.targets, o.interval, o.windows, o.doc = "2000", 2, time.Second, 1, ""
	}
	for name := range strings.SplitSeq(chosen, ",") {
		i := slices.IndexFunc(rounds, func(r round) bool { return r.name == name })
		switch {
		case name == "all":
			o.rounds = slices.DeleteFunc(slices.Clone(rounds), func(r round) bool { return r.apart })
		case i < 0:
			return o, fmt.Errorf("-run: there is no round %q (%s)", name, strings.Join(roundNames(), ", "))
		default:
			o.rounds = append(o.rounds, rounds[i])
		}
	}
	if only != "" {
		o.rounds = restrict(o.rounds, strings.Split(only, ","))
	}
	for text := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return o, fmt.Errorf("-series: %q is no number of series", text)
		}
		o.series = append(o.series, n)
	}
	if o.window%max(o.interval, 1) != 0 {
		return o, fmt.Errorf("-window: %s is not a whole number of intervals of %s", o.window, o.interval)
	}
	return o, nil
}

// restrict leaves only the named contenders in each round.
func restrict(all []round, names []string) []round {
	all = slices.Clone(all)
	for i, r := range all {
		all[i].contenders = slices.DeleteFunc(slices.Clone(r.contenders), func(c contender) bool { return !slices.Contains(names, c.Name) })
	}
	return slices.DeleteFunc(all, func(r round) bool { return len(r.contenders) == 0 })
}

// sized fills in what follows from the number of series.
func (o options) sized(series int) options {
	if o.targets == 0 {
		o.targets = max(1, series/10_000)
	}
	if o.interval == 0 {
		o.interval = 15 * time.Second
		if series > 300_000 {
			o.interval = time.Minute // two processors cannot carry four contenders otherwise
		}
	}
	if o.window == 0 {
		o.window = 2 * o.interval
	}
	if o.warmup == 0 {
		o.warmup = 2 * o.interval
	}
	return o
}

func roundNames() []string {
	names := make([]string, len(rounds))
	for i, r := range rounds {
		names[i] = r.name
	}
	return names
}

// executables finds the programs that the rounds need.
func executables(chosen []round) (map[program]string, error) {
	root, err := cluster.Root()
	if err != nil {
		return nil, err
	}
	paths := map[program]string{}
	for _, r := range chosen {
		for _, c := range r.contenders {
			if paths[c.Program], err = binaries[c.Program].Path(root); err != nil {
				return nil, err
			}
		}
	}
	return paths, nil
}
