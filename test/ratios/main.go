// Command ratios guards what a sample costs. It runs the benchmark of each station on a sample's way and, right
// beside it, a yardstick: what another's code, or a plain hash, takes for the same data in the same second. The speed of
// machines moves, ratios less. It fails when a ratio is more than twice the one in record.csv, or when a station
// allocates more than there.
//
// The way through the files: stations.go, binary.go, meter.go, record.go, report.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"weir.example/test/cluster"
)

func main() {
	renew := flag.Bool("record", false, "write what is measured to the record, and judge nothing but promises")
	only := flag.String("only", "", "stations, separated by commas (default all)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *only, *renew); err != nil {
		fmt.Fprintln(os.Stderr, "ratios:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, renew bool) error {
	began := time.Now()
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	root, err := cluster.Root()
	if err != nil {
		return err
	}
	file := filepath.Join(root, "test/ratios/record.csv")
	on, err := readRecord(file)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ratios-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binaries, err := build(ctx, root, dir, chosen)
	if err != nil {
		return err
	}
	fmt.Printf("built in %.0f s\n", time.Since(began).Seconds())
	m := newMeter(binaries.measure)
	if renew {
		err = m.renew(ctx, chosen, on)
	} else {
		err = m.judge(ctx, chosen, on)
	}
	fmt.Print(table(chosen, m.results, on))
	fmt.Printf("\n%.0f s in all\n", time.Since(began).Seconds())
	if err == nil && renew {
		return on.write(file)
	}
	return err
}

// choose returns the named stations, or all.
func choose(only string) ([]station, error) {
	if only == "" {
		return stations, nil
	}
	var chosen []station
	for name := range strings.SplitSeq(only, ",") {
		n := len(chosen)
		for _, s := range stations {
			if s.name == name {
				chosen = append(chosen, s)
			}
		}
		if len(chosen) == n {
			return nil, fmt.Errorf("-only: there is no station %q", name)
		}
	}
	return chosen, nil
}
