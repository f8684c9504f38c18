package cluster

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// startLimit is for steps that start a JVM; they take a few seconds on an idle machine.
const startLimit = 4 * time.Minute

// FlinkOptions describes a session cluster.
type FlinkOptions struct {
	Jobs             *Jobs
	RESTPort         int
	RPCPort          int
	JobManagerMetric int   // port of the JobManager's Prometheus reporter
	TaskManagers     []int // one TaskManager for each reporter port
	Slots            int   // task slots of each TaskManager
	Config           map[string]string
}

// Flink is a running session cluster: one JobManager and its TaskManagers, one JVM each.
type Flink struct {
	*FlinkREST
	group        *Group
	options      FlinkOptions
	dir          string
	taskManagers map[int]*Process // by reporter port
}

// StartFlink starts all processes, waits until every TaskManager is registered and every reporter answers, and calls progress
// after each step.
func StartFlink(ctx context.Context, g *Group, o FlinkOptions, progress func(string)) (*Flink, error) {
	f := &Flink{
		FlinkREST:    &FlinkREST{URL: fmt.Sprintf("http://localhost:%d", o.RESTPort)},
		group:        g,
		options:      o,
		dir:          filepath.Join(g.Dir, "flink"),
		taskManagers: map[int]*Process{},
	}
	for _, d := range []string{"conf", "tmp", "control", "checkpoints"} {
		if err := os.MkdirAll(filepath.Join(f.dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(f.dir, "conf", "config.yaml"), []byte(flinkConfig(o, f.dir)), 0o644); err != nil {
		return nil, err
	}
	const entry = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
	if _, err := f.java("jobmanager", entry, o.JobManagerMetric); err != nil {
		return nil, err
	}
	for _, port := range o.TaskManagers {
		if err := f.startTaskManager(port); err != nil {
			return nil, err
		}
	}
	return f, f.waitStarted(ctx, progress)
}

func (f *Flink) waitStarted(ctx context.Context, progress func(string)) error {
	reporter := fmt.Sprintf("http://localhost:%d/metrics", f.options.JobManagerMetric)
	err := f.group.Wait(ctx, "Flink's JobManager at "+f.URL, startLimit, func(ctx context.Context) error {
		if err := answers(ctx, f.URL+"/overview"); err != nil {
			return err
		}
		return answers(ctx, reporter)
	})
	if err != nil {
		return err
	}
	progress("Flink JobManager is up (" + f.URL + ")")
	for i, port := range f.options.TaskManagers {
		if err := f.waitTaskManager(ctx, port, nil, i+1); err != nil {
			return err
		}
		progress(fmt.Sprintf("Flink TaskManager %d of %d is up (reporter on port %d)", i+1, len(f.options.TaskManagers), port))
	}
	return nil
}

// AddTaskManager starts one more TaskManager and waits until it is registered.
func (f *Flink) AddTaskManager(ctx context.Context, port int) error {
	before, err := f.TaskManagers(ctx)
	if err != nil {
		return err
	}
	if err := f.startTaskManager(port); err != nil {
		return err
	}
	return f.waitTaskManager(ctx, port, before, 1)
}

// KillTaskManager ends the TaskManager with this reporter port with SIGKILL.
func (f *Flink) KillTaskManager(port int) error {
	p, ok := f.taskManagers[port]
	if !ok {
		return fmt.Errorf("no TaskManager has reporter port %d", port)
	}
	delete(f.taskManagers, port)
	return f.group.KillProcess(p)
}

// FailJob makes a job of test/flink throw once. The name is the one it gave to its FailureSwitch.
func (f *Flink) FailJob(name string) error {
	return os.WriteFile(filepath.Join(f.dir, "control", "fail-"+name), nil, 0o644)
}

// Submit starts a job of our jar and waits until all its tasks run. It returns the job's id.
func (f *Flink) Submit(ctx context.Context, entryClass string, args ...string) (string, error) {
	id, err := f.RunJar(ctx, f.options.Jobs.Jar, entryClass, args...)
	if err != nil {
		return "", fmt.Errorf("submitting %s: %w", entryClass, err)
	}
	return id, f.WaitRunning(ctx, id)
}

// WaitRunning waits until all tasks of a job run.
func (f *Flink) WaitRunning(ctx context.Context, job string) error {
	return f.group.Wait(ctx, "all tasks of job "+job+" to run", startLimit, func(ctx context.Context) error {
		return f.running(ctx, job)
	})
}

// Cancel cancels a job and waits until it is.
func (f *Flink) Cancel(ctx context.Context, job string) error {
	if err := f.RequestCancel(ctx, job); err != nil {
		return err
	}
	return f.group.Wait(ctx, "job "+job+" to be canceled", startLimit, func(ctx context.Context) error {
		j, err := f.Job(ctx, job)
		if err == nil && j.State != "CANCELED" {
			err = fmt.Errorf("its state is %s", j.State)
		}
		return err
	})
}

func (f *Flink) startTaskManager(port int) error {
	name := fmt.Sprintf("taskmanager-%d", port)
	p, err := f.java(name, "org.apache.flink.runtime.taskexecutor.TaskManagerRunner", port, "-XX:MaxDirectMemorySize=256m")
	if err != nil {
		return err
	}
	f.taskManagers[port] = p
	return nil
}

// waitTaskManager waits until the reporter answers and so many TaskManagers are registered besides those in before: killed ones stay
// registered until their heartbeat times out.
func (f *Flink) waitTaskManager(ctx context.Context, port int, before []string, want int) error {
	what := fmt.Sprintf("the TaskManager with reporter port %d", port)
	return f.group.Wait(ctx, what, startLimit, func(ctx context.Context) error {
		ids, err := f.TaskManagers(ctx)
		if err != nil {
			return err
		}
		ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(before, id) })
		if len(ids) < want {
			return fmt.Errorf("%d of %d TaskManagers are registered", len(ids), want)
		}
		return answers(ctx, fmt.Sprintf("http://localhost:%d/metrics", port))
	})
}

func (f *Flink) java(name, class string, reporterPort int, flags ...string) (*Process, error) {
	args := append(jvmFlags(), flags...)
	args = append(args,
		"-Dlog4j2.configurationFile="+f.options.Jobs.Log4j,
		"-Dweir.control="+filepath.Join(f.dir, "control"),
		"-cp", f.options.Jobs.ClassPath, class,
		"--configDir", filepath.Join(f.dir, "conf"),
		"-D", "metrics.reporter.prom.port="+strconv.Itoa(reporterPort))
	return f.group.Start(Command{Name: name, Path: "java", Args: args, Dir: f.dir})
}

// answers tells whether a GET of the URL gives 200.
func answers(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}
