//go:build conformance

package conformance

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/compliance/remotewrite/sender"
	"github.com/stretchr/testify/assert"
)

// idle makes the tests of this process use a sender that does nothing.
const idle = "WEIR_CONFORMANCE_IDLE"

// TestPublishedSuite runs github.com/prometheus/compliance/remotewrite, which Prometheus runs on itself.
func TestPublishedSuite(t *testing.T) {
	var s sender.Sender = weir{directory: t.TempDir(), binary: binary(t)}
	if os.Getenv(idle) != "" {
		s = nothing{}
	}
	sender.RunTests(t, s, sender.ComplianceTests())
}

// weir is the built binary as a sender of the published suite.
type weir struct{ directory, binary string }

func (weir) Name() string { return "weir" }

func (w weir) Run(ctx context.Context, o sender.Options) error {
	protocol := "1.0"
	if o.RemoteWriteMessage == remote.WriteV2MessageType {
		protocol = "2.0"
	}
	file, err := os.CreateTemp(w.directory, "*.yaml")
	if err != nil {
		return err
	}
	defer file.Close()
	text := configuration(settings{
		Target: o.ScrapeTargetHostPort, Job: o.ScrapeTargetJobName, Store: o.RemoteWriteEndpointURL, Protocol: protocol, Shards: 1,
	})
	if _, err := file.WriteString(text); err != nil {
		return err
	}
	return sender.RunCommand(ctx, w.directory, nil, w.binary, "--config", file.Name())
}

type nothing struct{}

func (nothing) Name() string { return "nothing" }

func (nothing) Run(context.Context, sender.Options) error { return nil }

// A suite that a sender passes by doing nothing proves nothing.
func TestASenderThatDoesNothingFailsEveryCase(t *testing.T) {
	names := []string{"TestPublishedSuite"}
	for _, c := range cases {
		names = append(names, "TestCases/"+c.name)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+name+"$")
			cmd.Env = append(os.Environ(), idle+"=1")
			out, err := cmd.CombinedOutput()
			assert.Error(t, err)
			assert.Contains(t, string(out), "--- FAIL: "+name)
		})
	}
}
