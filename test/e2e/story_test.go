//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
// killed, a new one joins, Weir is stopped. All tests look at the same story.
type story struct {
	group     *cluster.Group
	recorders []*recorder // JobManager, TaskManager 1, TaskManager 2 (the one that is killed), TaskManager 3 (the one that joins)
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
	refused  int // so many first connections were refused
}

func tell(t *testing.T) *story {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	t.Cleanup(cancel)
	s := &story{group: cluster.NewGroup(t.TempDir()), stores: map[string]*cluster.Store{}}
	s.file = filepath.Join(s.group.Dir, "weir.json")
	t.Cleanup(func() { require.NoError(t, s.group.Stop(nil)) })
	start := time.Now()
	say := func(line string) { t.Logf("[%5.1fs] %s", time.Since(start).Seconds(), line) }

	flink, recorders, ports := startFlink(ctx, t, s.group, say)
	s.recorders = recorders
	orders, err := flink.Submit(ctx, "example.weir.flink.OrdersJob", "400", "2", "0")
	require.NoError(t, err)
	join, err := flink.Submit(ctx, "example.weir.flink.JoinJob", "200", "2", "0")
	require.NoError(t, err)
	say("both jobs run")
	s.startStores(ctx, t)
	weir := s.startWeir(ctx, t)
	say("Weir runs")
	running := s.recorders[:3]
	waitAll(ctx, t, running, steadyScrapes, func(b scrape) bool { return !b.failed })

	require.NoError(t, flink.FailJob("orders"))
	tm := s.recorders[1]
	tm.waitFor(ctx, t, steadyScrapes, "the orders job to come back", func(b scrape) bool {
		return hasAttempt(b.body, ordersJob, "1") && !hasAttempt(b.body, ordersJob, "0")
	})
	require.NoError(t, flink.WaitRunning(ctx, orders))
	say("the orders job has failed and come back")

	require.NoError(t, flink.Cancel(ctx, join))
	waitAll(ctx, t, running, 3, func(b scrape) bool { return !b.failed && !strings.Contains(b.body, joinJob) })
	say("the join job is cancelled")

	require.NoError(t, flink.KillTaskManager(ports[2]))
	s.recorders[2].waitFor(ctx, t, 3, "scrapes of the killed TaskManager", func(b scrape) bool { return b.failed })
	say("a TaskManager is killed")

	require.NoError(t, flink.AddTaskManager(ctx, ports[3]))
	s.recorders[3].listen(t)
	s.recorders[3].waitFor(ctx, t, 3, "scrapes of the new TaskManager", func(b scrape) bool { return !b.failed })
	say("a TaskManager has joined")

	require.NoError(t, s.group.StopProcess(weir), weir.LogTail())
	s.ended = time.Now()
	say("Weir has stopped")
	s.collect(t)
	return s
}

// startFlink starts a JobManager and two TaskManagers, and a recorder for each and for one TaskManager more, which may join later. It
// returns the recorders and their reporters' ports.
func startFlink(ctx context.Context, t *testing.T, g *cluster.Group, say func(string)) (*cluster.Flink, []*recorder, []int) {
	root, err := cluster.Root()
	require.NoError(t, err)
	version := os.Getenv("FLINK_VERSION")
	if version == "" {
		version = cluster.DefaultFlinkVersion
	}
	jobs, err := cluster.BuildJobs(ctx, root, version, say)
	require.NoError(t, err)
	ports, err := cluster.FreePorts(6)
	require.NoError(t, err)
	reporters := ports[2:]
	started := reporters[:3]
	flink, err := cluster.StartFlink(ctx, g, cluster.FlinkOptions{
		Jobs: jobs, RESTPort: ports[0], RPCPort: ports[1], JobManagerMetric: started[0], TaskManagers: started[1:], Slots: 4,
	}, say)
	require.NoError(t, err)
	var recorders []*recorder
	for _, p := range reporters {
		recorders = append(recorders, newRecorder(t, p))
	}
	for _, r := range recorders[:len(started)] {
		r.listen(t)
	}
	return flink, recorders, reporters
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
		"TASKMANAGER_3="+s.recorders[3].url(),
		"STRICT_URL="+s.strict.URL(),
		"PROMETHEUS_URL="+s.stores["prometheus"].URL,
		"VICTORIA_URL="+s.stores["victoria"].URL,
		"FILE="+s.file)
	require.NoError(t, err)
	return weir
}

// collect brings together what was recorded and what was received.
func (s *story) collect(t *testing.T) {
	for i, r := range s.recorders {
		g := &target{instance: r.addr, scrapes: r.all()}
		for _, p := range s.strict.Samples("up", "instance", g.instance) {
			g.times = append(g.times, p.T)
			g.up = append(g.up, p.V)
		}
		if i == 3 {
			g.refused = slices.Index(g.up, 1)
			require.Positive(t, g.refused, "the last TaskManager was down at first")
		}
		g.align(t)
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

// align makes scrapes as long as times: refused connections were not recorded, and since Weir may have been stopped between the end of
// a scrape and its delivery, one scrape may be too many.
func (g *target) align(t *testing.T) {
	all := make([]scrape, g.refused, g.refused+len(g.scrapes))
	for i := range all {
		all[i].failed = true
	}
	all = append(all, g.scrapes...)
	require.GreaterOrEqual(t, len(all), len(g.times), g.instance)
	require.LessOrEqual(t, len(all), len(g.times)+1, "%s: at most the scrape at the stop is not delivered", g.instance)
	g.scrapes = all[:len(g.times)]
	for i, b := range g.scrapes {
		require.Equal(t, !b.failed, g.up[i] == 1, "%s: up of scrape %d", g.instance, i)
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
