//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/test/cluster"
)

func TestBinary(t *testing.T) {
	t.Run("components lists ours", func(t *testing.T) {
		out, err := weir(t, "components")
		require.NoError(t, err, out)
		for _, name := range []string{"flinkprometheus", "cardinality", "orderedremotewrite"} {
			assert.Contains(t, out, "name: "+name)
		}
	})
	t.Run("version is the distribution's", func(t *testing.T) {
		out, err := weir(t, "--version")
		require.NoError(t, err, out)
		assert.Regexp(t, `^weir version \d+\.\d+\.\d+`, out)
	})
	t.Run("the demo's configuration is valid", func(t *testing.T) {
		root, err := cluster.Root()
		require.NoError(t, err)
		out, err := weir(t, "validate", cluster.ComponentStatus, "--config", filepath.Join(root, "examples", "demo", "config.yaml"))
		assert.NoError(t, err, out)
	})
}

func TestAWrongConfigurationNamesThePathTheValueAndWhatIsAllowed(t *testing.T) {
	for name, test := range map[string]struct {
		receiver, processor, exporter string
		want                          []string
	}{
		"a reversed port range": {
			receiver: `{targets: ["http://localhost:9260-9249/metrics"]}`,
			want:     []string{"receivers::flinkprometheus", "targets[0]", "9260-9249", "reversed"},
		},
		"an unknown key": {
			receiver: `{targets: ["localhost:9249"], colection_interval: 5s}`,
			want:     []string{"receivers", "flinkprometheus", "colection_interval", "collection_interval"},
		},
		"a word that is not one of the allowed": {
			receiver: `{targets: ["localhost:9249"], sentinels: ignore}`,
			want:     []string{"receivers::flinkprometheus", "sentinels", "drop or keep", `"ignore"`},
		},
		"a stage's choice": {
			processor: `{rename: {unmatched: guess}}`,
			want:      []string{"processors::cardinality", "rename.unmatched", "derive, keep or drop", `"guess"`},
		},
		"a number out of range": {
			exporter: `{http: {endpoint: "http://localhost:9090/api/v1/write"}, shards: 0}`,
			want:     []string{"exporters::orderedremotewrite", "shards", "from 1 to 1024", "got 0"},
		},
		"a number that is none": {
			exporter: `{http: {endpoint: "http://localhost:9090/api/v1/write"}, shards: many}`,
			want:     []string{"exporters", "orderedremotewrite", "shards", "many"},
		},
		"a missing endpoint": {
			exporter: `{shards: 4}`,
			want:     []string{"exporters::orderedremotewrite", "http.endpoint"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := weir(t, "validate", "--config", configFile(t, test.receiver, test.processor, test.exporter))
			assert.Error(t, err)
			for _, w := range test.want {
				assert.Contains(t, out, w)
			}
		})
	}
}

// configFile writes a configuration of one pipeline; empty parts are replaced by right ones.
func configFile(t *testing.T, receiver, processor, exporter string) string {
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	text := "receivers:\n  flinkprometheus: " + or(receiver, `{targets: ["http://localhost:9249"]}`) +
		"\nprocessors:\n  cardinality: " + or(processor, "{rename: {}}") +
		"\nexporters:\n  orderedremotewrite: " + or(exporter, `{http: {endpoint: "http://localhost:9090/api/v1/write"}}`) +
		"\nservice:\n  pipelines:\n    metrics: {receivers: [flinkprometheus], processors: [cardinality], exporters: [orderedremotewrite]}\n"
	file := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	return file
}

func weir(t *testing.T, args ...string) (string, error) {
	root, err := cluster.Root()
	require.NoError(t, err)
	binary, err := cluster.WeirBinary.Path(root)
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput()
	return string(out), err
}
