// Command demo shows Weir's main job on one machine: it starts Apache Flink (or replays recorded reporters), VictoriaMetrics and
// Weir between them, waits until documented metrics can be queried, prints where the charts are, and ends everything it started
// when it is interrupted.
//
//	demo [-source flink|recorded] [-for 1m] [-vm-port 8428] ...
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	o, err := parseOptions(flag.CommandLine, os.Args[1:], os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(2)
	}
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		restore() // a second ^C ends us at once, and the kernel ends our children
	}()
	if err := run(ctx, o, newProgress(time.Now())); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// newProgress returns a function that prints a line after the seconds since start.
func newProgress(start time.Time) func(string) {
	return func(line string) { fmt.Printf("[%4.0fs] %s\n", time.Since(start).Seconds(), line) }
}
