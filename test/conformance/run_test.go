//go:build conformance

package conformance

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/promtest"
	"weir.example/test/cluster"
)

const (
	patience     = 60 * time.Second
	idlePatience = 2 * time.Second // a sender that does nothing will not do more later
)

// run is one case under way: a target that serves a page, Weir, and a store.
type run struct {
	*promtest.Receiver

	instance string
	began    time.Time
	scrapes  atomic.Int64
}

// a case passes as soon as check returns nil, and check must hold still when Weir has ended.
type conformanceCase struct {
	name   string
	page   func(scrape int) string
	script func() promtest.Script // nil: everything is stored
	shards int                    // 0: 4
	check  func(*run) error
}

func TestCases(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRun(t, c)
			group := cluster.NewGroup(t.TempDir())
			limit := patience
			if os.Getenv(idle) == "" {
				p := r.start(t, group, c)
				t.Cleanup(func() {
					if t.Failed() {
						t.Log(p.LogTail())
					}
				})
			} else {
				limit = idlePatience
			}
			var err error
			r.Wait(limit, func() bool { err = c.check(r); return err == nil })
			require.NoError(t, err)
			require.NoError(t, group.Stop(nil))
			assert.NoError(t, c.check(r), "after the end")
			assert.Empty(t, r.Violations())
		})
	}
}

func newRun(t *testing.T, c conformanceCase) *run {
	r := &run{Receiver: promtest.New(), began: time.Now()}
	t.Cleanup(r.Close)
	if c.script != nil {
		r.SetScript(c.script())
	}
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		fmt.Fprint(w, c.page(int(r.scrapes.Add(1)-1)))
	}))
	t.Cleanup(target.Close)
	r.instance = strings.TrimPrefix(target.URL, "http://")
	return r
}

func (r *run) start(t *testing.T, group *cluster.Group, c conformanceCase) *cluster.Process {
	shards := c.shards
	if shards == 0 {
		shards = 4
	}
	file := filepath.Join(group.Dir, "weir.yaml")
	text := configuration(settings{Target: r.instance, Job: "test", Store: r.URL(), Protocol: "1.0", Shards: shards})
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	p, err := group.Start(cluster.Command{Name: "weir", Path: binary(t), Args: []string{"--config", file, cluster.ComponentStatus}})
	require.NoError(t, err)
	return p
}

// want is an error unless exactly one series has this name and these labels, and a sample of this value.
func (r *run) want(value float64, name string, labels ...string) error {
	found := r.Series(append([]string{"__name__", name}, labels...)...)
	if len(found) != 1 {
		return fmt.Errorf("%d series %s%v, want 1", len(found), name, labels)
	}
	for _, s := range found[0].Samples {
		if s.V == value {
			return nil
		}
	}
	return fmt.Errorf("no sample %v in %s%v", value, name, labels)
}
