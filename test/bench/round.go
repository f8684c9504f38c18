package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"weir.example/test/cluster"
)

// bench runs rounds against one source and one sink.
type bench struct {
	options
	source   *source
	sink     *sink
	command  func(setup) (cluster.Command, error) // how a contender is started
	dir      string                               // for files of contenders
	progress func(format string, args ...any)
}

// runner is a contender while it runs.
type runner struct {
	contender
	process *cluster.Process
	debug   string // host:port of Weir's profiler
	marks   []mark // at the edges of the windows: one more than windows
	rss     []float64
	anon    []float64 // of rss what is in no file
	result  result
}

// mark is what was counted until an edge between windows.
type mark struct {
	cpu     time.Duration
	served  served
	arrived arrived
}

const (
	firstScrapes = 2 * time.Minute
	rssInterval  = 500 * time.Millisecond
)

// run measures the contenders of a round at the same time. It ends all processes that it started, also when ctx is cancelled.
func (b *bench) run(ctx context.Context, r round) (results []result, err error) {
	group := cluster.NewGroup(filepath.Join(b.dir, r.name))
	defer func() {
		if stopped := group.Stop(nil); err == nil {
			err = stopped
		}
	}()
	runners, err := b.start(group, r)
	if err != nil {
		return nil, err
	}
	if err := b.warm(ctx, group, runners); err != nil {
		return nil, err
	}
	if err := b.measure(ctx, group, runners); err != nil {
		return nil, err
	}
	if b.profiles != "" {
		if err := b.profile(ctx, r, runners); err != nil {
			return nil, err
		}
	}
	b.drain(ctx, runners)
	for _, c := range runners {
		peak := memory(c.process.PID(), "VmHWM")
		if err := group.StopProcess(c.process); err != nil {
			return nil, err
		}
		c.finish(b, peak)
	}
	compare(runners)
	for _, c := range runners {
		results = append(results, c.result)
	}
	return results, nil
}

func (b *bench) start(group *cluster.Group, r round) ([]*runner, error) {
	var runners []*runner
	for _, c := range r.contenders {
		b.source.reset(c.Name)
		b.sink.reset(c.Name)
		ports, err := cluster.FreePorts(2)
		if err != nil {
			return nil, err
		}
		s := setup{
			contender: c, Interval: b.interval, Targets: b.source.targets, Write: b.sink.url + c.Name,
			Dir: filepath.Join(group.Dir, c.Name), Debug: fmt.Sprintf("127.0.0.1:%d", ports[0]), Telemetry: ports[1],
		}
		command, err := b.command(s)
		if err != nil {
			return nil, err
		}
		command.Name, command.Dir = c.Name, s.Dir
		if b.gogc != "" {
			command.Env = append(command.Env, "GOGC="+b.gogc)
		}
		process, err := group.Start(command)
		if err != nil {
			return nil, err
		}
		runners = append(runners, &runner{contender: c, process: process, debug: s.Debug})
	}
	return runners, nil
}

// warm waits until every contender has scraped every target, and then some intervals more.
func (b *bench) warm(ctx context.Context, group *cluster.Group, runners []*runner) error {
	err := group.Wait(ctx, "the first scrapes", firstScrapes+b.interval, func(context.Context) error {
		for _, c := range runners {
			if n := b.source.stats(c.Name).scrapes; n < int64(len(b.source.targets)) {
				return fmt.Errorf("%s made %d", c.Name, n)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return b.pause(ctx, group, b.warmup, runners)
}

// pause lets contenders run for a time and samples their memory meanwhile.
func (b *bench) pause(ctx context.Context, group *cluster.Group, d time.Duration, runners []*runner) error {
	end := time.After(d)
	tick := time.NewTicker(min(rssInterval, d/4))
	defer tick.Stop()
	for {
		select {
		case <-end:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-group.Died():
			return group.Failure()
		case <-tick.C:
			for _, c := range runners {
				c.rss = append(c.rss, memory(c.process.PID(), "VmRSS"))
				c.anon = append(c.anon, memory(c.process.PID(), "RssAnon"))
			}
		}
	}
}

func (b *bench) measure(ctx context.Context, group *cluster.Group, runners []*runner) error {
	for _, c := range runners {
		c.rss, c.anon = nil, nil // of the warm-up
		if err := c.mark(b); err != nil {
			return err
		}
	}
	for w := range b.windows {
		if err := b.pause(ctx, group, b.window, runners); err != nil {
			return err
		}
		for _, c := range runners {
			if err := c.mark(b); err != nil {
				return err
			}
			b.progress("  window %d/%d  %s", w+1, b.windows, c.describe())
		}
	}
	return nil
}

func (c *runner) mark(b *bench) error {
	cpu, err := cpuTime(c.process.PID())
	c.marks = append(c.marks, mark{cpu, b.source.stats(c.Name), b.sink.stats(c.Name)})
	return err
}

// drain refuses scrapes and waits until nothing more arrives.
func (b *bench) drain(ctx context.Context, runners []*runner) {
	for _, c := range runners {
		b.source.refuse(c.Name)
	}
	const quiet = 5 * time.Second
	last, since := int64(-1), time.Now()
	for begun := time.Now(); time.Since(begun) < b.drainLimit && time.Since(since) < quiet && ctx.Err() == nil; {
		sum := int64(0)
		for _, c := range runners {
			sum += b.sink.stats(c.Name).samples
		}
		if sum != last {
			last, since = sum, time.Now()
		}
		time.Sleep(100 * time.Millisecond)
	}
}
