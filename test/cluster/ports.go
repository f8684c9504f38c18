package cluster

import (
	"errors"
	"fmt"
	"net"
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

// FreePorts returns n ports that nobody listened on a moment ago.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", ":0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // only after all are chosen: no port twice
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
