package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// Port is a TCP port that a process is going to listen on, what for, and a setting that would move it elsewhere ("VM_PORT=18428").
type Port struct {
	Number int
	Use    string
	Move   string
}

// CheckPorts returns one line for every port that is taken. It listens on all addresses, since Flink's reporters do.
func CheckPorts(ports ...Port) error {
	var errs []error
	seen := map[int]Port{}
	for _, p := range ports {
		if other, ok := seen[p.Number]; ok {
			errs = append(errs, fmt.Errorf("port %d is meant for both %s and %s: choose another, as with %s", p.Number, other.Use, p.Use, p.Move))
			continue
		}
		seen[p.Number] = p
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", p.Number))
		if err != nil {
			errs = append(errs, fmt.Errorf("port %d (%s) is in use: end what listens there, or choose another, as with %s",
				p.Number, p.Use, p.Move))
			continue
		}
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// Ports below the range from which systems take those of outgoing connections, which could otherwise take one before its
// process listens.
const firstFree, lastFree = 10_000, 32_000

var given = struct {
	sync.Mutex
	ports map[int]bool
}{ports: map[int]bool{}}

// FreePorts returns n ports that nobody listened on a moment ago. It never returns one twice.
func FreePorts(n int) ([]int, error) {
	given.Lock()
	defer given.Unlock()
	var ports []int
	for range 1000 {
		if len(ports) == n {
			return ports, nil
		}
		port := firstFree + rand.IntN(lastFree-firstFree)
		if given.ports[port] {
			continue
		}
		if l, err := net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			given.ports[port] = true
			ports = append(ports, port)
			if err := l.Close(); err != nil {
				return nil, err
			}
		}
	}
	return nil, fmt.Errorf("found %d free ports, not %d", len(ports), n)
}
