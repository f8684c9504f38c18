//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir.example/internal/promtest"
	"weir.example/test/cluster"
)

const (
	ordersJob = "Orders_pipeline__v1_2____EU" // as the reporter writes its name
	joinJob   = "join_job"

	steadyScrapes = 5
)

// story is one run of a cluster with Weir beside it: two jobs run, one fails and comes back, the other is cancelled, a TaskManager is
// killed, Weir is stopped. All tests look at the same story.
type story struct {
	group     *cluster.Group
	recorders []*recorder // JobManager, TaskManager 1, TaskManager 2 (the one that is killed)
	strict    *promtest.Receiver
	stores    map[string]*cluster.Store // prometheus, victoria
	file      string                    // OTLP JSON of the same data

	targets []*target // filled at the end
	ended   time.Time
}

// target is what one reporter said and when Weir says it was scraped.
type target struct {
	instance string
	scrapes  []scrape
	pages    []page
	times    []int64 // from the up series
	up       []float64
}

func tell(t *testing.T) *story {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	t.Cleanup(cancel)
	s := &story{group: cluster.NewGroup(t.TempDir()), stores: map[string]*cluster.Store{}}
	s.file = filepath.Join(s.group.Dir, "weir.json")
	t.Cleanup(func() { require.NoError(t, s.group.Stop(nil)) })
	start := time.Now()
	say := func(line string) { t.Logf("[%5.1fs] %s", time.Since(start).Seconds(), line) }

	flink, ports := s.startFlink(ctx, t, say)
	orders, err := flink.Submit(ctx, "example.weir.flink.OrdersJob", "400", "2", "0")
	require.NoError(t, err)
	join, err := flink.Submit(ctx, "example.weir.flink.JoinJob", "200", "2", "0")
	require.NoError(t, err)
	say("both jobs run")
	s.startStores(ctx, t)
	weir := s.startWeir(ctx, t)
	say("Weir runs")
	s.waitAll(ctx, t, steadyScrapes, func(b scrape) bool { return !b.failed })

	require.NoError(t, flink.FailJob("orders"))
	tm := s.recorders[1]
	tm.waitFor(ctx, t, steadyScrapes, "the orders job to come back", func(b scrape) bool {
		return hasAttempt(b.body, ordersJob, "1") && !hasAttempt(b.body, ordersJob, "0")
	})
	require.NoError(t, flink.WaitRunning(ctx, orders))
	say("the orders job has failed and come back")

	require.NoError(t, flink.Cancel(ctx, join))
	s.waitAll(ctx, t, 3, func(b scrape) bool { return !b.failed && !strings.Contains(b.body, joinJob) })
	say("the join job is cancelled")

	require.NoError(t, flink.KillTaskManager(ports[2]))
	s.recorders[2].waitFor(ctx, t, 3, "scrapes of the killed TaskManager", func(b scrape) bool { return b.failed })
	say("a TaskManager is killed")

	require.NoError(t, s.group.StopProcess(weir), weir.LogTail())
	s.ended = time.Now()
	say("Weir has stopped")
	s.collect(t)
	return s
}

func (s *story) startFlink(ctx context.Context, t *testing.T, say func(string)) (*cluster.Flink, []int) {
	root, err := cluster.Root()
	require.NoError(t, err)
	version := os.Getenv("FLINK_VERSION")
	if version == "" {
		version = cluster.DefaultFlinkVersion
	}
	jobs, err := cluster.BuildJobs(ctx, root, version, say)
	require.NoError(t, err)
	ports, err := cluster.FreePorts(5)
	require.NoError(t, err)
	reporters := ports[2:]
	flink, err := cluster.StartFlink(ctx, s.group, cluster.FlinkOptions{
		Jobs: jobs, RESTPort: ports[0], RPCPort: ports[1], JobManagerMetric: reporters[0], TaskManagers: reporters[1:], Slots: 4,
	}, say)
	require.NoError(t, err)
	for _, p := range reporters {
		s.recorders = append(s.recorders, newRecorder(t, fmt.Sprintf("http://localhost:%d/metrics", p)))
	}
	return flink, reporters
}

func (s *story) startStores(ctx context.Context, t *testing.T) {
	root, err := cluster.Root()
	require.NoError(t, err)
	s.strict = promtest.New()
	t.Cleanup(s.strict.Close)
	ports, err := cluster.FreePorts(2)
	require.NoError(t, err)
	prometheus, err := cluster.PrometheusBinary.Path(root)
	require.NoError(t, err)
	victoria, err := cluster.VictoriaMetricsBinary.Path(root)
	require.NoError(t, err)
	s.stores["prometheus"], err = cluster.StartPrometheus(ctx, s.group, prometheus, ports[0])
	require.NoError(t, err)
	s.stores["victoria"], err = cluster.StartVictoriaMetrics(ctx, s.group, victoria, ports[1], "")
	require.NoError(t, err)
}

func (s *story) startWeir(ctx context.Context, t *testing.T) *cluster.Process {
	root, err := cluster.Root()
	require.NoError(t, err)
	binary, err := cluster.WeirBinary.Path(root)
	require.NoError(t, err)
	ports, err := cluster.FreePorts(1)
	require.NoError(t, err)
	weir, err := cluster.StartWeir(ctx, s.group, binary, filepath.Join(root, "test", "e2e", "testdata", "stores.yaml"), ports[0],
		fmt.Sprintf("WEIR_HEALTH_PORT=%d", ports[0]),
		"JOBMANAGER="+s.recorders[0].url(),
		"TASKMANAGER_1="+s.recorders[1].url(),
		"TASKMANAGER_2="+s.recorders[2].url(),
		"STRICT_URL="+s.strict.URL(),
		"PROMETHEUS_URL="+s.stores["prometheus"].URL,
		"VICTORIA_URL="+s.stores["victoria"].URL,
		"FILE="+s.file)
	require.NoError(t, err)
	return weir
}

// waitAll waits for n more scrapes of every target that meet a condition.
func (s *story) waitAll(ctx context.Context, t *testing.T, n int, cond func(scrape) bool) {
	t.Helper()
	for _, r := range s.recorders {
		r.waitFor(ctx, t, n, "scrapes of "+r.upstream, cond)
	}
}

// collect brings together what was recorded and what was received. Weir may have been stopped between the end of a scrape and its
// delivery, so one scrape of each target may be missing.
func (s *story) collect(t *testing.T) {
	for _, r := range s.recorders {
		g := &target{instance: r.instance(), scrapes: r.all()}
		for _, p := range s.strict.Samples("up", "instance", g.instance) {
			g.times = append(g.times, p.T)
			g.up = append(g.up, p.V)
		}
		require.GreaterOrEqual(t, len(g.scrapes), len(g.times))
		require.LessOrEqual(t, len(g.scrapes), len(g.times)+1, "at most the scrape at the stop is not delivered")
		g.scrapes = g.scrapes[:len(g.times)]
		for _, b := range g.scrapes {
			p := page{points: map[string]point{}}
			if !b.failed {
				p = readPage(t, b.body, g.instance)
			}
			g.pages = append(g.pages, p)
		}
		s.targets = append(s.targets, g)
	}
}

// hasAttempt tells whether a body has a task of the job with this attempt number.
func hasAttempt(body, job, attempt string) bool {
	for line := range strings.Lines(body) {
		if strings.Contains(line, `job_name="`+job+`"`) && strings.Contains(line, `task_attempt_num="`+attempt+`"`) {
			return true
		}
	}
	return false
}
