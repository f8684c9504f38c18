//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"weir.example/internal/promtest"
	"weir.example/test/cluster"
)

const tickInterval = 2 * time.Second // as testdata/totals.yaml has it

// totalsStory is one run of a cluster whose job fails once while Weir runs and once while it is down, and of a Weir that is killed between
// scrapes, about when it ticks, and before the second failure. At the end the job is cancelled, so that totals stand still.
type totalsStory struct {
	group      *cluster.Group
	recorders  []*recorder // JobManager and two TaskManagers
	strict     *promtest.Receiver
	prometheus *cluster.Store
	weir       *lives
	kills      []time.Time
	ended      time.Time
}

func tellTotals(t *testing.T) *totalsStory {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	t.Cleanup(cancel)
	s := &totalsStory{group: cluster.NewGroup(t.TempDir()), strict: promtest.New(promtest.AllowRepeat())}
	t.Cleanup(s.strict.Close)
	t.Cleanup(func() { require.NoError(t, s.group.Stop(nil)) })
	start := time.Now()
	say := func(line string) { t.Logf("[%5.1fs] %s", time.Since(start).Seconds(), line) }
	flink, recorders, _ := startFlink(ctx, t, s.group, say)
	s.recorders = recorders[:3]
	job, err := flink.Submit(ctx, "example.weir.flink.OrdersJob", "400", "4", "0")
	require.NoError(t, err)
	s.startWeir(ctx, t)
	s.scrapes(ctx, t, 4, "0")
	say("Weir has seen the first attempt")

	require.NoError(t, flink.FailJob("orders"))
	s.scrapes(ctx, t, 2, "1")
	say("the job has failed and come back")

	s.recorders[1].waitFor(ctx, t, 1, "the end of a scrape", func(scrape) bool { return true })
	s.kill()
	s.weir.run()
	s.scrapes(ctx, t, 2, "1")
	say("Weir was killed between scrapes")

	for range 2 {
		s.killAtATick(t)
		s.weir.run()
		s.scrapes(ctx, t, 2, "1")
	}
	say("Weir was killed about when it ticks, twice")

	s.kill()
	s.failWhileDown(ctx, t, flink, job)
	s.weir.run()
	s.scrapes(ctx, t, 3, "2")
	say("the job has failed and come back while Weir was down")

	require.NoError(t, flink.Cancel(ctx, job))
	waitAll(ctx, t, s.recorders, 4, func(b scrape) bool { return !b.failed && !strings.Contains(b.body, ordersJob) })
	s.weir.stop()
	s.ended = time.Now()
	say("the job is cancelled, Weir has stopped")
	return s
}

func (s *totalsStory) startWeir(ctx context.Context, t *testing.T) {
	root, err := cluster.Root()
	require.NoError(t, err)
	binary, err := cluster.PrometheusBinary.Path(root)
	require.NoError(t, err)
	ports, err := cluster.FreePorts(3)
	require.NoError(t, err)
	s.prometheus, err = cluster.StartPrometheus(ctx, s.group, binary, ports[0])
	require.NoError(t, err)
	s.weir = newLives(t, s.group, "weir", ports[1], ports[2], []string{filepath.Join(root, "test", "e2e", "testdata", "totals.yaml")},
		fmt.Sprintf("WEIR_HEALTH_PORT=%d", ports[1]),
		fmt.Sprintf("METRICS_PORT=%d", ports[2]),
		"JOBMANAGER="+s.recorders[0].url(),
		"TASKMANAGER_1="+s.recorders[1].url(),
		"TASKMANAGER_2="+s.recorders[2].url(),
		"STRICT_URL="+s.strict.URL(),
		"PROMETHEUS_URL="+s.prometheus.URL,
		"STATE="+s.group.Dir)
	s.weir.run()
}

// scrapes waits for n more scrapes of each TaskManager in which all tasks are of this attempt.
func (s *totalsStory) scrapes(ctx context.Context, t *testing.T, n int, attempt string) {
	t.Helper()
	waitAll(ctx, t, s.recorders[1:], n, func(b scrape) bool { return !b.failed && hasAttempt(b.body, ordersJob, attempt) })
}

func (s *totalsStory) kill() {
	s.weir.kill()
	s.kills = append(s.kills, time.Now())
}

// killAtATick kills Weir within a few milliseconds of the time when the next tick is due.
func (s *totalsStory) killAtATick(t *testing.T) {
	t.Helper()
	var last int64
	for _, p := range s.strict.Samples("flink_task_numRecordsIn") {
		last = max(last, p.T)
	}
	require.Positive(t, last, "merged outputs have arrived")
	ticks := time.Since(time.UnixMilli(last))/tickInterval + 1
	due := time.UnixMilli(last).Add(ticks * tickInterval)
	<-time.After(time.Until(due) + rand.N(4*time.Millisecond))
	s.kill()
}

// failWhileDown fails the job and waits until all its tasks run again.
func (s *totalsStory) failWhileDown(ctx context.Context, t *testing.T, flink *cluster.Flink, job string) {
	t.Helper()
	require.NoError(t, flink.FailJob("orders"))
	require.NoError(t, s.group.Wait(ctx, "the job to fail", time.Minute, func(ctx context.Context) error {
		j, err := flink.Job(ctx, job)
		if err == nil && j.State == "RUNNING" {
			err = errors.New("it runs")
		}
		return err
	}))
	require.NoError(t, flink.WaitRunning(ctx, job))
}
