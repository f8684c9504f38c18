package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// stopGrace is what a process gets between SIGTERM and SIGKILL. A JobManager needs the longest.
const stopGrace = 20 * time.Second

// Group holds the processes of one test or demo. Its methods may be called by several goroutines.
type Group struct {
	Dir string // work directory: logs, data and configuration of the processes

	mu        sync.Mutex
	processes []*Process
	expected  map[*Process]bool // may end without being a failure
	firstDead *Process
	died      chan struct{} // closed with the first unexpected end
}

// NewGroup makes an empty group whose processes work in dir.
func NewGroup(dir string) *Group {
	return &Group{Dir: dir, expected: map[*Process]bool{}, died: make(chan struct{})}
}

// Start runs a command in the group; its Dir defaults to the group's.
func (g *Group) Start(c Command) (*Process, error) {
	if c.Dir == "" {
		c.Dir = g.Dir
	}
	p, err := startProcess(c)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	g.processes = append(g.processes, p)
	g.mu.Unlock()
	go g.watch(p)
	return p, nil
}

func (g *Group) watch(p *Process) {
	<-p.Done()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.expected[p] || g.firstDead != nil { // the first death is the one that explains the others
		return
	}
	g.firstDead = p
	close(g.died)
}

// Died is closed when a process has ended although nobody asked it to; Failure then tells which and shows its log.
func (g *Group) Died() <-chan struct{} { return g.died }

// Failure describes the first process that ended unexpectedly; nil as long as none has.
func (g *Group) Failure() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.firstDead == nil {
		return nil
	}
	return g.firstDead.Failure()
}

// Expect says that a process may end by itself: it does not count as died.
func (g *Group) Expect(p *Process) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expected[p] = true
}

// StopProcess ends one process as wanted: it does not count as died.
func (g *Group) StopProcess(p *Process) error {
	g.Expect(p)
	return p.Stop(stopGrace)
}

// KillProcess ends one process with SIGKILL as wanted: it does not count as died.
func (g *Group) KillProcess(p *Process) error {
	g.Expect(p)
	return p.Kill()
}

// Stop ends all processes, the last started first, calls before with each name if before is given, and reports every
// process that had to be killed or left something behind.
func (g *Group) Stop(before func(name string)) error {
	g.mu.Lock()
	all := g.processes
	g.processes = nil
	for _, p := range all {
		g.expected[p] = true
	}
	g.mu.Unlock()
	var errs []error
	for i := len(all) - 1; i >= 0; i-- {
		if before != nil && all[i].Alive() {
			before(all[i].Name)
		}
		errs = append(errs, all[i].Stop(stopGrace))
	}
	return errors.Join(errs...)
}

// Wait polls check until it returns nil. It gives up when the limit is over, the context ends or a process of the group dies,
// and then tells what it waited for and the last answer.
func (g *Group) Wait(ctx context.Context, what string, limit time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waited %s for %s: %w (logs are in %s)", limit, what, err, g.Dir)
		case <-g.died:
			return fmt.Errorf("while waiting for %s: %w", what, g.Failure())
		}
	}
}
