//go:build !linux

package cluster

import "syscall"

// ownGroup cannot tie a child to the life of its parent outside Linux: a parent killed with SIGKILL leaves its children.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
