package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const limit = 30 * time.Second

// TestMain plays the parent that TestChildrenDieWithAKilledParent kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CLUSTER_TEST_PARENT"); dir != "" {
		p, err := NewGroup(dir).Start(Command{Name: "child", Path: "sleep", Args: []string{"300"}})
		fmt.Println(p.PID(), err)
		select {}
	}
	os.Exit(m.Run())
}

func TestStopEndsProcessesInReverseOrderAndTheirChildren(t *testing.T) {
	g := NewGroup(t.TempDir())
	first, err := g.Start(Command{Name: "first", Path: "sleep", Args: []string{"300"}})
	require.NoError(t, err)
	second, err := g.Start(Command{Name: "second", Path: "sh", Args: []string{"-c", "sleep 300 & echo up; wait"}})
	require.NoError(t, err)
	require.NoError(t, g.Wait(t.Context(), "the log", limit, func(context.Context) error {
		if !strings.Contains(second.LogTail(), "up") {
			return errors.New("nothing yet")
		}
		return nil
	}))

	var order []string
	require.NoError(t, g.Stop(func(name string) { order = append(order, name) }))

	assert.Equal(t, []string{"second", "first"}, order)
	assert.NoError(t, g.Failure(), "a stopped process has not failed")
	for _, p := range []*Process{first, second} {
		assert.ErrorIs(t, syscall.Kill(-p.PID(), 0), syscall.ESRCH, "group of %s", p.Name)
	}
}

func TestStopReportsAProcessThatHadToBeKilled(t *testing.T) {
	p, err := startProcess(Command{Name: "deaf", Path: "sh", Args: []string{"-c", "trap '' TERM; echo up; while :; do sleep 1; done"}, Dir: t.TempDir()})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Contains(p.LogTail(), "up") }, limit, 10*time.Millisecond)

	err = p.Stop(50 * time.Millisecond)

	assert.ErrorContains(t, err, "did not end within 50ms of SIGTERM and was killed")
	assert.False(t, p.Alive())
}

func TestAWaitEndsWithTheLogOfAProcessThatDies(t *testing.T) {
	g := NewGroup(t.TempDir())
	_, err := g.Start(Command{Name: "broken", Path: "sh", Args: []string{"-c", "echo no such thing; exit 3"}})
	require.NoError(t, err)

	err = g.Wait(t.Context(), "the moon", limit, func(context.Context) error { return errors.New("not yet") })

	assert.ErrorContains(t, err, "while waiting for the moon: broken ended: exit status 3")
	assert.ErrorContains(t, err, "| no such thing")
	assert.ErrorContains(t, g.Failure(), "exit status 3", "and everybody else who watches sees it too")
}

func TestAWaitThatIsOverTellsTheLastAnswer(t *testing.T) {
	g := NewGroup(t.TempDir())
	err := g.Wait(t.Context(), "the moon", 10*time.Millisecond, func(context.Context) error { return errors.New("it is new") })
	assert.ErrorContains(t, err, "waited 10ms for the moon: it is new")
}

func TestChildrenDieWithAKilledParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Logf("only Linux can tie a child to its parent")
		return
	}
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "CLUSTER_TEST_PARENT="+t.TempDir())
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	child, err := strconv.Atoi(strings.Fields(line)[0])
	require.NoError(t, err, line)
	require.NoError(t, syscall.Kill(child, 0), "the child runs")

	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()

	require.Eventually(t, func() bool { return gone(child) }, limit, 10*time.Millisecond)
}

// gone tells whether a process has ended; one that its new parent has not reaped yet counts as ended.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}
