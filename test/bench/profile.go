package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
)

// profile fetches profiles of CPU, allocations and live memory of all instances of Weir for the length of a window, after the windows that count.
func (b *bench) profile(ctx context.Context, r round, runners []*runner) error {
	seconds := fmt.Sprintf("seconds=%.0f", b.window.Seconds())
	b.progress("  profiles of %s", b.window)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for _, c := range runners {
		if c.Program != weir {
			continue
		}
		for kind, query := range map[string]string{"profile": seconds, "allocs": seconds, "heap": "gc=1"} {
			wg.Go(func() {
				url := fmt.Sprintf("http://%s/debug/pprof/%s?%s", c.debug, kind, query)
				path := filepath.Join(b.profiles, fmt.Sprintf("%s-%s-%d.%s", r.name, c.Name, b.source.series, kind))
				if err := download(ctx, url, path); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	return failed
}

func download(ctx context.Context, url, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(f, resp.Body)
	return err
}
