package main

import (
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parse(env map[string]string, args ...string) (options, error) {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return parseOptions(flags, args, func(key string) string { return env[key] })
}

func TestPortsComeFromTheEnvironmentAndFlagsWin(t *testing.T) {
	o, err := parse(nil)
	require.NoError(t, err)
	assert.Equal(t, 8428, o.vmPort)

	o, err = parse(map[string]string{"VM_PORT": "18428", "WEIR_HEALTH_PORT": "23133", "REPORTER_PORTS": "19250-19252"}, "-weir-health-port", "33133")
	require.NoError(t, err)
	assert.Equal(t, 18428, o.vmPort)
	assert.Equal(t, 33133, o.weirHealthPort)
	reporters, err := o.reporters()
	require.NoError(t, err)
	assert.Equal(t, []int{19250, 19251, 19252}, reporters)
}

func TestWrongOptionsTellWhatIsAllowed(t *testing.T) {
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
		want string
	}{
		"a source that does not exist": {args: []string{"-source", "kafka"}, want: `source: must be flink or recorded (got "kafka")`},
		"a port that is no number":     {env: map[string]string{"VM_PORT": "http"}, want: `VM_PORT: must be a port from 1 to 65535 (got "http")`},
		"a port out of range":          {env: map[string]string{"FLINK_PORT": "70000"}, want: `FLINK_PORT: must be a port from 1 to 65535 (got "70000")`},
		"a single reporter port":       {env: map[string]string{"REPORTER_PORTS": "9250"}, want: `REPORTER_PORTS: must be a range of 3 ports such as 9250-9252 (got "9250")`},
		"a range of another size":      {args: []string{"-reporter-ports", "9250-9260"}, want: `(got "9250-9260")`},
		"a reversed range":             {args: []string{"-reporter-ports", "9252-9250"}, want: `(got "9252-9250")`},
		"a range beyond the last port": {args: []string{"-reporter-ports", "65534-65536"}, want: `(got "65534-65536")`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(test.env, test.args...)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestFlinksPortsAreOnlyNeededForFlink(t *testing.T) {
	o, err := parse(nil, "-source", "recorded")
	require.NoError(t, err)
	for _, p := range o.ports() {
		assert.NotContains(t, []int{8081, 6123}, p.Number)
	}
	assert.Len(t, o.ports(), 6)
}
