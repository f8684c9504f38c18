package cluster

import (
	"context"
	"fmt"
	"net"
	"time"
)

const serviceLimit = time.Minute

// Service is a process that runs as often as a test ends it: the same command, port and directories in each of its lives.
type Service struct {
	Group   *Group
	Command Command
	Port    int // of this machine; the service is ready when it takes connections

	Process *Process // of the present or last life
	lives   int
}

// Run starts the next life and waits until it is ready; the one before must have ended. Env is for this life alone.
func (s *Service) Run(ctx context.Context, env ...string) error {
	s.lives++
	c := s.Command
	c.Name = fmt.Sprintf("%s-%d", c.Name, s.lives)
	c.Env = append(c.Env[:len(c.Env):len(c.Env)], env...)
	var err error
	if s.Process, err = s.Group.Start(c); err != nil {
		return err
	}
	return s.Group.Wait(ctx, c.Name, serviceLimit, func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", s.Port))
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// Kill ends the present life with SIGKILL.
func (s *Service) Kill() error { return s.Group.KillProcess(s.Process) }

// Stop ends the present life with SIGTERM.
func (s *Service) Stop() error { return s.Group.StopProcess(s.Process) }

// WeirService is Weir with configuration files, of which later ones are laid over earlier ones.
func WeirService(g *Group, name string, port int, configs []string, env ...string) (*Service, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	binary, err := WeirBinary.Path(root)
	if err != nil {
		return nil, err
	}
	args := []string{ComponentStatus}
	for _, c := range configs {
		args = append(args, "--config", c)
	}
	return &Service{Group: g, Command: Command{Name: name, Path: binary, Args: args, Env: env}, Port: port}, nil
}
