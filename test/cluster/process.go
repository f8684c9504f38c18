package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	logTailLines = 25
	logTailBytes = 16 << 10
)

// Command says what to run. Env is added to the parent's environment. The output goes to <Dir>/<Name>.log.
type Command struct {
	Name string
	Path string
	Args []string
	Env  []string
	Dir  string
}

// Process is a running child and its process group.
type Process struct {
	Name    string
	LogPath string

	pid  int
	done chan struct{}
	err  error // of Wait; read only after done is closed
}

func startProcess(c Command) (*Process, error) {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return nil, err
	}
	p := &Process{Name: c.Name, LogPath: filepath.Join(c.Dir, c.Name+".log"), done: make(chan struct{})}
	log, err := os.Create(p.LogPath)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Dir, log, log
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.SysProcAttr = ownGroup()
	started := make(chan error)
	go p.run(cmd, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	return p, nil
}

// run starts and waits on one locked thread: the kernel sends the parent-death signal when the thread that started the child
// ends, not when the parent does.
func (p *Process) run(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	p.pid = cmd.Process.Pid
	started <- nil
	p.err = cmd.Wait()
	close(p.done)
}

// PID is the process's id, which is also its process group's.
func (p *Process) PID() int { return p.pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Alive tells whether the process has not ended yet.
func (p *Process) Alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Kill ends the whole process group with SIGKILL and waits for the process.
func (p *Process) Kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

// Stop asks with SIGTERM, and after the grace time ends the process group with SIGKILL, which is an error, as is a member
// of the group that still exists after that. Stopping an ended process is no error.
func (p *Process) Stop(grace time.Duration) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	var slow error
	select {
	case <-p.done:
	case <-time.After(grace):
		slow = fmt.Errorf("%s (pid %d) did not end within %s of SIGTERM and was killed", p.Name, p.pid, grace)
	}
	return errors.Join(slow, p.killGroup())
}

// killGroup ends what a process has left behind in its group. That is quick, but the dead count until init has reaped them, for which
// some containers' init takes its time.
func (p *Process) killGroup() error {
	for range 500 {
		if err := syscall.Kill(-p.pid, syscall.SIGKILL); errors.Is(err, syscall.ESRCH) {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("%s: processes of group %d are still there", p.Name, p.pid)
}

func (p *Process) signal(s syscall.Signal) error {
	err := syscall.Kill(-p.pid, s)
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("%s (pid %d): %w", p.Name, p.pid, err)
	}
	return nil
}

// Failure describes an ended process: how it ended, where its log is, and the log's last lines.
func (p *Process) Failure() error {
	<-p.done
	how := "ended with exit code 0"
	if p.err != nil {
		how = "ended: " + p.err.Error()
	}
	return fmt.Errorf("%s %s\n%s", p.Name, how, p.LogTail())
}

// LogTail is the end of the process's log, for messages.
func (p *Process) LogTail() string {
	data, err := os.ReadFile(p.LogPath)
	if err != nil {
		return err.Error()
	}
	if len(data) > logTailBytes {
		data = data[len(data)-logTailBytes:]
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	if len(lines) > logTailLines {
		lines = lines[len(lines)-logTailLines:]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "last lines of %s:\n", p.LogPath)
	for _, l := range lines {
		fmt.Fprintf(&b, "  | %s\n", l)
	}
	return b.String()
}
