package flinktest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Cluster is a set of endpoints that stay at the same step.
type Cluster struct {
	Endpoints []*Endpoint // in the order of Scenario: the JobManager first
}

// StartCluster starts an endpoint per process, on addrs as far as they reach and on free ports of 127.0.0.1 beyond.
// The caller must Close it.
func StartCluster(processes []Process, script func(pages ...Page) Script, addrs ...string) (*Cluster, error) {
	c := &Cluster{}
	for i, p := range processes {
		addr := "127.0.0.1:0"
		if i < len(addrs) {
			addr = addrs[i]
		}
		e, err := StartEndpoint(addr, script(p.Pages...))
		if err != nil {
			c.Close()
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		c.Endpoints = append(c.Endpoints, e)
	}
	return c, nil
}

// Seek takes all endpoints to a step.
func (c *Cluster) Seek(step int) error {
	var errs []error
	for _, e := range c.Endpoints {
		errs = append(errs, e.Seek(step))
	}
	return errors.Join(errs...)
}

// URLs returns what to scrape, in the order of the endpoints.
func (c *Cluster) URLs() []string {
	urls := make([]string, len(c.Endpoints))
	for i, e := range c.Endpoints {
		urls[i] = e.URL()
	}
	return urls
}

// Close stops all endpoints.
func (c *Cluster) Close() {
	for _, e := range c.Endpoints {
		e.Close()
	}
}

// captureInterval is the time between the pages of a recorded scenario.
const captureInterval = 10 * time.Second

// ServeScenario serves a recorded scenario until ctx ends, in a loop with counters that go on, at the speed at which it
// was recorded. Processes without an address get a free port of 127.0.0.1. ready is called with the URLs.
func ServeScenario(ctx context.Context, version, scenario string, ready func(urls []string), addrs ...string) error {
	processes, err := Scenario(version, scenario)
	if err != nil {
		return err
	}
	cluster, err := StartCluster(processes, Loop, addrs...)
	if err != nil {
		return err
	}
	defer cluster.Close()
	ready(cluster.URLs())
	ticker := time.NewTicker(captureInterval)
	defer ticker.Stop()
	for step := 1; ; step++ {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := cluster.Seek(step); err != nil {
			return err
		}
	}
}
