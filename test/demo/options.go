package main

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"weir.example/test/cluster"
)

const reporterCount = 3 // JobManager and two TaskManagers

type options struct {
	source       string // flink or recorded
	flinkVersion string
	stay         time.Duration // 0: until interrupted

	flinkPort       int
	flinkRPCPort    int
	reporterPorts   string // first-last
	vmPort          int
	weirHealthPort  int
	weirMetricsPort int
}

// parseOptions reads flags whose defaults come from the environment, so that `make demo VM_PORT=18428` works.
func parseOptions(flags *flag.FlagSet, args []string, getenv func(string) string) (options, error) {
	var o options
	var errs []error
	port := func(p *int, name, variable string, standard int, use string) {
		if v := getenv(variable); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 || n > 65535 {
				errs = append(errs, fmt.Errorf("%s: must be a port from 1 to 65535 (got %q)", variable, v))
			}
			standard = n
		}
		flags.IntVar(p, name, standard, use+" (or "+variable+")")
	}
	reporters := "9250-9252"
	if v := getenv("REPORTER_PORTS"); v != "" {
		reporters = v
	}
	flags.StringVar(&o.source, "source", "flink", "flink: a real cluster, needs Java 17 and Maven; recorded: replayed reporters")
	flags.StringVar(&o.flinkVersion, "flink-version", cluster.DefaultFlinkVersion, "Flink version of -source flink")
	flags.DurationVar(&o.stay, "for", 0, "end so long after everything is ready (default: stay until interrupted)")
	flags.StringVar(&o.reporterPorts, "reporter-ports", reporters, "Flink's Prometheus reporters (or REPORTER_PORTS)")
	port(&o.flinkPort, "flink-port", "FLINK_PORT", 8081, "Flink's web page and REST API")
	port(&o.flinkRPCPort, "flink-rpc-port", "FLINK_RPC_PORT", 6123, "the JobManager's RPC")
	port(&o.vmPort, "vm-port", "VM_PORT", 8428, "VictoriaMetrics")
	port(&o.weirHealthPort, "weir-health-port", "WEIR_HEALTH_PORT", 13133, "Weir's health check")
	port(&o.weirMetricsPort, "weir-metrics-port", "WEIR_METRICS_PORT", 8888, "Weir's own metrics")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.source != "flink" && o.source != "recorded" {
		errs = append(errs, fmt.Errorf("source: must be flink or recorded (got %q)", o.source))
	}
	_, err := o.reporters()
	return o, errors.Join(append(errs, err)...)
}

// reporters are the ports of the JobManager's reporter and the two TaskManagers'.
func (o options) reporters() ([]int, error) {
	fail := fmt.Errorf("REPORTER_PORTS: must be a range of %d ports such as 9250-9252 (got %q)", reporterCount, o.reporterPorts)
	low, high, ok := strings.Cut(o.reporterPorts, "-")
	first, err := strconv.Atoi(low)
	if !ok || err != nil || first < 1 || first+reporterCount-1 > 65535 || high != strconv.Itoa(first+reporterCount-1) {
		return nil, fail
	}
	ports := make([]int, reporterCount)
	for i := range ports {
		ports[i] = first + i
	}
	return ports, nil
}

// ports are all that the demo is going to listen on.
func (o options) ports() []cluster.Port {
	port := func(number int, use, variable string) cluster.Port {
		return cluster.Port{Number: number, Use: use, Move: fmt.Sprintf("%s=%d", variable, (number+10000)%65536)}
	}
	ports := []cluster.Port{
		port(o.vmPort, "VictoriaMetrics", "VM_PORT"),
		port(o.weirHealthPort, "Weir's health check", "WEIR_HEALTH_PORT"),
		port(o.weirMetricsPort, "Weir's own metrics", "WEIR_METRICS_PORT"),
	}
	if o.source == "flink" {
		ports = append(ports,
			port(o.flinkPort, "Flink's web page", "FLINK_PORT"),
			port(o.flinkRPCPort, "Flink's RPC", "FLINK_RPC_PORT"))
	}
	reporters, _ := o.reporters()
	for _, p := range reporters {
		ports = append(ports, cluster.Port{Number: p, Use: "a Flink reporter", Move: "REPORTER_PORTS=19250-19252"})
	}
	return ports
}
