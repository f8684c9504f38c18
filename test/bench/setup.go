package main

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"weir.example/test/cluster"
)

//go:embed config
var configFiles embed.FS

var configs = template.Must(template.New("").Funcs(template.FuncMap{"indent": indent}).ParseFS(configFiles, "config/*"))

func indent(spaces int, text string) string {
	margin := strings.Repeat(" ", spaces)
	return margin + strings.ReplaceAll(text, "\n", "\n"+margin)
}

// setup is what configuration files are made of.
type setup struct {
	contender
	Interval  time.Duration
	Targets   []string // host:port
	Write     string   // URL
	Dir       string   // for configuration and data
	Debug     string   // host:port of Weir's profiler
	Telemetry int      // port of a collector's own metrics
}

// Message is the protocol as Prometheus names it.
func (s setup) Message() string {
	if s.Protocol == "2.0" {
		return "io.prometheus.write.v2.Request"
	}
	return "prometheus.WriteRequest"
}

// Group1 refers to the first group of a regular expression; a collector would take a single $ for a variable.
func (s setup) Group1() string {
	if s.Program == otelcol {
		return "$${1}"
	}
	return "${1}"
}

// Scrape is the configuration by which Prometheus scrapes.
func (s setup) Scrape() (string, error) {
	var b strings.Builder
	err := configs.ExecuteTemplate(&b, "scrape", s)
	return b.String(), err
}

// write renders a file of the folder config into the contender's directory.
func (s setup) write(file string) (string, error) {
	path := filepath.Join(s.Dir, file)
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return "", err
	}
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return path, configs.ExecuteTemplate(f, file, s)
}

// configuration is the name of the contender's file in the folder config.
func (s setup) configuration() string {
	if s.Program == slim {
		return string(weir) + ".yaml"
	}
	return string(s.Program) + ".yaml"
}

// command writes the contender's files and tells how to start its executable.
func (s setup) command(binary string) (cluster.Command, error) {
	path, err := s.write(s.configuration())
	if err != nil {
		return cluster.Command{}, err
	}
	c := cluster.Command{Path: binary}
	switch s.Program {
	case weir, slim, sidecar:
		c.Args = []string{"--config", path}
	case otelcol:
		c.Args = []string{"--config", path}
		if s.Protocol == "2.0" {
			c.Args = append(c.Args, "--feature-gates=exporter.prometheusremotewritexporter.enableSendingRW2")
		}
	case prometheus:
		c.Args = []string{
			"--agent", "--config.file=" + path, "--storage.agent.path=" + filepath.Join(s.Dir, "data"),
			"--web.listen-address=127.0.0.1:0", "--log.level=warn",
		}
	case vmagent:
		c.Args = []string{
			"-promscrape.config=" + path, "-promscrape.maxScrapeSize=64MB", "-httpListenAddr=127.0.0.1:0",
			"-remoteWrite.url=" + s.Write, "-remoteWrite.tmpDataPath=" + filepath.Join(s.Dir, "data"),
			"-remoteWrite.forcePromProto", "-loggerLevel=WARN",
		}
		if s.Steps == merged {
			aggregation, err := s.write("aggregation.yaml")
			if err != nil {
				return c, err
			}
			c.Args = append(c.Args, "-remoteWrite.streamAggr.config="+aggregation)
		}
	default:
		return c, fmt.Errorf("unknown program %q", s.Program)
	}
	return c, nil
}
