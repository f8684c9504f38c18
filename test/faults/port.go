//go:build faults

package faults

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"
)

// Ports for processes lie below those that the system gives to connections, which would take a port between two lives of Weir.
const (
	firstPort = 15000
	lastPort  = 32000
)

var nextPort atomic.Int64

// freePort is a port that this test run gives to nobody else and nobody listens on.
func freePort(t *testing.T) int {
	for range lastPort - firstPort {
		port := firstPort + (os.Getpid()*100+int(nextPort.Add(1)))%(lastPort-firstPort)
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}
