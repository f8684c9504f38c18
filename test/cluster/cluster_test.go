package cluster

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestABusyPortIsNamedWithItsUseAndSetting(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	busy := l.Addr().(*net.TCPAddr).Port
	free, err := FreePorts(2)
	require.NoError(t, err)

	require.NoError(t, CheckPorts(Port{free[0], "one", "A=1"}, Port{free[1], "two", "B=1"}))
	err = CheckPorts(Port{busy, "VictoriaMetrics", "VM_PORT=1"}, Port{free[0], "Flink", "FLINK_PORT=2"}, Port{free[0], "Weir", "WEIR_PORT=3"})

	assert.ErrorContains(t, err, "(VictoriaMetrics) is in use")
	assert.ErrorContains(t, err, "choose another, as with VM_PORT=1")
	assert.ErrorContains(t, err, "is meant for both Flink and Weir: choose another, as with WEIR_PORT=3")
}

func TestJavaMajorReadsWhatJavaPrints(t *testing.T) {
	for out, want := range map[string]int{
		"openjdk version \"17.0.15\" 2025-04-15\nOpenJDK": 17,
		"openjdk version \"21\" 2023-09-19":               21,
		"java version \"1.8.0_392\"":                      8,
		"javac 11.0.2":                                    11,
		"javac 1.8.0_392":                                 8,
		"The operation couldn't be completed":             0,
	} {
		assert.Equal(t, want, javaMajor(out), out)
	}
}

func TestAMissingJDKNamesTheWayWithoutOne(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := BuildJobs(t.Context(), t.TempDir(), DefaultFlinkVersion, func(string) {})
	assert.ErrorContains(t, err, `"java"`)
	assert.ErrorContains(t, err, "Java 17 or newer")
	assert.ErrorContains(t, err, "make demo SOURCE=recorded")
}

func TestAMissingBinaryNamesTheTargetThatBuildsIt(t *testing.T) {
	root := t.TempDir()
	_, err := WeirBinary.Path(root)
	assert.ErrorContains(t, err, "`make build` builds it, or name another with WEIR_BIN")

	other := filepath.Join(root, "other")
	require.NoError(t, os.WriteFile(other, nil, 0o755))
	t.Setenv("WEIR_BIN", other)
	path, err := WeirBinary.Path(root)
	require.NoError(t, err)
	assert.Equal(t, other, path)
}

func TestAnswersOfTheQueryAPIBecomeSeries(t *testing.T) {
	vector := `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"flink"},"value":[1700000000.123,"1.5"]}]}}`
	matrix := `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1700000000,"1"],[1700000001.5,"NaN"]]}]}}`

	series, err := decodeSeries([]byte(vector))
	require.NoError(t, err)
	assert.Equal(t, []Series{{Labels: map[string]string{"job": "flink"}, Samples: []Sample{{1700000000123, 1.5}}}}, series)

	series, err = decodeSeries([]byte(matrix))
	require.NoError(t, err)
	require.Len(t, series, 1)
	assert.Equal(t, Sample{1700000000000, 1}, series[0].Samples[0])
	assert.Equal(t, int64(1700000001500), series[0].Samples[1].Millis)

	_, err = decodeSeries([]byte("<html>"))
	assert.Error(t, err)
}
