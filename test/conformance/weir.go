//go:build conformance

package conformance

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"weir.example/test/cluster"
)

// settings are what differs between the cases.
type settings struct {
	Target, Job, Store string
	Protocol           string // "1.0" or "2.0"
	Shards             int
}

// configuration scrapes one target every second and writes what it finds.
func configuration(s settings) string {
	return fmt.Sprintf(`
receivers:
  prometheus:
    config:
      scrape_configs:
        - job_name: %s
          scrape_interval: 1s
          scrape_protocols: [OpenMetricsText1.0.0, PrometheusText0.0.4]
          fallback_scrape_protocol: PrometheusText0.0.4
          static_configs: [{targets: [%q]}]
exporters:
  orderedremotewrite:
    http: {endpoint: %q}
    protocol: %q
    shards: %d
    slot_by: series
    batch: {flush_timeout: 1s}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    metrics: {receivers: [prometheus], exporters: [orderedremotewrite]}
`, s.Job, s.Target, s.Store, s.Protocol, s.Shards)
}

// binary is where bin/weir is.
func binary(t *testing.T) string {
	root, err := cluster.Root()
	require.NoError(t, err)
	path, err := cluster.WeirBinary.Path(root)
	require.NoError(t, err)
	return path
}
