package cluster

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// jvmFlags opens what Flink reaches into on Java 17, as its own start scripts do.
func jvmFlags() []string {
	var flags []string
	for _, p := range []string{
		"java.lang", "java.net", "java.io", "java.nio", "sun.nio.ch", "java.lang.reflect", "java.text", "java.time", "java.util",
		"java.util.concurrent", "java.util.concurrent.atomic", "java.util.concurrent.locks",
	} {
		flags = append(flags, "--add-opens=java.base/"+p+"=ALL-UNNAMED")
	}
	for _, p := range []string{"java.rmi/sun.rmi.registry", "java.base/sun.net.util", "java.security.jgss/sun.security.krb5"} {
		flags = append(flags, "--add-exports="+p+"=ALL-UNNAMED")
	}
	// One compiler tier and the serial collector: half the CPU of a start, and nothing here runs for hours.
	return append(flags, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m")
}

// flinkConfig is config.yaml for all processes, in Flink 1.19's and later syntax. The TaskManager's memory is spelled out because
// TaskManagerRunner, started without Flink's scripts, computes nothing.
func flinkConfig(o FlinkOptions, dir string) string {
	config := map[string]string{
		"jobmanager.rpc.address": "localhost",
		"jobmanager.rpc.port":    strconv.Itoa(o.RPCPort),
		"jobmanager.bind-host":   "localhost",
		"rest.address":           "localhost",
		"rest.bind-address":      "localhost",
		"rest.port":              strconv.Itoa(o.RESTPort),
		"taskmanager.host":       "localhost",
		"taskmanager.bind-host":  "localhost",

		"taskmanager.numberOfTaskSlots":                  strconv.Itoa(o.Slots),
		"taskmanager.load-balance.mode":                  "SLOTS",
		"taskmanager.cpu.cores":                          strconv.Itoa(o.Slots) + ".0",
		"taskmanager.memory.framework.heap.size":         "128m",
		"taskmanager.memory.framework.off-heap.size":     "128m",
		"taskmanager.memory.task.heap.size":              "256m",
		"taskmanager.memory.task.off-heap.size":          "0m",
		"taskmanager.memory.network.min":                 "64m",
		"taskmanager.memory.network.max":                 "64m",
		"taskmanager.memory.managed.size":                "64m",
		"taskmanager.memory.jvm-metaspace.size":          "256m",
		"taskmanager.memory.jvm-overhead.min":            "192m",
		"taskmanager.memory.jvm-overhead.max":            "192m",
		"heartbeat.interval":                             "2000",
		"heartbeat.timeout":                              "20000",
		"restart-strategy.type":                          "fixed-delay",
		"restart-strategy.fixed-delay.attempts":          "100000",
		"restart-strategy.fixed-delay.delay":             "5 s",
		"state.backend.type":                             "hashmap",
		"execution.checkpointing.dir":                    "file://" + filepath.Join(dir, "checkpoints"),
		"io.tmp.dirs":                                    filepath.Join(dir, "tmp"),
		"web.tmpdir":                                     filepath.Join(dir, "tmp"),
		"metrics.reporters":                              "prom",
		"metrics.reporter.prom.factory.class":            "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
		"metrics.internal.query-service.update-interval": "5000",
	}
	maps.Copy(config, o.Config)
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(config)) {
		fmt.Fprintf(&b, "%s: '%s'\n", key, config[key])
	}
	return b.String()
}
