package cluster

import (
	"errors"
	"fmt"
	"net"
)

// Port is a TCP port that a process is going to listen on, what for, and the setting that moves it elsewhere.
type Port struct {
	Number   int
	Use      string
	Variable string
}

// CheckPorts returns one line for every port that is taken. It listens on all addresses, since Flink's reporters do.
func CheckPorts(ports ...Port) error {
	var errs []error
	seen := map[int]Port{}
	for _, p := range ports {
		if other, ok := seen[p.Number]; ok {
			errs = append(errs, fmt.Errorf("%s=%d: %s has the same port as %s (%s)", p.Variable, p.Number, p.Use, other.Use, other.Variable))
			continue
		}
		seen[p.Number] = p
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", p.Number))
		if err != nil {
			errs = append(errs, fmt.Errorf("port %d (%s) is in use: end what listens there, or choose another with %s=%d",
				p.Number, p.Use, p.Variable, p.Number+10000))
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
