package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"weir.example/test/cluster"
)

func main() {
	o, err := parseOptions(flag.CommandLine, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		restore() // a second ^C ends us at once, and the kernel ends our children
	}()
	began := time.Now()
	progress := func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "[%5.0fs] %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}
	if err := runAll(ctx, o, progress); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// runAll measures every chosen round with every chosen number of series. Results are written as soon as a round is over.
func runAll(ctx context.Context, o options, progress func(string, ...any)) error {
	paths, err := executables(o.rounds)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench-pipeline-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var failed []error
	for _, series := range o.series {
		failed = append(failed, runSize(ctx, o.sized(series), series, paths, dir, progress))
	}
	return errors.Join(failed...)
}

func runSize(ctx context.Context, o options, series int, paths map[program]string, dir string, progress func(string, ...any)) error {
	progress("%d series on %d targets, every %s", series, o.targets, o.interval)
	source, err := newSource(o.targets, series)
	if err != nil {
		return err
	}
	defer source.close()
	sink, err := newSink()
	if err != nil {
		return err
	}
	defer sink.close()
	command := func(s setup) (cluster.Command, error) { return s.command(paths[s.Program]) }
	b := &bench{options: o, source: source, sink: sink, command: command, dir: dir, progress: progress}
	for _, r := range o.rounds {
		progress("round %s: %s", r.name, r.about)
		results, err := b.run(ctx, r)
		if err != nil {
			return fmt.Errorf("round %s: %w", r.name, err)
		}
		versions, err := versionsOf(r, paths)
		if err != nil {
			return err
		}
		text := b.report(r, results, versions)
		fmt.Println(text)
		if err := save(o.doc, r.name, series, text); err != nil {
			return err
		}
	}
	return nil
}
